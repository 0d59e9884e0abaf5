import type { Cell, Row } from './cell.ts'
import type { TableSchema } from './table-schema.ts'
import type { TextCells } from './text-cells.ts'

/** Anything that survives `JSON.parse(JSON.stringify(value))`. */
export type JsonValue =
  string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue }

/**
 * A place in the source behind which reading can go on. `token` is the reader's own, compact, and says enough of itself
 * for the reader to refuse one that does not fit; `label` is for people.
 */
export interface Position {
  readonly token: JsonValue
  readonly label: string
}

/** Operation codes: read (snapshot), create, update, delete. */
export type OperationCode = 'r' | 'c' | 'u' | 'd'

/** What is known of the rows of a batch that come from a change stream; arrays run parallel to `rows`. */
export interface Changes {
  readonly operations: readonly OperationCode[]
  /** The row before the change, as far as the source gave it. */
  readonly before: readonly (Row | null)[]
  /** Commit time in milliseconds since the epoch. */
  readonly committedAtMs: readonly number[]
  /** Where each row stands, so that a batch may end inside a transaction and hold several transactions. */
  readonly positions: readonly Position[]
}

/** A row the reader could not deliver as a row. It counts as read and as dirty. */
export interface UnreadableRow {
  readonly row: readonly Cell[]
  readonly error: RowError
}

/** Why one row is dirty. `code` is stable (`NULL_KEY`, `WRONG_TYPE`); `message` is for people and holds no secret. */
export interface RowError {
  readonly code: string
  readonly message: string
}

/**
 * The unit that moves from reader to writer: rows of one table, bounded in rows and in bytes.
 * Whoever holds the batch owns it; it is handed on, never shared.
 */
export interface RecordBatch {
  readonly schema: TableSchema
  /** May be made when it is first asked for; `rowCountOf` tells how many there are without that. */
  readonly rows: Row[]
  /** UTF-8 or binary length of all cells as read, in bytes; nulls count 0. */
  readonly byteSize: number
  /**
   * The position of the last row, behind which a restart may go on once this batch is settled. There only when the
   * caller asked for positions and the split is resumable.
   */
  readonly position?: Position
  readonly changes?: Changes
  readonly unreadable?: readonly UnreadableRow[]
  /** The same cells as text, where the reader has them so; absent as soon as `rows` was taken. Valid until `release`. */
  readonly text?: TextCells | undefined
  /**
   * Gives the memory of the batch back to the reader. The runtime calls it once every row is settled; `text` must not be
   * used afterwards, nor `rows` be asked for the first time.
   */
  release?(): void
}

/** How many rows a batch has; makes none of them. */
export function rowCountOf(batch: RecordBatch): number {
  return batch.text?.rowCount ?? batch.rows.length
}
