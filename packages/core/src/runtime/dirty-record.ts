import type { DirtyRecord } from '../plugin/writer.ts'
import {
  qualifiedName,
  type Cell,
  type JsonValue,
  type Position,
  type RowError,
  type TableSchema,
} from '../record/index.ts'

/** One row that was read and not written, with its reason. */
export interface DirtyRow {
  readonly row: readonly Cell[]
  readonly error: RowError
}

/** Where dirty rows came from. */
export interface DirtyOrigin {
  readonly run: string
  /** Id of the split. */
  readonly split: string
  readonly schema: TableSchema
  readonly position: Position | undefined
  /** Whether the row has passed the transformers of the job. */
  readonly isTransformed: boolean
  /** Whether the row is what the reader had of one that it could not read. */
  readonly isUnreadable?: boolean
}

/**
 * One line of the dirty file. Cells are lossless: bytes are `{"$bytes": base64}`, integers beyond 2^53 are text, a
 * cell the source did not send is left out, NULL is null. Columns of the same name are told apart as `name#2`.
 */
export function formatDirtyRecord(dirty: DirtyRow, origin: DirtyOrigin, time: Date): string {
  return JSON.stringify({
    time: time.toISOString(),
    run: origin.run,
    source: qualifiedName(origin.schema),
    split: origin.split,
    code: dirty.error.code,
    reason: reasonOf(dirty.error),
    row: dirtyRowJson(dirty.row, origin.schema),
    ...(origin.isTransformed ? { transformed: true } : {}),
    ...(origin.isUnreadable === true ? { unreadable: true } : {}),
    ...(origin.position === undefined ? {} : { position: origin.position.token }),
  })
}

/** The same for a target that keeps dirty records. */
export function dirtyRecordOf(dirty: DirtyRow, origin: DirtyOrigin, time: Date): DirtyRecord {
  const { table, namespace } = origin.schema
  return {
    time,
    table,
    ...(namespace === undefined ? {} : { namespace }),
    code: dirty.error.code,
    reason: reasonOf(dirty.error),
    row: dirtyRowJson(dirty.row, origin.schema),
    isTransformed: origin.isTransformed,
  }
}

function reasonOf({ message, detail }: RowError): string {
  return detail === undefined ? message : `${message} ${detail}`
}

/** The cells of a row by column, as a dirty record holds them. */
export function dirtyRowJson(row: readonly Cell[], schema: TableSchema): JsonValue {
  return Object.fromEntries(namedCells(row, schema))
}

function* namedCells(row: readonly Cell[], schema: TableSchema): Generator<[string, JsonValue]> {
  const names = dirtyColumnNames(schema, row.length)
  for (const [index, name] of names.entries()) {
    const cell = row[index]
    if (cell !== undefined) yield [name, jsonOfCell(cell)]
  }
}

/** The names under which a dirty record holds the first `count` cells of a row. */
export function dirtyColumnNames({ fields }: TableSchema, count = fields.length): string[] {
  const seen = new Map<string, number>()
  return Array.from({ length: count }, (_, index) => {
    const name = fields[index]?.name ?? `column${index}`
    const nth = (seen.get(name) ?? 0) + 1
    seen.set(name, nth)
    return nth === 1 ? name : `${name}#${nth}`
  })
}

function jsonOfCell(cell: Exclude<Cell, undefined>): JsonValue {
  if (cell instanceof Uint8Array) return { $bytes: Buffer.from(cell).toString('base64') }
  if (typeof cell === 'bigint') return String(cell)
  if (typeof cell === 'number') return Number.isFinite(cell) ? cell : String(cell)
  return cell
}
