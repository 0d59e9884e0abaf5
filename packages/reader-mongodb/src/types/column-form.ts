import type { Field, LogicalType } from '@millrace/core/record'

/**
 * What becomes of a field of a document:
 *
 * - `text`: the value's own text by its BSON type; documents and arrays as JSON text
 * - `date`: the same, but instants stay in UTC, for whoever writes them to render
 * - `bool`: the same, with a cell of its own for true and false
 * - `bytes`: bytes as they are, UUIDs too; all else as `text`
 * - `joined`: the elements of an array as text, with a separator between them; all else as `text`
 * - `json`: JSON text, whatever the value
 * - `document`: the whole document as JSON text
 */
export type ColumnForm = 'text' | 'date' | 'bool' | 'bytes' | 'joined' | 'json' | 'document'

/** One column of the rows that documents become. */
export interface DocumentColumn {
  /** Name of the field; with dots where it stands in an embedded document, unless the document has a field of that very name. */
  readonly name: string
  readonly type: LogicalType
  readonly form: ColumnForm
  /** The type as the job calls it. */
  readonly nativeType: string
  /** What stands between the elements of a `joined` array. */
  readonly splitter?: string
  /** Fields of the document that a `document` leaves out. */
  readonly leftOut?: readonly string[]
}

/** The field of the batches that a column becomes. */
export function fieldOf({ name, type, nativeType, form }: DocumentColumn): Field {
  return { name, type, nativeType, nullable: name !== '_id' && form !== 'document' }
}

interface NamedForm {
  readonly type: LogicalType
  readonly form: ColumnForm
}

const formsByName: Readonly<Record<string, NamedForm>> = {
  int: { type: 'int', form: 'text' },
  long: { type: 'int', form: 'text' },
  double: { type: 'float', form: 'text' },
  decimal: { type: 'decimal', form: 'text' },
  bool: { type: 'bool', form: 'bool' },
  date: { type: 'timestamptz', form: 'date' },
  string: { type: 'string', form: 'text' },
  uuid: { type: 'uuid', form: 'text' },
  bytes: { type: 'bytes', form: 'bytes' },
  array: { type: 'string', form: 'joined' },
  arrays: { type: 'json', form: 'json' },
  json: { type: 'json', form: 'json' },
  document: { type: 'string', form: 'text' },
  combine: { type: 'json', form: 'document' },
}

const otherNames: Readonly<Record<string, string>> = {
  integer: 'int',
  int32: 'int',
  int64: 'long',
  decimal128: 'decimal',
  boolean: 'bool',
  objectid: 'string',
  binary: 'bytes',
  object: 'document',
}

const nestedPrefix = 'document.'

/** The names of column types, for messages and suggestions. */
export const columnTypeNames: readonly string[] = [
  ...Object.keys(formsByName),
  ...['int', 'long', 'double', 'string', 'date', 'boolean', 'bytes', 'array'].map(
    (name) => nestedPrefix + name,
  ),
]

/**
 * What a column type of the job means, in any case: `int`, `Array`, `document.long`. Without one the value's own type
 * decides, as text. `undefined`: there is no such type.
 */
export function namedFormOf(typeName: string): NamedForm | undefined {
  const lower = typeName.trim().toLowerCase()
  if (lower === '') return formsByName['string']
  const bare = lower.startsWith(nestedPrefix) ? lower.slice(nestedPrefix.length) : lower
  if (bare === 'combine' && bare !== lower) return undefined
  const name = Object.hasOwn(otherNames, bare) ? (otherNames[bare] ?? bare) : bare
  return Object.hasOwn(formsByName, name) ? formsByName[name] : undefined
}
