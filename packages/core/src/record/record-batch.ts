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
  /** What the reader goes on by. It is kept in checkpoints, so it holds no secret and stays readable for later versions. */
  readonly token: JsonValue
  /** The place in words, for logs and status: `id 42`, `binlog.000007:1234`. */
  readonly label: string
}

/** Operation codes: read (snapshot), create, update, delete. */
export type OperationCode = 'r' | 'c' | 'u' | 'd'

/**
 * What is known of the rows of a batch that come from a change stream; arrays run parallel to `rows`. For `d` the row is the
 * image before, as far as the source gave it; a cell that was not sent is `undefined`.
 */
export interface Changes {
  /** What was done to each row. */
  readonly operations: readonly OperationCode[]
  /**
   * The row before the change, as far as the source gave it; null for `r`, `c` and `d`, and for a `u` of which the source says no
   * more than that the columns of `TableSchema.identity` are as they were.
   */
  readonly before: readonly (Row | null)[]
  /** Number of the source's transaction, counting up: rows of one transaction have the same, also over several batches. */
  readonly transactions: readonly number[]
  /** Commit time in milliseconds since the epoch. */
  readonly committedAtMs: readonly number[]
  /**
   * Nothing of the batch's first transaction that concerns its table was handed out before, neither by this `follow` nor before the
   * place it went on from; `BegunTransactions` keeps count of it. Absent: that is not known, and what the first transaction of a
   * schema takes away is removed only where the target still holds it as the source says it was.
   */
  readonly beginsTransaction?: boolean
}

/** A row the reader could not deliver as a row. It counts as read and as dirty. */
export interface UnreadableRow {
  /** What there is of it, by position in the schema's fields; the whole as one text where it could not be cut into cells. */
  readonly row: readonly Cell[]
  /** Why it is none. */
  readonly error: RowError
}

/** Why one row is dirty. `code` is stable (`NULL_KEY`, `WRONG_TYPE`); `message` is for people and holds no value of the row. */
export interface RowError {
  /** Capital letters and underscores; the same for the same reason in every version. */
  readonly code: string
  /** What was found, and what was expected, in one sentence. */
  readonly message: string
  /** Values of the row that explain it, for the dirty file alone, behind the message: it never stands in a log or a report. */
  readonly detail?: string
}

/**
 * The unit that moves from reader to writer: rows of one table, bounded in rows and in bytes.
 * Whoever holds the batch owns it; it is handed on, never shared.
 */
export interface RecordBatch {
  /** The columns of `rows`: one of the very objects that `describe` gave, or a later version of it in a stream of changes. */
  readonly schema: TableSchema
  /** May be made when it is first asked for; `rowCountOf` tells how many there are without that. */
  readonly rows: Row[]
  /** UTF-8 or binary length of all cells as read, in bytes; nulls count 0. */
  readonly byteSize: number
  /**
   * The position of the last row, behind which a restart may go on once this batch is settled. There only when the
   * caller asked for positions and the split is resumable. Changes always have one; it may stand inside a transaction, and
   * a batch without rows may have one, too: the source has gone on, with nothing for this job.
   */
  readonly position?: Position
  /** Absent: the rows are those of a snapshot. */
  readonly changes?: Changes
  /** The source has emptied the table at this place: the batch has no rows, and what earlier ones wrote is to go. */
  readonly isTruncate?: boolean
  /** Rows that could not be made rows, beside those that could. */
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
