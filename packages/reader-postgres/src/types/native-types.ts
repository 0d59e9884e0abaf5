import type { LogicalType } from '@millrace/core/record'

/** What the catalogue says of a type. */
export interface CatalogueType {
  readonly oid: number
  /** As `format_type` writes it. */
  readonly name: string
  /** `pg_type.typtype`: `b` base, `e` enum, `c` composite, `d` domain, `r` range, … */
  readonly kind: string
  /** `pg_type.typcategory`: `A` for arrays. */
  readonly category: string
  /** Element type of an array, else 0. */
  readonly elementOid: number
  /** Base type of a domain, else 0. */
  readonly baseOid: number
}

/** Object ids of built-in types never change between servers (`pg_type.dat`). */
const logicalTypes: ReadonlyMap<number, LogicalType> = new Map([
  [16, 'bool'],
  [17, 'bytes'],
  [20, 'int'],
  [21, 'int'],
  [23, 'int'],
  [26, 'int'],
  [28, 'int'],
  [29, 'int'],
  [5069, 'int'],
  [700, 'float'],
  [701, 'float'],
  [1700, 'decimal'],
  [1082, 'date'],
  [1083, 'time'],
  [1114, 'datetime'],
  [1184, 'timestamptz'],
  [114, 'json'],
  [3802, 'json'],
  [2950, 'uuid'],
])

/** The logical type of a column; domains count as what they are made of, arrays are JSON, all else is text. */
export function logicalTypeOf(oid: number, types: ReadonlyMap<number, CatalogueType>): LogicalType {
  const known = logicalTypes.get(oid)
  if (known !== undefined) return known
  const type = types.get(oid)
  if (type?.kind === 'd') return logicalTypeOf(type.baseOid, types)
  return isArray(oid, types) ? 'json' : 'string'
}

/** Whether values have to be turned into JSON by the server: arrays, whose own text form loses what is a string. */
export function isArray(oid: number, types: ReadonlyMap<number, CatalogueType>): boolean {
  const type = types.get(oid)
  if (type === undefined) return false
  if (type.kind === 'd') return isArray(type.baseOid, types)
  // Vectors of the system catalogue are in the category too, but are no arrays to the server's functions.
  return type.category === 'A' && type.elementOid !== 0 && !type.name.endsWith('vector')
}
