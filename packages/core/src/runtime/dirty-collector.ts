import { closeSync, writeFileSync } from 'node:fs'
import { writeFaultOf } from '../config/write-fault.ts'
import { PluginError } from '../plugin/errors.ts'
import type { DirtyMirror } from './dirty-mirror.ts'
import {
  dirtyRecordOf,
  formatDirtyRecord,
  type DirtyOrigin,
  type DirtyRow,
} from './dirty-record.ts'
import type { JobCounters } from './job-counters.ts'
import { ListedRows } from './listed-rows.ts'
import { openJsonLines } from './open-json-lines.ts'

export interface DirtyCollectorOptions {
  readonly counters: JobCounters
  /** Path of the dirty file; made with mode 0600 at the first dirty record, appended to. */
  readonly file: string
  /** Default true; otherwise rows are only counted. */
  readonly listsRecords?: boolean
  readonly limit: {
    readonly record?: number
    /** From 0 to 1, looked at when the job is over. */
    readonly percentage?: number
    /** From 0 to 100, looked at whenever a batch is settled and at the end, once 1,000 records were read. */
    readonly percent?: number
  }
  /** Called once, when the count passes the limit. */
  readonly onLimitPassed: (error: PluginError) => void
}

/** What earlier runs of a job have left. */
export interface EarlierRuns {
  /** ISO time at which the first of them began. */
  readonly since: string
  /** Dirty records that are settled, by split; those that the file lists besides will be met again. */
  readonly recordsDirtyBySplit?: ReadonlyMap<string, number>
  readonly recordsRead: number
}

/** Records read before their dirty share says anything. */
const minRecordsRead = 1000

/** Counts dirty records against the limit, exactly, and writes each one to the dirty file before it counts. */
export class DirtyCollector {
  readonly #options: DirtyCollectorOptions
  /** Counts by code, of each split. */
  readonly #codesBySplit = new Map<string, Map<string, { count: number; reason: string }>>()
  #descriptor: number | undefined
  #isPassed = false
  #earlier = { recordsDirty: 0, recordsRead: 0 }
  /** Counted dirty records of batches whose other rows are not counted yet. */
  #underWay = 0
  /** Records of the dirty file that are older belong to another run. */
  #since = new Date().toISOString()
  /** Rows that were listed before they were settled: the same row, read again, is not listed twice. */
  #listed: ListedRows | undefined

  /** Gets every record that is listed; set once the target is open. */
  mirror: DirtyMirror | undefined

  constructor(options: DirtyCollectorOptions) {
    this.#options = options
  }

  /** Why the first dirty record could not be listed. Looks without making the file. */
  findFileError(): PluginError | undefined {
    if (this.#options.listsRecords === false) return undefined
    const fault = writeFaultOf(this.#options.file)
    return fault === undefined ? undefined : this.#fileError(fault)
  }

  /** Whether the count has passed `limit.record`: no further batch may be sent. */
  get isPassed(): boolean {
    return this.#isPassed
  }

  /** The file, once there is something in it. */
  get file(): string | undefined {
    return this.#descriptor === undefined ? undefined : this.#options.file
  }

  /** How many of each code, with the first reason seen, most frequent first. */
  get summary(): readonly { code: string; count: number; reason: string }[] {
    const countByCode = new Map<string, { count: number; reason: string }>()
    for (const codes of this.#codesBySplit.values()) {
      for (const [code, { count, reason }] of codes) {
        const known = countByCode.get(code)
        countByCode.set(code, {
          count: count + (known?.count ?? 0),
          reason: known?.reason ?? reason,
        })
      }
    }
    return [...countByCode]
      .map(([code, { count, reason }]) => ({ code, count, reason }))
      .sort((left, right) => right.count - left.count)
  }

  /** Goes on from earlier runs: limits hold for all of them together. To be called before the first `add`. */
  resume({ since, recordsDirtyBySplit = new Map(), recordsRead }: EarlierRuns): void {
    const recordsDirty = [...recordsDirtyBySplit.values()].reduce((sum, count) => sum + count, 0)
    this.#earlier = { recordsDirty, recordsRead }
    this.#since = since
    this.#listed = new ListedRows()
    this.#listed.read(this.#options.file, since)
    for (const [split, count] of recordsDirtyBySplit) this.#listed.settle(split, count)
  }

  /** A split is read again from where `recordsDirty` of its dirty records were settled. */
  goBack(split: string, recordsDirty: number): void {
    this.#listed ??= new ListedRows()
    this.#listed.read(this.#options.file, this.#since, split)
    this.#listed.settle(split, recordsDirty)
    // Which codes those that stay settled have is not known.
    if (recordsDirty === 0) this.#codesBySplit.delete(split)
  }

  /**
   * Lists the rows and counts them. Returns whether batches may still be sent.
   *
   * @throws PluginError CONFIG_INVALID when the dirty file cannot be written: a row must never vanish.
   */
  add(rows: readonly DirtyRow[], origin: DirtyOrigin): boolean {
    if (rows.length === 0) return !this.#isPassed
    const unlisted = rows.filter((row) => this.#listed?.take(row, origin) !== true)
    const isListed = this.#options.listsRecords ?? true
    if (isListed && unlisted.length > 0) this.#list(unlisted, origin)
    const codes =
      this.#codesBySplit.get(origin.split) ?? new Map<string, { count: number; reason: string }>()
    this.#codesBySplit.set(origin.split, codes)
    for (const { error } of rows) {
      const entry = codes.get(error.code)
      if (entry === undefined) codes.set(error.code, { count: 1, reason: error.message })
      else entry.count += 1
    }
    this.#options.counters.recordsDirty += rows.length
    this.#underWay += rows.length
    this.#judge(this.#brokenCount())
    return !this.#isPassed
  }

  /** All rows of a batch are counted, or none of them any more; so many of them were dirty. */
  settle(recordsDirty: number): void {
    this.#underWay -= recordsDirty
    this.#judge(this.#brokenShare())
  }

  #judge(broken: PluginError | undefined): void {
    if (broken === undefined || this.#isPassed) return
    this.#isPassed = true
    this.#options.onLimitPassed(broken)
  }

  get #recordsDirty(): number {
    return this.#earlier.recordsDirty + this.#options.counters.recordsDirty
  }

  get #recordsRead(): number {
    return this.#earlier.recordsRead + this.#options.counters.recordsRead
  }

  #brokenCount(): PluginError | undefined {
    const { record } = this.#options.limit
    const recordsDirty = this.#recordsDirty
    if (record === undefined || recordsDirty <= record) return undefined
    return this.#limitError(recordsDirty, `errorLimit.record allows ${record}`)
  }

  /** The share among the rows of settled batches: of others the good rows are not known yet. */
  #brokenShare(): PluginError | undefined {
    const { percent } = this.#options.limit
    const recordsRead = this.#recordsRead - this.#underWay
    const recordsDirty = this.#recordsDirty - this.#underWay
    if (percent === undefined || recordsRead < minRecordsRead) return undefined
    if (recordsDirty * 100 <= recordsRead * percent) return undefined
    const rule = `--max-dirty-percent allows ${percent} of ${recordsRead} records read so far`
    return this.#limitError(recordsDirty, rule)
  }

  /**
   * The error when, at the end, the count or the share passes a limit: `limit.percentage`, which is looked at only now,
   * and the others, since what earlier runs have left may pass them with no dirty record in this one.
   */
  finalError(): PluginError | undefined {
    return this.#brokenCount() ?? this.#brokenShare() ?? this.#brokenPercentage()
  }

  #brokenPercentage(): PluginError | undefined {
    const { percentage } = this.#options.limit
    const recordsRead = this.#recordsRead
    const recordsDirty = this.#recordsDirty
    if (percentage === undefined || recordsRead === 0) return undefined
    if (recordsDirty / recordsRead <= percentage) return undefined
    const rule = `errorLimit.percentage allows ${percentage} of ${recordsRead} records read`
    return this.#limitError(recordsDirty, rule)
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor)
  }

  #limitError(recordsDirty: number, rule: string): PluginError {
    const [first] = this.summary
    return new PluginError({
      code: 'DIRTY_LIMIT_PASSED',
      message: `${recordsDirty} dirty record${recordsDirty === 1 ? '' : 's'}: ${rule}. ${first === undefined ? '' : `Most frequent reason, ${first.code}: ${first.reason}`}`,
      hint: `look at ${this.#options.file}, then mend the rows or raise setting.errorLimit`,
    })
  }

  #list(rows: readonly DirtyRow[], origin: DirtyOrigin): void {
    const now = new Date()
    this.#append(rows, origin, now)
    this.mirror?.take(rows.map((row) => dirtyRecordOf(row, origin, now)))
  }

  #append(rows: readonly DirtyRow[], origin: DirtyOrigin, now: Date): void {
    let lines = ''
    for (const row of rows) lines += `${formatDirtyRecord(row, origin, now)}\n`
    try {
      this.#descriptor ??= openJsonLines(this.#options.file)
      writeFileSync(this.#descriptor, lines)
    } catch (cause) {
      throw this.#fileError(cause instanceof Error ? cause.message : String(cause), cause)
    }
  }

  #fileError(reason: string, cause?: unknown): PluginError {
    return new PluginError({
      code: 'CONFIG_INVALID',
      message: `could not write dirty records to ${this.#options.file}: ${reason}`,
      hint: 'name a writable place with --dirty-file',
      cause,
    })
  }
}
