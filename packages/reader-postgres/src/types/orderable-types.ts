import type { CatalogueType } from './native-types.ts'

/**
 * Types whose text, read and written as a literal again, is the same value to the server: bool, bytea, name, int8,
 * int2, int4, text, oid, char, varchar, date, time, timestamp, timestamptz, numeric, uuid. Not among them: floats,
 * whose zero has two forms; money and others whose text depends on settings; what can't be compared at all.
 */
const orderableOids = new Set([
  16, 17, 19, 20, 21, 23, 25, 26, 1042, 1043, 1082, 1083, 1114, 1184, 1700, 2950,
])

/** Whether rows can be put in the order of a column of this type, and found again by the text of its cell. */
export function isOrderable(oid: number, types: ReadonlyMap<number, CatalogueType>): boolean {
  if (orderableOids.has(oid)) return true
  const type = types.get(oid)
  if (type === undefined) return false
  if (type.kind === 'd') return isOrderable(type.baseOid, types)
  return type.kind === 'e' || /(?:^|\.)citext$/.test(type.name)
}
