import { hostname } from 'node:os'
import { PluginError } from '../plugin/errors.ts'
import type { CallOptions } from '../plugin/context.ts'
import type { Checkpoint, CheckpointContent, ProgressUpdate } from '../plugin/checkpoint.ts'
import type { Split, SplitPlan } from '../plugin/reader.ts'
import type { JsonValue } from '../record/record-batch.ts'
import { addCounts, noCounts, type JobCounts } from './job-counts.ts'
import { headerJson, jobHeaderOf, type JobHeader } from './job-header.ts'
import { changesSplit, freshRecordOf, type RunSplit } from './changes-split.ts'
import { decideResume, type ResumeDecision, type ResumeWish } from './resume-decision.ts'
import { keptLagId } from './kept-lag.ts'
import type { FollowedTables } from './left-keys.ts'
import type { RepeatableSplits } from './repeatable-splits.ts'
import { freshSplit, recordJson, splitRecordOf, type SplitRecord } from './split-record.ts'
import {
  stoppedTablesId,
  stoppedTablesJson,
  stoppedTablesOf,
  type StoppedTable,
  type StoppedTables,
} from './stopped-tables.ts'
import type { SplitCounts } from './table-counts.ts'
import { tableTotalsId, tableTotalsOf, type TableTotalsByName } from './table-totals.ts'

/** What a {@link JobCheckpoint} is made of. */
export interface JobCheckpointOptions {
  readonly checkpoint: Checkpoint
  /** Names this run. */
  readonly run: string
  /** What the job moves now. */
  readonly fingerprint: JsonValue
  /** Whether writing a row twice leaves what writing it once leaves. */
  readonly isIdempotent: boolean
  /** The same for the rows of one split. */
  readonly isRepeatable: RepeatableSplits
  /** Whether rows may be written twice where that cannot be avoided. */
  readonly allowsDuplicates: boolean
  readonly signal: AbortSignal
  /** Changes are to be followed. */
  readonly follows: boolean
  /** What is to stand in the header when this run begins anew. */
  readonly resnapshots: number
  /** The source can take up tables that the job has got. */
  readonly takesUpTables: boolean
}

/** A plan that took the place of the one that was found, and the splits that are new in it. */
interface Amendment {
  readonly header: JsonValue
  readonly added: readonly Split[]
}

/** A split of which the target has lost something. */
export interface LostSplit {
  readonly split: Split
  /** Where it begins now. */
  readonly record: SplitRecord
  /** What its counts have become; negative, for rows that have to be read again. */
  readonly counts: JobCounts
}

/** The checkpoint of a job while it runs: the plan of its splits, and how far each has come. */
export class JobCheckpoint {
  readonly #options: JobCheckpointOptions
  readonly #call: CallOptions
  /** Of the first run that this one goes on from, or of this one. */
  #startedAt = ''
  #resnapshots: number
  /** The job began anew. */
  #isAgain = false
  #records = new Map<string, SplitRecord>()
  #tableTotals: TableTotalsByName = new Map()
  #stopped = new Map<string, StoppedTable>()
  #replaced: FollowedTables | undefined
  /** What this run has put into the checkpoint when its tables were others than before. */
  #amendment: Amendment | undefined

  constructor(options: JobCheckpointOptions) {
    this.#options = options
    this.#resnapshots = options.resnapshots
    this.#call = { signal: options.signal }
  }

  /** The snapshots in a row, up to that of this job, that were taken because the position was lost. */
  get resnapshots(): number {
    return this.#resnapshots
  }

  /** What earlier runs have counted of the changes of each table. */
  get tableTotals(): TableTotalsByName {
    return this.#tableTotals
  }

  /** How far changes were followed of the tables that this run reads anew; `undefined`: it does not, or that is not known. */
  get replaced(): FollowedTables | undefined {
    return this.#replaced
  }

  /** How far the changes of these splits' tables are in the target. */
  followedTables({ splits, followFrom }: SplitPlan): FollowedTables {
    const { settled, committedAtMs } =
      followFrom === undefined ? freshSplit : this.startOf(changesSplit(followFrom))
    return {
      tables: new Set(splits.map(({ table }) => table)),
      ...(settled === undefined ? {} : { settled }),
      ...(committedAtMs === undefined ? {} : { committedAtMs }),
      stopped: this.#stopped,
    }
  }

  /** Tables whose changes are left out. */
  get stoppedTables(): StoppedTables {
    return this.#stopped
  }

  /** Whether progress and rows of a batch are applied together. */
  get isAtomic(): boolean {
    return this.#options.checkpoint.atomicity === 'with-data'
  }

  /** Whether rows that were under way when a run broke off are appended a second time. */
  get #mayRepeat(): boolean {
    return !this.isAtomic && !this.#options.isIdempotent
  }

  /**
   * Takes the fence, looks at what stands there and decides how this run begins.
   *
   * @throws PluginError TARGET_FENCED while another run of the job lives; what `decideResume` throws
   */
  async open(job: string, wish: ResumeWish): Promise<ResumeDecision> {
    const { checkpoint, run, fingerprint, follows } = this.#options
    const takesUpTables = this.#options.takesUpTables && checkpoint.amend !== undefined
    await checkpoint.acquire({ run, host: hostname(), pid: process.pid }, this.#call)
    this.#isAgain = wish === 'restart'
    if (wish === 'restart') {
      this.#replaced = await this.#lookAtReplaced()
      return { kind: 'begin' }
    }
    const content = await checkpoint.read(this.#call)
    const header = this.#take(content)
    // A job of changes alone goes on from where it began, though none has come yet.
    const readsRows = header !== undefined && header.plan.splits.length > 0
    const isTrace =
      readsRows && header.state === 'running' && content?.splits.size === 0 && !this.#mayRepeat
    this.#isAgain = header !== undefined && (!isTrace || header.isAgain === true)
    if (!isTrace) return decideResume(job, header, wish, { fingerprint, follows, takesUpTables })
    // A run that got no row into the target has left nothing to decide about, but it may have listed dirty ones.
    return wish === 'resume' ? { kind: 'begin', startedAt: header.startedAt } : { kind: 'begin' }
  }

  /** Takes over what was found; gives the header. */
  #take(content: CheckpointContent | undefined): JobHeader | undefined {
    this.#records = recordsIn(content)
    this.#tableTotals = tableTotalsOf(content?.splits.get(tableTotalsId)?.record)
    this.#stopped = stoppedTablesOf(content?.splits.get(stoppedTablesId)?.record)
    return content === undefined ? undefined : jobHeaderOf(content.header)
  }

  /** A checkpoint that nobody can read any more is no obstacle to beginning anew. */
  async #lookAtReplaced(): Promise<FollowedTables | undefined> {
    try {
      const header = this.#take(await this.#options.checkpoint.read(this.#call))
      return header?.plan.followFrom === undefined ? undefined : this.followedTables(header.plan)
    } catch {
      this.#call.signal.throwIfAborted()
      return undefined
    }
  }

  /** Begins anew with a plan; `startedAt` is that of the run before, where its dirty records stay valid. */
  async begin(plan: SplitPlan, startedAt = new Date().toISOString()): Promise<void> {
    const { checkpoint, fingerprint } = this.#options
    this.#records = new Map()
    this.#tableTotals = new Map()
    this.#stopped = new Map()
    this.#startedAt = startedAt
    await checkpoint.begin(
      headerJson({
        state: 'running',
        startedAt,
        fingerprint,
        plan,
        ...(this.#resnapshots === 0 ? {} : { resnapshots: this.#resnapshots }),
        ...(this.#isAgain ? { isAgain: true } : {}),
      }),
      this.#call,
    )
  }

  /**
   * Goes on with the plan that `open` has found; `startOf` tells where each split begins. Splits without positions begin
   * anew.
   *
   * @throws PluginError RESUME_UNDECIDED when rows would or might be written twice, and that was not allowed
   */
  async resume({
    startedAt,
    resnapshots = 0,
    isAgain = false,
    plan: { splits },
  }: JobHeader): Promise<void> {
    this.#isAgain = isAgain
    this.#startedAt = startedAt
    this.#resnapshots = resnapshots
    const isBegun = splits.some((split) => !this.startOf(split).isDone)
    if (isBegun && this.#mayRepeat && !this.#options.allowsDuplicates) throw maybeRepeated()
    for (const split of splits) await this.#goOnFrom(split, this.startOf(split))
  }

  /**
   * The job goes on with another plan than the one that was found: without tables that it no longer has, with `added`, which are
   * read beside the changes.
   */
  async amend(header: JobHeader, added: readonly Split[]): Promise<void> {
    const { fingerprint } = this.#options
    this.#amendment = { header: headerJson({ ...header, fingerprint }), added }
    // Before the plan names them: what stands there of a table that the job had once is of no use any more.
    for (const split of added) await this.#begin(split, 'new', this.#call)
    await this.#goOnWith(new Set(added.map(({ table }) => table)), this.#call)
    await this.#options.checkpoint.amend?.(this.#amendment.header, this.#call)
  }

  /** Of these splits' tables those that are new in the job, and of which no row is in the target yet. */
  waitingTables(splits: readonly Split[]): ReadonlySet<string> {
    const isWaiting = ({ backfill, sequence, isDone }: SplitRecord) =>
      backfill === 'new' && sequence === 0 && !isDone
    const begun = new Set<string>()
    for (const split of splits) if (!isWaiting(this.startOf(split))) begun.add(split.table)
    return new Set(splits.map(({ table }) => table).filter((table) => !begun.has(table)))
  }

  /** Where a split begins, or where it stood when this run came to its end. */
  startOf(split: RunSplit): SplitRecord {
    return this.#records.get(split.id) ?? freshRecordOf(split)
  }

  /** Whether a split of the plan is in the target to its end. */
  isDone(id: string): boolean {
    return this.#records.get(id)?.isDone === true
  }

  /** How many splits of a table there are, and are done; `undefined` of one that is not read. */
  splitCounts({ splits }: SplitPlan, table: string): SplitCounts | undefined {
    const own = splits.filter((split) => split.table === table)
    if (own.length === 0) return undefined
    return { total: own.length, done: own.filter(({ id }) => this.isDone(id)).length }
  }

  /** Whether a split is read beside the changes, and not with the snapshot of the plan. */
  isBackfill(split: Split): boolean {
    return this.startOf(split).backfill !== undefined
  }

  /** Whether rows of a split may be in the target as they were at another time. */
  mayOverwrite(split: Split): boolean {
    return this.#isAgain || this.isBackfill(split)
  }

  /** Counts of all splits, as far as they were settled by earlier runs. */
  get counts(): JobCounts {
    let sum = noCounts
    for (const { counts } of this.#records.values()) sum = addCounts(sum, counts)
    return sum
  }

  /** Settled dirty records by split, as far as they were settled by earlier runs. */
  get recordsDirtyBySplit(): ReadonlyMap<string, number> {
    return new Map([...this.#records].map(([split, { counts }]) => [split, counts.recordsDirty]))
  }

  /** How far the job has come, for people: `3 of 8 splits done, 120000 records settled`. */
  progressText({ splits, followFrom }: SplitPlan): string {
    const done = splits.filter((split) => this.startOf(split).isDone).length
    const snapshot = `${done} of ${splits.length} splits done`
    const changes =
      followFrom === undefined
        ? ''
        : `, changes behind ${this.startOf(changesSplit(followFrom)).position?.label}`
    return `${snapshot}${changes}, ${this.counts.recordsRead} records settled`
  }

  /**
   * Where a split goes on when it cannot go on from where this run left it.
   *
   * @throws PluginError RESUME_UNDECIDED when rows would be written twice, and that was not allowed
   */
  async reopen(split: RunSplit): Promise<SplitRecord> {
    const content = await this.#readAgain()
    // Before anything behind it is kept: what is left out of it has to be known.
    const kept = stoppedTablesOf(content?.splits.get(stoppedTablesId)?.record)
    const isSame = JSON.stringify([...kept]) === JSON.stringify([...this.#stopped])
    if (!isSame) await this.#keepStopped(this.#stopped, this.#call)
    return await this.#goOnFrom(split, recordsIn(content).get(split.id))
  }

  /** Waits until what was written is as safe as the target can make it. */
  async confirm(call: CallOptions): Promise<void> {
    await this.#options.checkpoint.confirm?.(call)
  }

  /** What was asked of the run; nothing where the checkpoint takes no requests. */
  async requests(call: CallOptions): Promise<readonly JsonValue[]> {
    return (await this.#options.checkpoint.requests?.(call)) ?? []
  }

  /** The oldest requests, so many, are dealt with. */
  async forgetRequests(count: number, call: CallOptions): Promise<void> {
    if (count > 0) await this.#options.checkpoint.forgetRequests?.(count, call)
  }

  /**
   * The splits of a table are to be read again from their beginning, whatever was read of them. Changes of a table that was stopped
   * count from the first of its rows on.
   */
  async startAgain(splits: readonly Split[], call: CallOptions): Promise<void> {
    const waiting = this.waitingTables(splits)
    const stopped = new Set(
      splits.map(({ table }) => table).filter((table) => this.#stopped.has(table)),
    )
    // First: rows that were read and whose changes are still left out would stay as they are.
    await this.#goOnWith(stopped, call)
    for (const split of splits) {
      const isNew = waiting.has(split.table) || stopped.has(split.table)
      await this.#begin(split, isNew ? 'new' : 'again', call)
    }
  }

  /** From now on the changes of a table are left out, until it is read again. */
  async stopTable(table: string, stopped: StoppedTable, call: CallOptions): Promise<void> {
    await this.#keepStopped(new Map([...this.#stopped, [table, stopped]]), call)
  }

  /** The changes of these tables are no longer left out. */
  async #goOnWith(tables: ReadonlySet<string>, call: CallOptions): Promise<void> {
    const left = new Map([...this.#stopped].filter(([table]) => !tables.has(table)))
    if (left.size < this.#stopped.size) await this.#keepStopped(left, call)
  }

  async #keepStopped(stopped: StoppedTables, call: CallOptions): Promise<void> {
    await this.keepPart(stoppedTablesId, stoppedTablesJson(stopped), call)
    this.#stopped = new Map(stopped)
  }

  /** A split counts as read, though no row of it was. */
  async passOver(split: Split, call: CallOptions): Promise<void> {
    const { sequence, ...record } = this.startOf(split)
    const passed = recordJson({ ...record, sequence, isDone: true })
    await this.update(
      { split: split.id, expected: sequence, sequence: sequence + 1, record: passed },
      call,
    )
  }

  /** Keeps a part that is no split's, such as what has become of the changes of each table. */
  async keepPart(id: string, record: JsonValue, call: CallOptions): Promise<void> {
    const progress = { split: id, expected: undefined, sequence: 0, record }
    await this.#options.checkpoint.update(progress, call)
  }

  /**
   * Keeps the progress of a split, behind the batches before it. The signal is that of writing: what has been settled is kept
   * also when the run is being stopped.
   */
  async update(progress: ProgressUpdate, call: CallOptions): Promise<void> {
    await this.#options.checkpoint.update(progress, call)
    this.#records.set(progress.split, splitRecordOf(progress.sequence, progress.record))
  }

  /**
   * After the target went back in time: the splits that were done and are no longer done there. They begin where it holds them
   * now.
   */
  async lostSplits({ splits }: SplitPlan): Promise<readonly LostSplit[]> {
    const content = await this.#readAgain()
    // A checkpoint that is gone altogether is the error of `finish`.
    if (content === undefined) return []
    const records = recordsIn(content)
    const lost: LostSplit[] = []
    for (const split of splits) {
      const known = this.startOf(split)
      const found = records.get(split.id) ?? freshRecordOf(split)
      if (found.isDone || !known.isDone) continue
      const record = await this.#goOnFrom(split, found)
      lost.push({ split, record, counts: addCounts(record.counts, known.counts, -1) })
    }
    return lost
  }

  /**
   * The job is complete.
   *
   * @throws PluginError TARGET_REWOUND when the target no longer holds every split to its end
   */
  async finish(plan: SplitPlan, counts: JobCounts): Promise<void> {
    const { checkpoint, fingerprint } = this.#options
    const now = new Date().toISOString()
    await checkpoint.finish(
      headerJson({
        state: 'complete',
        startedAt: this.#startedAt,
        endedAt: now,
        fingerprint,
        plan,
        counts,
      }),
      new Map([...this.#records].map(([split, { sequence }]) => [split, sequence])),
      this.#call,
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#options.checkpoint[Symbol.asyncDispose]()
  }

  /** Takes what the target holds for where the split goes on; one that was begun and has no positions starts over. */
  async #goOnFrom(split: RunSplit, found = freshRecordOf(split)): Promise<SplitRecord> {
    const isWhole = found.sequence === 0 || found.isDone
    const record = isWhole || split.resumable ? found : await this.#startOver(split)
    this.#records.set(split.id, record)
    return record
  }

  /** What the target holds after it went back in time; perhaps to before this run took tables up. */
  async #readAgain(): Promise<CheckpointContent | undefined> {
    const { checkpoint } = this.#options
    const content = await checkpoint.read(this.#call)
    const amendment = this.#amendment
    if (content === undefined || amendment === undefined) return content
    if (JSON.stringify(content.header) === JSON.stringify(amendment.header)) return content
    for (const split of amendment.added)
      if (!content.splits.has(split.id)) await this.#begin(split, 'new', this.#call)
    await checkpoint.amend?.(amendment.header, this.#call)
    return await checkpoint.read(this.#call)
  }

  /** A split is to be read beside the changes, whatever was read of it. */
  async #begin(
    split: Split,
    backfill: NonNullable<SplitRecord['backfill']>,
    call: CallOptions,
  ): Promise<void> {
    const record: SplitRecord = { ...freshRecordOf(split), backfill }
    await this.#options.checkpoint.update(
      { split: split.id, expected: undefined, sequence: 0, record: recordJson(record) },
      call,
    )
    this.#records.set(split.id, record)
  }

  async #startOver(split: Split): Promise<SplitRecord> {
    const { isRepeatable, allowsDuplicates, checkpoint } = this.#options
    const { backfill } = this.startOf(split)
    const record = { ...freshRecordOf(split), ...(backfill === undefined ? {} : { backfill }) }
    if (!isRepeatable(split) && !allowsDuplicates) {
      throw new PluginError({
        code: 'RESUME_UNDECIDED',
        message: `${split.id} has no unique key to go on by, so that it has to be read from its beginning, and its rows would be appended a second time`,
        hint: 'Delete what the job wrote and begin anew with --restart, or accept repeated rows with --allow-duplicates.',
      })
    }
    await checkpoint.update(
      {
        split: split.id,
        expected: undefined,
        sequence: 0,
        record: recordJson(record),
      },
      this.#call,
    )
    return record
  }
}

function maybeRepeated(): PluginError {
  return new PluginError({
    code: 'RESUME_UNDECIDED',
    message:
      'the target cannot keep the position of the job together with its rows: those that were being appended when the run broke off may be there already, and would be appended a second time',
    hint: 'Delete what the job wrote and begin anew with --restart, or accept repeated rows with --allow-duplicates.',
  })
}

/** What is kept beside the splits. */
const otherParts = new Set([tableTotalsId, stoppedTablesId, keptLagId])

function recordsIn(content: CheckpointContent | undefined): Map<string, SplitRecord> {
  const records = new Map<string, SplitRecord>()
  for (const [split, { sequence, record }] of content?.splits ?? [])
    if (!otherParts.has(split)) records.set(split, splitRecordOf(sequence, record))
  return records
}
