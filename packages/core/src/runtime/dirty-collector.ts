import { closeSync, openSync, writeSync } from 'node:fs'
import { PluginError } from '../plugin/errors.ts'
import { formatDirtyRecord, type DirtyOrigin, type DirtyRow } from './dirty-record.ts'
import type { JobCounters } from './job-counters.ts'

export interface DirtyCollectorOptions {
  readonly counters: JobCounters
  /** Path of the dirty file; made with mode 0600 at the first dirty record, appended to. */
  readonly file: string
  readonly limit: { readonly record?: number; readonly percentage?: number }
  /** Called once, when the count passes the limit. */
  readonly onLimitPassed: (error: PluginError) => void
}

/** Counts dirty records against the limit, exactly, and writes each one to the dirty file before it counts. */
export class DirtyCollector {
  readonly #options: DirtyCollectorOptions
  readonly #countByCode = new Map<string, { count: number; reason: string }>()
  #descriptor: number | undefined
  #isPassed = false

  constructor(options: DirtyCollectorOptions) {
    this.#options = options
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
    return [...this.#countByCode]
      .map(([code, { count, reason }]) => ({ code, count, reason }))
      .sort((left, right) => right.count - left.count)
  }

  /**
   * Lists the rows and counts them. Returns whether batches may still be sent.
   *
   * @throws PluginError CONFIG_INVALID when the dirty file cannot be written: a row must never vanish.
   */
  add(rows: readonly DirtyRow[], origin: DirtyOrigin): boolean {
    if (rows.length === 0) return !this.#isPassed
    this.#append(rows, origin)
    for (const { error } of rows) {
      const entry = this.#countByCode.get(error.code)
      if (entry === undefined)
        this.#countByCode.set(error.code, { count: 1, reason: error.message })
      else entry.count += 1
    }
    this.#options.counters.recordsDirty += rows.length
    const { record } = this.#options.limit
    if (record !== undefined && !this.#isPassed && this.#options.counters.recordsDirty > record) {
      this.#isPassed = true
      this.#options.onLimitPassed(this.#limitError(`errorLimit.record allows ${record}`))
    }
    return !this.#isPassed
  }

  /** The error when, at the end, the share of dirty records passes `limit.percentage`. */
  percentageError(): PluginError | undefined {
    const { percentage } = this.#options.limit
    const { recordsDirty, recordsRead } = this.#options.counters
    if (percentage === undefined || recordsRead === 0 || recordsDirty / recordsRead <= percentage)
      return undefined
    return this.#limitError(
      `errorLimit.percentage allows ${percentage} of ${recordsRead} records read`,
    )
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor)
  }

  #limitError(rule: string): PluginError {
    const { recordsDirty } = this.#options.counters
    const [first] = this.summary
    return new PluginError({
      code: 'DIRTY_LIMIT_PASSED',
      message: `${recordsDirty} dirty record${recordsDirty === 1 ? '' : 's'}: ${rule}. ${first === undefined ? '' : `Most frequent reason, ${first.code}: ${first.reason}`}`,
      hint: `look at ${this.#options.file}, then mend the rows or raise setting.errorLimit`,
    })
  }

  #append(rows: readonly DirtyRow[], origin: DirtyOrigin): void {
    const now = new Date()
    let lines = ''
    for (const row of rows) lines += `${formatDirtyRecord(row, origin, now)}\n`
    try {
      this.#descriptor ??= openSync(this.#options.file, 'a', 0o600)
      writeSync(this.#descriptor, lines)
    } catch (cause) {
      throw new PluginError({
        code: 'CONFIG_INVALID',
        message: `could not write dirty records to ${this.#options.file}: ${cause instanceof Error ? cause.message : String(cause)}`,
        hint: 'name a writable place with --dirty-file',
        cause,
      })
    }
  }
}
