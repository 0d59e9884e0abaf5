/** Objects and lists in files may be nested this deep: what reads and validates them is recursive. */
export const deepestNesting = 200

export const nestedTooDeep = `objects and lists are nested more than ${deepestNesting} deep`
