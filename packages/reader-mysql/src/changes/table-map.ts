import { typeNumber } from '../types/native-types.ts'
import { EventFields } from './packet-numbers.ts'
import { logType } from './log-types.ts'

/** A column as a table map event declares it. */
export interface LoggedColumn {
  /** Type number; that of ENUM and SET where the event says CHAR. */
  readonly type: number
  /** Length of CHAR in bytes, of a length prefix, of a fraction in digits; precision and scale in two bytes; and so on. */
  readonly meta: number
  /** The rest is there only as far as the server sends it: `binlog_row_metadata`. */
  readonly name?: string
  readonly isUnsigned?: boolean
  /** Number of the collation. */
  readonly collation?: number
  /** Members of ENUM and SET, in the character set of the column. */
  readonly members?: readonly Buffer[]
}

/** What a table map event says of a table. */
export interface TableMap {
  readonly database: string
  readonly table: string
  readonly columns: readonly LoggedColumn[]
  /** Every column comes with its name. */
  readonly hasNames: boolean
}

/** The id that the row events behind a table map name it by. */
export function tableIdAt(bytes: Buffer, offset: number): number {
  return bytes.readUIntLE(offset, 6)
}

/** Fields of a TABLE_MAP_EVENT behind table id and flags. Source: MySQL, `Table_map_event` in libs/mysql/binlog/event. */
export function readTableMap(bytes: Buffer, start: number, end: number): TableMap {
  const fields = new EventFields(bytes, start + 8, end)
  const database = fields.text(fields.number(1))
  fields.number(1)
  const table = fields.text(fields.number(1))
  fields.number(1)
  const count = fields.packedNumber()
  const types = fields.slice(count)
  const metaFields = fields.slice(fields.packedNumber())
  fields.slice((count + 7) >> 3)
  const columns = basicColumns(types, metaFields)
  const optional = optionalFields(fields)
  return {
    database,
    table,
    columns: withOptional(columns, optional),
    hasNames: optional.has(optionalField.names),
  }
}

interface BasicColumn {
  readonly type: number
  readonly meta: number
}

function basicColumns(types: Buffer, metaFields: Buffer): readonly BasicColumn[] {
  const meta = new EventFields(metaFields, 0, metaFields.length)
  return [...types].map((type) => {
    if (type === typeNumber.string) return charColumn(meta.number(1), meta.number(1))
    return { type, meta: meta.number(metaLength[type] ?? 0) }
  })
}

/** Bytes of metadata by type; the others have none. */
const metaLength: Record<number, number> = {
  [typeNumber.float]: 1,
  [typeNumber.double]: 1,
  [logType.timestamp2]: 1,
  [logType.datetime2]: 1,
  [logType.time2]: 1,
  [typeNumber.tinyBlob]: 1,
  [typeNumber.mediumBlob]: 1,
  [typeNumber.longBlob]: 1,
  [typeNumber.blob]: 1,
  [logType.compressedBlob]: 1,
  [typeNumber.geometry]: 1,
  [typeNumber.json]: 1,
  [typeNumber.vector]: 1,
  [typeNumber.varchar]: 2,
  [typeNumber.varString]: 2,
  [logType.compressedVarchar]: 2,
  [typeNumber.bit]: 2,
  [typeNumber.newDecimal]: 2,
  [typeNumber.enum]: 2,
  [typeNumber.set]: 2,
}

/** CHAR, ENUM and SET share a type number; two bits of the first byte belong to the length, turned. */
function charColumn(first: number, second: number): BasicColumn {
  if ((first & 0x30) !== 0x30) {
    return { type: first | 0x30, meta: second | (((first & 0x30) ^ 0x30) << 4) }
  }
  return { type: first, meta: second }
}

const optionalField = {
  signedness: 1,
  defaultCollation: 2,
  collations: 3,
  names: 4,
  setMembers: 5,
  enumMembers: 6,
  defaultMemberCollation: 10,
  memberCollations: 11,
} as const

function optionalFields(fields: EventFields): ReadonlyMap<number, Buffer> {
  const found = new Map<number, Buffer>()
  while (!fields.isAtEnd) {
    const kind = fields.number(1)
    found.set(kind, fields.slice(fields.packedNumber()))
  }
  return found
}

function withOptional(
  columns: readonly BasicColumn[],
  optional: ReadonlyMap<number, Buffer>,
): readonly LoggedColumn[] {
  const names = namesOf(optional.get(optionalField.names))
  const isUnsigned = bitsOf(optional.get(optionalField.signedness))
  const texts = collationsOf(optional, optionalField.defaultCollation, optionalField.collations)
  const choices = collationsOf(
    optional,
    optionalField.defaultMemberCollation,
    optionalField.memberCollations,
  )
  const setMembers = membersOf(optional.get(optionalField.setMembers))
  const enumMembers = membersOf(optional.get(optionalField.enumMembers))
  return columns.map(({ type, meta }) => {
    const name = names()
    const unsigned = isNumeric(type) ? isUnsigned() : undefined
    const collation = isText(type) ? texts() : isChoice(type) ? choices() : undefined
    const members =
      type === typeNumber.set ? setMembers() : type === typeNumber.enum ? enumMembers() : undefined
    return {
      type,
      meta,
      ...(name === undefined ? {} : { name }),
      ...(unsigned === undefined ? {} : { isUnsigned: unsigned }),
      ...(collation === undefined ? {} : { collation }),
      ...(members === undefined ? {} : { members }),
    }
  })
}

function isNumeric(type: number): boolean {
  return numericTypes.has(type)
}

const numericTypes = new Set<number>([
  typeNumber.tinyint,
  typeNumber.smallint,
  typeNumber.mediumint,
  typeNumber.int,
  typeNumber.bigint,
  typeNumber.float,
  typeNumber.double,
  typeNumber.newDecimal,
])

function isText(type: number): boolean {
  return textTypes.has(type)
}

const textTypes = new Set<number>([
  typeNumber.string,
  typeNumber.varString,
  typeNumber.varchar,
  typeNumber.blob,
  logType.compressedBlob,
  logType.compressedVarchar,
])

function isChoice(type: number): boolean {
  return type === typeNumber.enum || type === typeNumber.set
}

/** Gives a next value with every call; `undefined` where the event has none. */
type Sequence<T> = () => T | undefined

function namesOf(field: Buffer | undefined): Sequence<string> {
  if (field === undefined) return () => undefined
  const fields = new EventFields(field, 0, field.length)
  return () => fields.text(fields.packedNumber())
}

/** Highest bit first. */
function bitsOf(field: Buffer | undefined): Sequence<boolean> {
  let at = 0
  return () => {
    const byte = field?.[at >> 3]
    const bit = 0x80 >> (at & 7)
    at += 1
    return byte === undefined ? undefined : (byte & bit) !== 0
  }
}

/** A default with exceptions by their place among columns of the kind, or a list of all. */
function collationsOf(
  optional: ReadonlyMap<number, Buffer>,
  defaultKind: number,
  listKind: number,
): Sequence<number> {
  const list = optional.get(listKind)
  if (list !== undefined) {
    const fields = new EventFields(list, 0, list.length)
    return () => (fields.isAtEnd ? undefined : fields.packedNumber())
  }
  const field = optional.get(defaultKind)
  if (field === undefined) return () => undefined
  const fields = new EventFields(field, 0, field.length)
  const usual = fields.packedNumber()
  const exceptions = new Map<number, number>()
  while (!fields.isAtEnd) exceptions.set(fields.packedNumber(), fields.packedNumber())
  let at = -1
  return () => {
    at += 1
    return exceptions.get(at) ?? usual
  }
}

function membersOf(field: Buffer | undefined): Sequence<readonly Buffer[]> {
  if (field === undefined) return () => undefined
  const fields = new EventFields(field, 0, field.length)
  return () => {
    if (fields.isAtEnd) return undefined
    const count = fields.packedNumber()
    return Array.from({ length: count }, () => Buffer.from(fields.slice(fields.packedNumber())))
  }
}
