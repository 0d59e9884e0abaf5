import { createHash } from 'node:crypto'
import { basename, dirname, join, resolve } from 'node:path'
import { z } from 'zod'
import type { JobPlan } from '../job/job-plan.ts'
import type { Logger } from '../plugin/context.ts'
import { defineReader } from '../plugin/define.ts'
import type { TableSchema } from '../record/table-schema.ts'
import { DirtyFileReader, lineOf, type DirtyFileReaderOptions } from './dirty-file-reader.ts'
import { jobHeaderOf } from './job-header.ts'
import type { JobReport } from './job-report.ts'
import { reportFindings } from './open-job.ts'
import { openReader, openWriter } from './open-session.ts'
import {
  beginsWith,
  lineCountOf,
  replayedLines,
  replayedLinesOf,
  sentLines,
  type ReplayedLines,
} from './replayed-lines.ts'
import { runJob, type RunJobOptions } from './run-job.ts'
import { splitRecordOf } from './split-record.ts'

export interface ReplayJobOptions extends Omit<RunJobOptions, 'resume'> {
  /** Replays every line again, also those that were replayed before. */
  readonly restart?: boolean
}

/** The name that the dirty file of a job has unless it was given another. */
const dirtyFileOf = ({ name }: JobPlan) => `${name}.dirty.jsonl`

/**
 * Sends the rows of a dirty file again through the transformers and the writer of the job they come from. What its lines say
 * stands in a checkpoint of the file's own, so that a replay that was interrupted goes on where it stopped, and a further one sends the
 * lines that are new or have been mended. Rows that are still refused go to a dirty file of the replays.
 *
 * @throws PluginError for a source that cannot be asked for its columns; what happens to the rows is in the report
 */
export async function replayJob(
  plan: JobPlan,
  dirtyFile: string,
  options: ReplayJobOptions,
): Promise<JobReport> {
  const file = resolve(dirtyFile)
  const name = checkpointName(plan, file)
  const read = await describeSource(plan, options)
  const { timeZone } = plan.settings
  const { logger, signal, restart = false } = options
  await using transforms = await plan.transform.compile(read, { timeZone, logger, signal })
  const transformed = read.map((schema) => transforms.outputOf(schema))
  const earlier = restart ? undefined : await earlierReplay({ ...plan, name }, options)
  const outset = outsetOf(file, earlier)
  const open = () => new DirtyFileReader({ file, ...outset, read, transformed, logger })
  const replay: JobPlan = {
    ...plan,
    name,
    reader: {
      name: 'dirty file',
      stepType: 'dirty-file',
      plugin: dirtyFilePlugin(open),
      origin: file,
      config: { file: basename(file) },
      dataSources: [],
    },
    settings: { ...plan.settings, concurrency: 1 },
  }
  const report = await runJob(replay, {
    dirtyFile: join(dirname(file), `${plan.name}.replay.dirty.jsonl`),
    ...options,
    resume: outset.resumes ? 'resume' : 'restart',
  })
  const isOld = outset.resumes && earlier?.isBegun === true
  if (isOld && report.status === 'complete') warnOfMore(file, earlier.lines, logger)
  return report
}

/** Each file has its own, wherever it lies: what another one has sent is nothing to it. */
function checkpointName(plan: JobPlan, file: string): string {
  const replay = `${plan.name}.replay`
  const name = basename(file)
  if (name === dirtyFileOf(plan)) return replay
  return `${replay}-${createHash('sha256').update(name).digest('hex').slice(0, 8)}`
}

/** The columns of the job's source. */
async function describeSource(
  plan: JobPlan,
  { logger, signal }: ReplayJobOptions,
): Promise<readonly TableSchema[]> {
  await using reader = await openReader(plan, { logger, signal })
  reportFindings(await reader.check({ signal }), plan.reader.name, logger)
  return await reader.describe({ signal })
}

/** What the checkpoint of a file says. */
interface EarlierReplay {
  readonly lines: ReplayedLines
  readonly isComplete: boolean
  /** Whether any of the lines may have been sent. */
  readonly isBegun: boolean
  /** The last line that was sent for certain. */
  readonly sentUpTo: number
  /** Whether rows behind it may be in the target, and must not be written again. */
  readonly isUnclear: boolean
}

async function earlierReplay(
  plan: JobPlan,
  { logger, signal, allowDuplicates = false }: ReplayJobOptions,
): Promise<EarlierReplay | undefined> {
  const { plugin, config } = plan.writer
  await using writer = await openWriter(plan, { logger, signal })
  await using checkpoint = await writer.checkpoint?.(plan.name, { signal })
  const content = await checkpoint?.read({ signal })
  if (checkpoint === undefined || content === undefined) return undefined
  const { state, plan: found } = jobHeaderOf(content.header)
  const lines = replayedLinesOf(found.splits[0]?.range)
  const isComplete = state === 'complete'
  const isAtomic = checkpoint.atomicity === 'with-data'
  const [progress] = content.splits.values()
  const { position, settled } = splitRecordOf(progress?.sequence ?? 0, progress?.record ?? null)
  const isClear = isAtomic && position?.token === settled?.token
  return {
    lines,
    isComplete,
    isBegun: progress !== undefined || !isAtomic,
    sentUpTo: lineOf(settled),
    isUnclear: !isClear && !plugin.guarantee(config).isIdempotent && !allowDuplicates,
  }
}

/** How a replay begins. */
type Outset = Pick<DirtyFileReaderOptions, 'sent' | 'isUnclear'> & { readonly resumes: boolean }

function outsetOf(file: string, earlier: EarlierReplay | undefined): Outset {
  if (earlier === undefined) return { sent: new Map(), resumes: false }
  const { lines, isComplete, isBegun, sentUpTo, isUnclear } = earlier
  if (isComplete) return { sent: sentLines(lines, lineCountOf(lines)), resumes: false }
  if (!isBegun) return { sent: sentLines(lines, 0), resumes: true }
  if (beginsWith(file, lines)) return { sent: new Map(), resumes: true }
  return { sent: sentLines(lines, sentUpTo), resumes: false, isUnclear }
}

/** A replay ends where the file ended when it began. */
function warnOfMore(file: string, known: ReplayedLines, logger: Logger): void {
  if (lineCountOf(replayedLines(file, new Map())) > lineCountOf(known))
    logger.warn(`${file} has got lines since this replay was begun: replay it again to send them`)
}

function dirtyFilePlugin(open: () => DirtyFileReader) {
  return defineReader({
    apiVersion: 1,
    kind: 'reader',
    stepType: 'dirty-file',
    description: 'Rows that a job could not write',
    capabilities: { parallelSplits: false, resumableSplits: true, follow: false },
    config: z.object({ file: z.string() }),
    identity: ({ file }) => ({ file }),
    open: async () => open(),
  })
}
