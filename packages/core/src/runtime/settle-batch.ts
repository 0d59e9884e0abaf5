import { PluginError } from '../plugin/errors.ts'
import type {
  RejectedRow,
  TruncateOptions,
  WriteProgress,
  WriteResult,
  WriterSession,
} from '../plugin/writer.ts'
import { qualifiedName } from '../record/qualified-name.ts'
import { rowCountOf, type RecordBatch } from '../record/record-batch.ts'
import type { TableSchema } from '../record/table-schema.ts'
import type { TransformedBatch } from '../transform/index.ts'
import type { ChannelContext } from './channel-context.ts'
import type { DirtyRow } from './dirty-record.ts'
import { failpoint } from './failpoint.ts'
import { noCounts, type JobCounts } from './job-counts.ts'

/** What became of a batch. */
export type Settlement =
  | JobCounts
  /** The run ends over it, or before it. */
  | 'unsettled'
  /** The target went back in time: the batch was not written. */
  | 'rewound'

/** Transforms a batch. Never rejects; `undefined` when the run has failed over it. */
export async function transformBatch(
  read: RecordBatch,
  context: ChannelContext,
): Promise<TransformedBatch | undefined> {
  try {
    return await context.transforms.apply(read)
  } catch (error) {
    context.fail(error)
    read.release?.()
    return undefined
  }
}

/** Writes one batch and accounts for every row of it. Never rejects. */
export async function settleBatch(
  read: RecordBatch,
  { batch, rejected, filtered }: TransformedBatch,
  progress: WriteProgress,
  context: ChannelContext,
): Promise<Settlement> {
  const { dirty, writer, counters, run } = context
  const origin = { run, split: progress.split, position: read.position }
  let dirtyCount = 0
  try {
    const list = (
      rows: readonly DirtyRow[],
      schema: RecordBatch['schema'],
      isUnreadable = false,
    ) => {
      dirtyCount += rows.length
      const isTransformed = schema !== read.schema
      return dirty.add(rows, { ...origin, schema, isTransformed, isUnreadable })
    }
    if (read.unreadable !== undefined) list(read.unreadable, read.schema, true)
    list(rejected, read.schema)
    const collect = (refused: readonly RejectedRow[]) =>
      list(
        refused.map(({ row, error }) => ({ row: batch.rows[row] ?? [], error })),
        batch.schema,
      )
    if (dirty.isPassed) return 'unsettled'
    counters.sent()
    const call = { signal: context.writeSignal, progress }
    const writing =
      read.isTruncate === true
        ? truncate(batch.schema, call, writer)
        : writer.write(batch, { ...call, admit: collect })
    const result = await writing.finally(() => counters.answered())
    await failpoint('after-reply', rowCountOf(read))
    collect(result.rejected)
    if (!result.sent) return 'unsettled'
    const counts: JobCounts = {
      recordsRead: result.written + filtered + dirtyCount,
      recordsWritten: result.written,
      recordsFiltered: filtered,
      recordsDirty: dirtyCount,
      bytesRead: read.byteSize,
      bytesWritten: result.bytesWritten,
    }
    counters.add({ ...counts, recordsDirty: 0 })
    dirty.settle(dirtyCount)
    counters.tables.add(read.schema, context.phase, counts)
    return counts
  } catch (error) {
    if (PluginError.isInstance(error) && error.code === 'TARGET_REWOUND') {
      counters.add({ ...noCounts, recordsDirty: -dirtyCount })
      dirty.settle(dirtyCount)
      return 'rewound'
    }
    context.fail(error)
    return 'unsettled'
  } finally {
    read.release?.()
  }
}

/** The source has emptied a table. */
async function truncate(
  schema: TableSchema,
  options: TruncateOptions,
  writer: WriterSession,
): Promise<WriteResult> {
  // What an earlier run has removed is gone; what stands there now was written afterwards.
  if (options.progress.isApplied === true)
    return { sent: true, written: 0, rejected: [], bytesWritten: 0 }
  if (writer.truncate !== undefined) return await writer.truncate(schema, options)
  throw new PluginError({
    code: 'TARGET_UNFIT',
    message: `the source has emptied ${qualifiedName(schema)}, and the writer cannot remove what the table's rows have left`,
    hint: 'Empty the target by hand and begin anew with --restart.',
  })
}
