import type {
  Cell,
  Changes,
  Field,
  JsonValue,
  LogicalType,
  OperationCode,
  RecordBatch,
  Row,
  TableSchema,
} from '@millrace/core/record'

type JsonObject = { readonly [name: string]: JsonValue }

/** One row of the input, whichever form it has there. */
interface TrialRow {
  readonly operation: OperationCode
  readonly row: JsonObject
  readonly before: JsonObject | undefined
  readonly key: JsonObject | undefined
}

const operations: readonly string[] = ['r', 'c', 'u', 'd']

/**
 * Rows given as JSON, as a reader would hand them out. A change record has `after` or `before`, and `opcode`; anything else is
 * a row that was read. The key is what the first record says, else the first column.
 */
export function trialBatch(rows: readonly JsonValue[], table: string): RecordBatch {
  const read = rows.filter(isObject).map(trialRow)
  const names = [
    ...new Set(
      read.flatMap(({ row, before }) => [...Object.keys(row), ...Object.keys(before ?? {})]),
    ),
  ]
  const keyNames = Object.keys(read[0]?.key ?? {}).filter((name) => names.includes(name))
  const schema: TableSchema = {
    table,
    version: 1,
    fields: names.map((name) => fieldOf(name, read)),
    key:
      keyNames.length > 0
        ? keyNames.map((name) => names.indexOf(name))
        : names.length > 0
          ? [0]
          : [],
  }
  const cells = (object: JsonObject): Row => names.map((name) => cellOf(object[name]))
  const changes: Changes = {
    operations: read.map(({ operation }) => operation),
    before: read.map(({ before }) => (before === undefined ? null : cells(before))),
    transactions: read.map((_, index) => index),
    committedAtMs: read.map(() => 0),
  }
  const isRead = read.every(({ operation }) => operation === 'r')
  return {
    schema,
    rows: read.map(({ row }) => cells(row)),
    byteSize: 0,
    ...(isRead ? {} : { changes }),
  }
}

function trialRow(record: JsonObject): TrialRow {
  const { after, before, opcode, key } = record
  const isChange = isObject(after) || isObject(before)
  if (!isChange) return { operation: 'r', row: record, before: undefined, key: undefined }
  const operation = isOperation(opcode) ? opcode : isObject(after) ? 'c' : 'd'
  const old = isObject(before) ? before : undefined
  return {
    operation,
    row: isObject(after) && operation !== 'd' ? after : (old ?? {}),
    before: operation === 'u' ? old : undefined,
    key: isObject(key) ? key : undefined,
  }
}

function isOperation(value: JsonValue | undefined): value is OperationCode {
  return typeof value === 'string' && operations.includes(value)
}

function fieldOf(name: string, rows: readonly TrialRow[]): Field {
  const values = rows.flatMap(({ row, before }) => [row[name], before?.[name]])
  const type = typeOf(values.filter((value) => value !== undefined && value !== null))
  return { name, type, nullable: true, nativeType: type }
}

function typeOf(values: readonly (JsonValue | undefined)[]): LogicalType {
  const every = (test: (value: JsonValue | undefined) => boolean) =>
    values.length > 0 && values.every(test)
  if (every((value) => Number.isSafeInteger(value))) return 'int'
  if (every((value) => typeof value === 'number')) return 'float'
  if (every((value) => typeof value === 'boolean')) return 'bool'
  if (every((value) => typeof value === 'object')) return 'json'
  return 'string'
}

function cellOf(value: JsonValue | undefined): Cell {
  if (typeof value === 'object' && value !== null) return JSON.stringify(value)
  return value
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
