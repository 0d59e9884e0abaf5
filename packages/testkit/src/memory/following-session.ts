import type {
  CallOptions,
  FollowOptions,
  LogStatus,
  ReadOptions,
  Split,
  SplitPlan,
} from '@millrace/core/plugin'
import {
  qualifiedName,
  type Position,
  type RecordBatch,
  type TableSchema,
} from '@millrace/core/record'
import type { Dataset } from '../dataset.ts'
import { positionInLog, type MemoryLog } from './memory-log.ts'
import { entryOfRow, type MemoryPart } from './memory-parts.ts'
import { MemoryReaderSession, type MemoryCounters } from './memory-reader-session.ts'
import type { MemoryReaderOptions } from './memory-reader.ts'

/** Reads tables in memory as they stand at an instant, and follows what is appended to their log. */
export class FollowingSession extends MemoryReaderSession {
  readonly #datasets: readonly Dataset[]
  readonly #log: MemoryLog
  readonly #counters: MemoryCounters
  /** Tables that are no part of the job. */
  readonly #unread: ReadonlySet<string>
  /** Changes that the rows which are read have seen. */
  #instant: number
  /** The tables at that instant, once they were asked for. */
  #parts: readonly MemoryPart[] | undefined

  constructor(
    datasets: readonly Dataset[],
    log: MemoryLog,
    options: MemoryReaderOptions,
    counters: MemoryCounters,
  ) {
    super(datasets, options, counters)
    this.#datasets = datasets
    this.#log = log
    this.#counters = counters
    const names = datasets.map(({ schema }) => qualifiedName(schema))
    this.#unread = new Set(names.filter((name) => options.reads?.includes(name) === false))
    this.#instant = log.length
  }

  protected override get parts(): readonly MemoryPart[] {
    this.#parts ??= this.#partsAt(this.#instant)
    return this.#parts
  }

  override async describe({ signal }: CallOptions): Promise<readonly TableSchema[]> {
    signal.throwIfAborted()
    return this.#log
      .schemasAt(this.#datasets, this.#log.length)
      .filter((schema) => !this.#unread.has(qualifiedName(schema)))
  }

  override async split(desired: number, options: CallOptions): Promise<SplitPlan> {
    const followFrom = await this.takeSnapshot(options)
    return { ...(await super.split(desired, options)), followFrom }
  }

  async takeUp(tables: ReadonlySet<string>, desired: number, { signal }: CallOptions) {
    signal.throwIfAborted()
    return this.cut(desired).filter(({ table }) => tables.has(table))
  }

  override async *read(split: Split, options: ReadOptions): AsyncGenerator<RecordBatch, void> {
    yield* super.read(split, options)
    // As a server would answer: never at once.
    await new Promise((resolve) => setImmediate(resolve))
  }

  async *follow(from: Position, options: FollowOptions): AsyncGenerator<RecordBatch, void> {
    this.#counters.openConnections += 1
    try {
      const leaveOut = new Set([...this.#unread, ...(options.leaveOut ?? [])])
      yield* this.#log.follow(this.#datasets, from, { ...options, leaveOut })
    } finally {
      this.#counters.openConnections -= 1
    }
  }

  async takeSnapshot({ signal }: CallOptions): Promise<Position> {
    signal.throwIfAborted()
    this.#instant = this.#log.length
    this.#parts = undefined
    return positionInLog(this.#instant)
  }

  async currentPosition({ signal }: CallOptions): Promise<Position> {
    signal.throwIfAborted()
    return positionInLog(this.#log.length)
  }

  async acknowledge({ token }: Position, { signal }: CallOptions): Promise<void> {
    signal.throwIfAborted()
    this.#log.acknowledged = Number(token)
  }

  async logStatus({ token }: Position, { signal }: CallOptions): Promise<LogStatus> {
    signal.throwIfAborted()
    const { length: end, budgetBytes } = this.#log
    // As if every change were one byte.
    const lagBytes = end - Number(token)
    const budget =
      budgetBytes === undefined
        ? {}
        : { budgetBytes, budgetLeftBytes: Math.max(0, budgetBytes - lagBytes) }
    return { log: 'memory', lagBytes, ...budget, end: `change ${end}` }
  }

  #partsAt(instant: number): readonly MemoryPart[] {
    const schemas = this.#log.schemasAt(this.#datasets, instant)
    const parts = schemas.map((schema, index): MemoryPart => {
      const rows = this.#log.rowsAt(this.#datasets, index, instant)
      return {
        name: qualifiedName(schema),
        noun: 'row',
        rowCount: rows.length,
        isGrowing: true,
        entryAt: (place) => entryOfRow(schema, rows[place]),
      }
    })
    return parts.filter(({ name }) => !this.#unread.has(name))
  }
}
