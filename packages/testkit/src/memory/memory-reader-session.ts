import { setTimeout as sleep } from 'node:timers/promises'
import {
  PluginError,
  type CallOptions,
  type ReaderSession,
  type ReadOptions,
  type Split,
  type SplitPlan,
} from '@millrace/core/plugin'
import {
  BatchBuilder,
  byteLengthOfCell,
  type Cell,
  type RecordBatch,
  type Row,
  type RowError,
  type TableSchema,
} from '@millrace/core/record'
import type { Dataset } from '../dataset.ts'
import { memoryParts, positionBehind, rowBehind, type MemoryPart } from './memory-parts.ts'
import type { MemoryReaderOptions } from './memory-reader.ts'

/** What a reader in memory counts, over all its sessions. */
export interface MemoryCounters {
  openConnections: number
  rowsProduced: number
  /** Passing failures that were met. */
  failuresMet: number
  /** Calls of `split`. */
  cuts: number
}

/** Which rows of its part a split has; without an end also those that come to it later. */
interface Range {
  readonly start: number
  readonly end: number | null
}

/** How long a source is silent. */
const silenceMs = 60_000

/** Reads tables in memory. */
export class MemoryReaderSession implements ReaderSession {
  readonly #datasets: readonly Dataset[]
  readonly #options: MemoryReaderOptions
  readonly #counters: MemoryCounters
  readonly #parts: readonly MemoryPart[]

  constructor(
    datasets: readonly Dataset[],
    options: MemoryReaderOptions,
    counters: MemoryCounters,
  ) {
    this.#datasets = datasets
    this.#parts = memoryParts(datasets, options.changes)
    this.#options = options
    this.#counters = counters
  }

  /** What splits are cut from, as it stands at the instant that is read. */
  protected get parts(): readonly MemoryPart[] {
    return this.#parts
  }

  get #isResumable(): boolean {
    return this.#options.isResumable ?? true
  }

  async check({ signal }: CallOptions) {
    signal.throwIfAborted()
    return []
  }

  async describe({ signal }: CallOptions): Promise<readonly TableSchema[]> {
    signal.throwIfAborted()
    return this.#datasets.map(({ schema }) => schema)
  }

  async split(desired: number, { signal }: CallOptions): Promise<SplitPlan> {
    signal.throwIfAborted()
    this.#counters.cuts += 1
    if (this.#counters.cuts <= (this.#options.failingCuts ?? 0))
      throw new PluginError({
        code: 'SOURCE_UNREACHABLE',
        message: 'Cutting the rows in memory: the test asked for a failure.',
        isRetryable: true,
      })
    return { splits: this.cut(desired), consistency: 'one-snapshot' }
  }

  /** Splits of everything there is. */
  protected cut(desired: number): readonly Split[] {
    const each = Math.ceil(desired / this.parts.length)
    return this.parts.flatMap((part) => this.#splitsOf(part, each))
  }

  #splitsOf({ name, noun, rowCount, isGrowing }: MemoryPart, desired: number): Split[] {
    const most =
      noun === 'change' ? 1 : Math.min(desired, this.#options.maxSplits ?? desired, rowCount)
    const count = Math.max(1, most)
    return Array.from({ length: count }, (_, index) => {
      const start = Math.floor((rowCount * index) / count)
      const end = Math.floor((rowCount * (index + 1)) / count)
      return {
        id: `${name}:${index}`,
        table: name,
        range: { start, end: isGrowing && index === count - 1 ? null : end },
        resumable: this.#isResumable,
        estimatedRows: end - start,
      }
    })
  }

  async *read(split: Split, options: ReadOptions): AsyncGenerator<RecordBatch, void> {
    const range = split.range as unknown as Range
    const part = this.#partOf(split)
    const { from, until } = options
    const last = Math.max(range.start, range.end ?? part.rowCount)
    const end = until === undefined ? last : rowBehind(split, until, range.start, last)
    this.#counters.openConnections++
    try {
      let next = from === undefined ? range.start : rowBehind(split, from, range.start, last)
      while (next < end) {
        options.signal.throwIfAborted()
        await this.#wait(options.signal)
        const taken = this.#take(part, next, end, options)
        next = taken.next
        if (taken.batch !== undefined) yield taken.batch
      }
      options.signal.throwIfAborted()
    } finally {
      this.#counters.openConnections--
    }
  }

  #partOf({ id, table }: Split): MemoryPart {
    const part = this.parts.find(({ name }) => name === table)
    if (part !== undefined) return part
    throw new PluginError({
      code: 'POSITION_LOST',
      message: `Reading split ${id}: there is no table ${table} in memory.`,
    })
  }

  async #wait(signal: AbortSignal): Promise<void> {
    const { delayMs = 0, silentAfterRows = Infinity } = this.#options
    const waitMs = this.#counters.rowsProduced >= silentAfterRows ? silenceMs : delayMs
    if (waitMs === 0) return
    try {
      await sleep(waitMs, undefined, { signal })
    } catch (error) {
      throw signal.aborted ? signal.reason : error
    }
  }

  /** The batch that begins at a row, and the row to go on with, which is its position; no batch when all were deleted. */
  #take(
    part: MemoryPart,
    from: number,
    end: number,
    limits: ReadOptions,
  ): { readonly batch: RecordBatch | undefined; readonly next: number } {
    const { silentAfterRows = Infinity } = this.#options
    let next = from
    let first = part.entryAt(next)
    while (next < end && first === undefined) first = part.entryAt(++next)
    if (first === undefined || next >= end) return { batch: undefined, next: end }
    const { schema } = first
    const builder = new BatchBuilder(schema, limits)
    const unreadable: { row: readonly Cell[]; error: RowError }[] = []
    for (; next < end; next++) {
      const entry = part.entryAt(next)
      if (entry === undefined) continue
      if (entry.schema !== schema) break
      if (builder.rowCount + unreadable.length >= limits.maxRows) break
      if (builder.rowCount > 0 && this.#counters.rowsProduced >= silentAfterRows) break
      const row: Row = [...entry.row]
      const error = this.#options.unreadableRows?.get(next)
      if (error) unreadable.push({ row, error })
      else {
        const byteSize = row.reduce<number>((sum, cell) => sum + byteLengthOfCell(cell), 0)
        if (builder.mustFlushBefore(byteSize)) break
        this.#failIfDue(part)
        if (entry.change === undefined) builder.add(row, byteSize)
        else builder.addChange(row, byteSize, entry.change)
      }
      this.#counters.rowsProduced++
    }
    const hasPosition = limits.positions === true && this.#isResumable
    const batch = builder.take(hasPosition ? positionBehind(part.noun, next) : undefined)
    return { batch: unreadable.length > 0 ? { ...batch, unreadable } : batch, next }
  }

  #failIfDue({ name }: MemoryPart): void {
    const { failAfterRows, isFailureRetryable = false, passingFailures = [] } = this.#options
    const { rowsProduced, failuresMet } = this.#counters
    if (failAfterRows !== undefined && rowsProduced >= failAfterRows)
      throw this.#failure(name, failAfterRows, isFailureRetryable)
    const due = passingFailures[failuresMet]
    if (due === undefined || rowsProduced < due) return
    this.#counters.failuresMet++
    throw this.#failure(name, due, true)
  }

  #failure(name: string, rows: number, isRetryable: boolean): PluginError {
    return new PluginError({
      code: 'SOURCE_FAILED',
      message: `Reading ${name}: the source failed after ${rows} rows.`,
      isRetryable,
    })
  }

  async [Symbol.asyncDispose]() {}
}
