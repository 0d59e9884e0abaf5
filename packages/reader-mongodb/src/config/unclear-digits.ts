/** A text of digits in an object of a job file that may have been a number. */
export interface UnclearDigits {
  readonly path: readonly (string | number)[]
  readonly digits: string
}

const digitsAlone = /^-?[1-9]\d{15,}$/
/** Names of extended JSON that have a text for a value: there is nothing unclear below. */
const wrapper =
  /^\$(?:number|oid|date|reg|options|symbol|code|uuid|timestamp|binary|dbPointer|db$|ref$)/

/**
 * Digits in an object of a job file that stand for a number or for a text: files keep whole numbers beyond 2^53 as text, so as not to round
 * them. A query means another thing with each.
 */
export function unclearDigits(
  value: unknown,
  path: readonly (string | number)[],
): readonly UnclearDigits[] {
  if (typeof value === 'string') {
    const isUnclear = digitsAlone.test(value) && !Number.isSafeInteger(Number(value))
    return isUnclear ? [{ path, digits: value }] : []
  }
  if (Array.isArray(value)) return value.flatMap((one, at) => unclearDigits(one, [...path, at]))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, one]) =>
    wrapper.test(name) ? [] : unclearDigits(one, [...path, name]),
  )
}
