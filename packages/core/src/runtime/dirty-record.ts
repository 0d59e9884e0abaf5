import type { Cell, JsonValue, Position, RowError, TableSchema } from '../record/index.ts'

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
}

/**
 * One line of the dirty file. Cells are lossless: bytes are `{"$bytes": base64}`, integers beyond 2^53 are text, a
 * cell the source did not send is left out, NULL is null. Columns of the same name are told apart as `name#2`.
 */
export function formatDirtyRecord(dirty: DirtyRow, origin: DirtyOrigin, time: Date): string {
  return JSON.stringify({
    time: time.toISOString(),
    run: origin.run,
    source: origin.schema.table,
    split: origin.split,
    code: dirty.error.code,
    reason: dirty.error.message,
    row: dirtyRowJson(dirty.row, origin.schema),
    ...(origin.isTransformed ? { transformed: true } : {}),
    ...(origin.position === undefined ? {} : { position: origin.position.token }),
  })
}

/** The cells of a row by column, as a dirty record holds them. */
export function dirtyRowJson(row: readonly Cell[], schema: TableSchema): JsonValue {
  return Object.fromEntries(namedCells(row, schema))
}

function* namedCells(row: readonly Cell[], schema: TableSchema): Generator<[string, JsonValue]> {
  const seen = new Map<string, number>()
  for (let index = 0; index < row.length; index += 1) {
    const name = schema.fields[index]?.name ?? `column${index}`
    const count = (seen.get(name) ?? 0) + 1
    seen.set(name, count)
    const cell = row[index]
    if (cell !== undefined) yield [count === 1 ? name : `${name}#${count}`, jsonOfCell(cell)]
  }
}

function jsonOfCell(cell: Exclude<Cell, undefined>): JsonValue {
  if (cell instanceof Uint8Array) return { $bytes: Buffer.from(cell).toString('base64') }
  if (typeof cell === 'bigint') return String(cell)
  if (typeof cell === 'number') return Number.isFinite(cell) ? cell : String(cell)
  return cell
}
