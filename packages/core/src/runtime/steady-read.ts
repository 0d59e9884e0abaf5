import type { ReaderSession, ReadOptions, Split } from '../plugin/reader.ts'
import { rowCountOf, type RecordBatch } from '../record/record-batch.ts'
import type { SplitRecovery } from './source-recovery.ts'

/**
 * Reads a split as the reader does, each row once. When the source fails in a way that may pass, it waits and goes on behind
 * the last position that was handed out, or from where it began while nothing was.
 *
 * @throws what the reader throws when that may not pass, or when rows were handed out that have no position
 */
export async function* steadyRead(
  reader: Pick<ReaderSession, 'read'>,
  split: Split,
  options: ReadOptions,
  recovery: SplitRecovery,
): AsyncGenerator<RecordBatch, void, undefined> {
  let { from } = options
  let isPlaceKnown = true
  for (;;) {
    try {
      const bounds = from === undefined ? options : { ...options, from }
      for await (const batch of reader.read(split, bounds)) {
        recovery.took(rowCountOf(batch) + (batch.unreadable?.length ?? 0))
        isPlaceKnown = batch.position !== undefined
        from = batch.position
        yield batch
      }
      return
    } catch (error) {
      if (!isPlaceKnown || !recovery.isPassing(error)) throw error
      const place = from === undefined ? 'from the beginning' : `behind ${from.label}`
      await recovery.beforeNextTry(error, `reading again ${place}`)
    }
  }
}
