import { PluginError } from '../plugin/errors.ts'
import type { Split, SplitPlan } from '../plugin/reader.ts'
import type { Position } from '../record/record-batch.ts'
import { Acknowledgement } from './acknowledgement.ts'
import { changesSplit, readerOfChanges, type FollowingReader } from './changes-split.ts'
import type { ChannelContext } from './channel-context.ts'
import type { JobCheckpoint, LostSplit } from './job-checkpoint.ts'
import type { FollowedTables } from './left-keys.ts'
import { LogWatch } from './log-watch.ts'
import { acceptRequests, awaitRequest } from './resync-requests.ts'
import { SplitRecovery, steadily } from './source-recovery.ts'
import { runChannels } from './run-channels.ts'
import { runSplit } from './split-run.ts'
import { TableTotals } from './table-totals.ts'

/** A batch of changes that is not full is sent after so many milliseconds without a further change. */
const maxDelayMs = 10

/** Of a table that is read while changes go on, changes wait for so many rows at most. */
const maxRowsPerRead = 5000

/** Filled in when the source failed in a way that may pass: what is left is read at another instant. */
type Interruption = NonNullable<ChannelContext['interruption']>

const goingOn = 'going on at a new snapshot'

/** What following needs of the run around it. */
export interface FollowJob {
  readonly plan: SplitPlan
  readonly followFrom: Position
  readonly reader: FollowingReader
  readonly checkpoint: JobCheckpoint
  readonly context: ChannelContext
  /** Everything committed before this position is to be applied, and then the run ends; absent: it ends when it is stopped. */
  readonly until: Position | undefined
  /** Whether the snapshot that `plan` was made with is still there to be read. */
  readonly seesPlan: boolean
  /** Whether rows that are there are read at all; else a new table is followed from an instant on. */
  readonly readsRows: boolean
  /** Moves those of some splits of the plan that are not done; false when the run ends before they are. */
  snapshot(splits: readonly Split[], interruption: Interruption): Promise<boolean>
  /** The target no longer has what had been done of these. */
  readonly lost: (splits: readonly LostSplit[]) => void
  /** Told of a table that is read again because somebody asked, and how far its changes are in the target until then. */
  readonly readAgain: (table: string, followed: FollowedTables) => void
}

/**
 * Reads what is left of the snapshot and then moves changes, until `until` or a stop. Never rejects for what happens to the
 * source or the target; resolves with whether the end was reached.
 *
 * A snapshot whose instant is gone goes on at a new one: first every change before that instant is applied, so that each row
 * that is read afterwards is met by the changes behind it alone. Tables that are read beside the changes, again or because they are
 * new in the job, are read so in small parts, each at an instant of its own, which keeps the changes from waiting. The changes of a
 * new table begin with the instant of its first part.
 */
export async function followJob(job: FollowJob): Promise<boolean> {
  const { reader, checkpoint, context, followFrom } = job
  const { logger, counters } = context
  await using acknowledgement = new Acknowledgement(reader, checkpoint, logger)
  const from = checkpoint.startOf(changesSplit(followFrom)).settled ?? followFrom
  await using watch = new LogWatch(from, { reader, progress: counters.changes, logger })
  await using _totals = new TableTotals(checkpoint, counters, logger)
  const hears = { acknowledgement, watch }
  const pending = () => job.plan.splits.filter(({ id }) => !checkpoint.isDone(id))
  const atOnce = () => job.plan.splits.filter((one) => !checkpoint.isBackfill(one))
  // Whoever follows changes has been connected.
  context.recovery.hasRows = true
  const recovery = new SplitRecovery(context.recovery)
  let { seesPlan } = job
  while (atOnce().some(({ id }) => !checkpoint.isDone(id))) {
    if (!seesPlan && !(await moveToNewSnapshot(job, hears))) return false
    counters.phase = 'snapshot'
    seesPlan = false
    const interruption: Interruption = {}
    const isRead = await job.snapshot(atOnce(), interruption)
    if (interruption.error !== undefined) await recovery.beforeNextTry(interruption.error, goingOn)
    else if (isRead) await takeBackLost(job)
    else return false
  }
  for (;;) {
    const missing = pending()
    counters.splitsDone = job.plan.splits.length - missing.length
    if (missing.length > 0) {
      if (!(await readPart(job, missing, hears))) return false
      continue
    }
    const end = await followUntilAsked(job, hears)
    if (end !== 'asked') return end === 'over'
  }
}

/** Whether the target went back in time behind the end of splits: they are read again. */
async function takeBackLost({ checkpoint, plan, lost }: FollowJob): Promise<boolean> {
  const splits = await checkpoint.lostSplits(plan)
  if (splits.length > 0) lost(splits)
  return splits.length > 0
}

/** Reads some rows of what is missing, at a new instant; false when the run ends. */
async function readPart(
  job: FollowJob,
  missing: readonly Split[],
  hears: Listeners,
): Promise<boolean> {
  const { context, checkpoint, readsRows } = job
  if (!(await moveToNewSnapshot(job, hears))) return false
  const [next] = missing
  if (!readsRows && next !== undefined) {
    await checkpoint.passOver(next, { signal: context.readSignal })
    return true
  }
  const interruption: Interruption = {}
  await runChannels(missing.slice(0, 1), 1, { ...context, maxRowsPerRead, interruption })
  if (interruption.error !== undefined)
    await new SplitRecovery(context.recovery).beforeNextTry(interruption.error, goingOn)
  return !context.readSignal.aborted
}

/** Moves changes until the run ends, or rows are to be read again: because somebody asked, or the target lost them. */
async function followUntilAsked(
  job: FollowJob,
  hears: Listeners,
): Promise<'over' | 'stopped' | 'asked'> {
  const { checkpoint, context, plan } = job
  const { logger, readSignal } = context
  let isLost = false
  const mayGoBack = async () => {
    isLost ||= await takeBackLost(job)
    return !isLost
  }
  const asked = new AbortController()
  const over = new AbortController()
  const listening = awaitRequest(checkpoint, logger, {
    signal: AbortSignal.any([readSignal, over.signal]),
  }).then(
    () => asked.abort(new Error('tables are to be read again')),
    () => {},
  )
  const moving = { until: job.until, hears, mayGoBack, pause: asked.signal }
  const isOver = await moveChanges(job, moving)
  over.abort()
  await listening
  if (readSignal.aborted) return 'stopped'
  if (asked.signal.aborted) {
    await acceptRequests(plan, checkpoint, { logger, readAgain: job.readAgain, signal: readSignal })
    return 'asked'
  }
  if (isLost) return 'asked'
  return isOver ? 'over' : 'stopped'
}

/** Applies changes up to a new snapshot, which reading sees from now on. */
async function moveToNewSnapshot(job: FollowJob, hears: Listeners): Promise<boolean> {
  const { reader, context } = job
  const call = { signal: context.readSignal }
  // Most of the way before the snapshot is taken, so that it need not be held for long.
  const current = await steadily(context.recovery, () => reader.currentPosition(call))
  const mayGoBack = async () => {
    await takeBackLost(job)
    return true
  }
  if (!(await moveChanges(job, { until: current, hears, mayGoBack }))) return false
  const snapshot = await steadily(context.recovery, () => reader.takeSnapshot(call))
  context.logger.debug(`reading rows as of ${snapshot.label}`)
  return await moveChanges(job, { until: snapshot, hears, mayGoBack })
}

/** Whoever has to know how far changes are settled. */
interface Listeners {
  readonly acknowledgement: Acknowledgement
  readonly watch: LogWatch
}

interface MoveChanges {
  readonly until: Position | undefined
  readonly hears: Listeners
  readonly mayGoBack?: () => Promise<boolean>
  readonly pause?: AbortSignal
}

async function moveChanges(
  { plan, followFrom, checkpoint, reader, context }: FollowJob,
  { until, hears: { acknowledgement, watch }, ...bounds }: MoveChanges,
): Promise<boolean> {
  const split = changesSplit(followFrom)
  const start = checkpoint.startOf(split)
  const { counters } = context
  const leaveOut = checkpoint.waitingTables(plan.splits)
  counters.phase = 'changes'
  counters.changes.begin(start.settled ?? followFrom)
  return await runSplit(split, start, {
    ...context,
    ...bounds,
    phase: 'changes',
    reader: readerOfChanges(reader, { leaveOut, ...(until === undefined ? {} : { until }) }),
    maxDelayMs,
    took: (batch) => counters.changes.took(batch),
    applied(position) {
      counters.changes.settled(position)
      watch.settled(position)
    },
    settled: (position) => acknowledgement.settled(position),
  })
}

/** The reader's plan does not say where its changes begin. */
export function noChanges(stepType: string): PluginError {
  return new PluginError({
    code: 'CONFIG_INVALID',
    message: `the reader ${stepType} cannot follow changes`,
    hint: 'Read the tables once with --snapshot-only.',
  })
}

/** The writer keeps no checkpoint, in which the position would have to stand. */
export function noPlaceForPosition(stepType: string): PluginError {
  return new PluginError({
    code: 'TARGET_UNFIT',
    message: `the writer ${stepType} keeps no checkpoint in this target: the position of the changes would be lost with the run`,
    hint: 'Read the tables once with --snapshot-only, or use a target that keeps a checkpoint.',
  })
}
