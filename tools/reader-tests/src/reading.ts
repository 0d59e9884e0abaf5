import type { ReaderSession, ReadOptions, Split } from '@millrace/core/plugin'
import type { Cell, RecordBatch, Row } from '@millrace/core/record'

/** A signal that is never aborted. */
export const never: AbortSignal = new AbortController().signal

export const readOptions: ReadOptions = {
  signal: never,
  maxRows: 1000,
  maxBytes: 1 << 20,
  maxDelayMs: 100,
}

/** All batches of a split. */
export async function batchesOf(
  session: ReaderSession,
  split: Split,
  options: Partial<ReadOptions> = {},
): Promise<RecordBatch[]> {
  const batches: RecordBatch[] = []
  for await (const batch of session.read(split, { ...readOptions, ...options })) batches.push(batch)
  return batches
}

/** All rows of splits, one after the other. */
export async function rowsOf(session: ReaderSession, splits: readonly Split[]): Promise<Row[]> {
  const rows: Row[] = []
  for (const split of splits)
    for (const batch of await batchesOf(session, split)) rows.push(...batch.rows)
  return rows
}

/** Cells of one column. */
export function column(rows: readonly Row[], index: number): Cell[] {
  return rows.map((row) => row[index])
}

/** A cell in a form that compares by value and shows well: bytes as hex. */
export function shown(cell: Cell): Cell {
  return cell instanceof Uint8Array ? `0x${Buffer.from(cell).toString('hex')}` : cell
}
