import type { JobPlan } from '../job/job-plan.ts'
import type { Logger } from '../plugin/context.ts'
import type { PreviewCommand } from '../plugin/writer.ts'
import { rowCountOf, type RecordBatch, type RowError } from '../record/record-batch.ts'
import { openJob, type OpenJob } from './open-job.ts'

export interface PreviewOptions {
  readonly logger: Logger
  readonly signal: AbortSignal
  /** Rows to read; of a job that reads several tables by name, of each of them. */
  readonly limit: number
}

/** What the first rows of a job would become. */
export interface JobPreview {
  readonly commands: readonly PreviewCommand[]
  readonly dirty: readonly RowError[]
  readonly recordsRead: number
  readonly recordsFiltered: number
}

/**
 * Reads the first rows of the job and encodes them as `run` would. The target is not connected to, nothing is written.
 *
 * @throws PluginError when the source cannot be read.
 */
export async function previewJob(plan: JobPlan, options: PreviewOptions): Promise<JobPreview> {
  await using job = await openJob(plan, { ...options, connectTarget: false })
  const commands: PreviewCommand[] = []
  const dirty: RowError[] = []
  let recordsRead = 0
  let recordsFiltered = 0
  for await (const batch of firstRows(job, options)) {
    recordsRead += rowCountOf(batch)
    const transformed = await job.transforms.apply(batch)
    const preview = job.writer.preview(transformed.batch)
    recordsFiltered += transformed.filtered
    commands.push(...preview.commands)
    dirty.push(
      ...transformed.rejected.map((rejected) => rejected.error),
      ...preview.rejected.map((rejected) => rejected.error),
    )
  }
  return { commands, dirty, recordsRead, recordsFiltered }
}

async function* firstRows(job: OpenJob, options: PreviewOptions): AsyncGenerator<RecordBatch> {
  // Of several tables, so many rows of each.
  const missingByTable = new Map<string, number>()
  const { splits } = await job.reader.split(1, options)
  const { maxBytes } = job.writer.limits
  for (const split of splits) {
    const name = job.schemas.length > 1 ? split.table : ''
    let missing = missingByTable.get(name) ?? options.limit
    if (missing <= 0) continue
    const limits = { maxRows: missing, maxBytes, maxDelayMs: 1000 }
    for await (const batch of job.reader.read(split, { ...limits, signal: options.signal })) {
      yield batch
      missing -= rowCountOf(batch)
      if (missing <= 0) break
    }
    missingByTable.set(name, missing)
  }
}
