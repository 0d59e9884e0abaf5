import { PluginError } from '../plugin/errors.ts'
import type { RejectedRow, TruncateOptions, WriteProgress, WriteResult } from '../plugin/writer.ts'
import { qualifiedName } from '../record/qualified-name.ts'
import { rowCountOf, type RecordBatch } from '../record/record-batch.ts'
import type { TableSchema } from '../record/table-schema.ts'
import type { TransformedBatch } from '../transform/index.ts'
import type { ChannelContext } from './channel-context.ts'
import type { DirtyRow } from './dirty-record.ts'
import { failpoint } from './failpoint.ts'
import { noCounts, type JobCounts } from './job-counts.ts'
import { stoppedText } from './stopped-tables.ts'

/** What became of a batch. */
export type Settlement =
  | JobCounts
  /** The run ends over it, or before it. */
  | 'unsettled'
  /** The target went back in time: the batch was not written. */
  | 'rewound'

/** Whether the changes of its table are left out. */
export function isLeftOut({ schema }: RecordBatch, { checkpoint, phase }: ChannelContext): boolean {
  const { stoppedTables } = checkpoint ?? {}
  if (phase !== 'changes' || stoppedTables === undefined || stoppedTables.size === 0) return false
  return stoppedTables.has(qualifiedName(schema))
}

/** Transforms a batch. Never rejects; `undefined` when the run has failed over it. */
export async function transformBatch(
  read: RecordBatch,
  context: ChannelContext,
): Promise<TransformedBatch | undefined> {
  if (isLeftOut(read, context)) return { batch: read, rejected: [], filtered: 0 }
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
    if (isLeftOut(read, context)) {
      await keepProgress(progress, context)
      return noCounts
    }
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
        ? truncate(batch.schema, call, context)
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

/** The source has gone on, and nothing of it is for the target. */
async function keepProgress(
  { split, sequence, record }: WriteProgress,
  { checkpoint, writeSignal }: ChannelContext,
): Promise<void> {
  if (record === undefined) return
  const update = { split, expected: sequence - 1, sequence, record }
  await checkpoint?.update(update, { signal: writeSignal })
}

const nothingWritten: WriteResult = { sent: true, written: 0, rejected: [], bytesWritten: 0 }

/** The source has emptied a table. Where it cannot be told what to remove, its changes are left out from now on. */
async function truncate(
  schema: TableSchema,
  options: TruncateOptions,
  context: ChannelContext,
): Promise<WriteResult> {
  const { progress, signal } = options
  // What an earlier run has removed is gone; what stands there now was written afterwards.
  if (progress.isApplied === true) return nothingWritten
  const { writer, checkpoint, logger } = context
  try {
    if (writer.truncate !== undefined) return await writer.truncate(schema, options)
    throw cannotTruncate(schema)
  } catch (error) {
    if (!PluginError.isInstance(error) || error.code !== 'TARGET_UNFIT') throw error
    if (checkpoint === undefined) throw error
    const table = qualifiedName(schema)
    const stopped = {
      since: new Date().toISOString(),
      position: progress.position?.label ?? '',
      reason: `${error.message}.${error.hint === undefined ? '' : ` ${error.hint}`}`,
    }
    await checkpoint.stopTable(table, stopped, { signal })
    logger.warn(stoppedText(table, stopped))
    await keepProgress(progress, context)
    return nothingWritten
  }
}

function cannotTruncate(schema: TableSchema): PluginError {
  return new PluginError({
    code: 'TARGET_UNFIT',
    message: `the source has emptied the table ${qualifiedName(schema)}, and the writer cannot remove what its rows have left`,
  })
}
