import { setTimeout as sleep } from 'node:timers/promises'
import {
  defineReader,
  PluginError,
  z,
  type CallOptions,
  type PluginContext,
  type ReaderPlugin,
  type ReaderSession,
  type ReadOptions,
  type Split,
  type SplitPlan,
} from '@millrace/core/plugin'
import {
  BatchBuilder,
  byteLengthOfCell,
  type Cell,
  type Position,
  type RecordBatch,
  type Row,
  type RowError,
} from '@millrace/core/record'
import type { Dataset } from '../dataset.ts'

/** Behaviour of a {@link memoryReader} beyond giving its rows. */
export interface MemoryReaderOptions {
  /** Default `memory`. */
  readonly stepType?: string
  /** Splits at most, whatever is desired. */
  readonly maxSplits?: number
  /** Waits this long before each batch. Default 0. */
  readonly delayMs?: number
  /** Once this many rows were produced in a session, `read` throws SOURCE_FAILED. */
  readonly failAfterRows?: number
  /** Whether that failure says `isRetryable`. Default false. */
  readonly isFailureRetryable?: boolean
  /** Rows that arrive as unreadable: index in the dataset, and why. */
  readonly unreadableRows?: ReadonlyMap<number, RowError>
  /** The password without which it refuses to open. */
  readonly password?: string
}

/** A reader of rows in memory, and what a test may ask it. */
export interface MemoryReader {
  readonly plugin: ReaderPlugin<typeof configSchema>
  /** Reads under way: what connections are to a database. */
  openConnections(): number
  /** Rows handed out since it was made. */
  rowsProduced(): number
}

const configSchema = z.looseObject({
  table: z.string().optional().describe('Name of the table, only for messages.'),
  password: z.string().optional().describe('Password, where the reader asks for one.'),
})
type Config = z.output<typeof configSchema>

interface Counters {
  openConnections: number
  rowsProduced: number
}

/**
 * A correct reader over rows in memory: splits, bounds, positions, all of the contract but `follow`.
 *
 * @example
 * ```ts
 * const reader = memoryReader(sampleDataset(1000), { failAfterRows: 500 })
 * ```
 */
export function memoryReader(dataset: Dataset, options: MemoryReaderOptions = {}): MemoryReader {
  const counters: Counters = { openConnections: 0, rowsProduced: 0 }
  const plugin = defineReader({
    apiVersion: 1,
    kind: 'reader',
    stepType: options.stepType ?? 'memory',
    description: 'Rows that stand in memory, for tests',
    capabilities: { parallelSplits: true, resumableSplits: true, follow: false },
    config: configSchema,
    columnNames: () => dataset.schema.fields.map((field) => field.name),
    open: async (config: Config, _context: PluginContext, { signal }: CallOptions) => {
      signal.throwIfAborted()
      refuseWrongPassword(config, options)
      return new MemoryReaderSession(dataset, options, counters)
    },
  })
  return {
    plugin,
    openConnections: () => counters.openConnections,
    rowsProduced: () => counters.rowsProduced,
  }
}

function refuseWrongPassword(config: Config, options: MemoryReaderOptions): void {
  if (options.password === undefined || config.password === options.password) return
  throw new PluginError({
    code: 'SOURCE_UNREACHABLE',
    message: 'Opening the rows in memory: the password was refused.',
    hint: 'Set "password" to the one the test was made with.',
  })
}

class MemoryReaderSession implements ReaderSession {
  readonly #dataset: Dataset
  readonly #options: MemoryReaderOptions
  readonly #counters: Counters

  constructor(dataset: Dataset, options: MemoryReaderOptions, counters: Counters) {
    this.#dataset = dataset
    this.#options = options
    this.#counters = counters
  }

  async check({ signal }: CallOptions) {
    signal.throwIfAborted()
    return []
  }

  async describe({ signal }: CallOptions) {
    signal.throwIfAborted()
    return this.#dataset.schema
  }

  async split(desired: number, { signal }: CallOptions): Promise<SplitPlan> {
    signal.throwIfAborted()
    const { rows, schema } = this.#dataset
    const count = Math.max(1, Math.min(desired, this.#options.maxSplits ?? desired, rows.length))
    const splits = Array.from({ length: count }, (_, index): Split => {
      const start = Math.floor((rows.length * index) / count)
      const end = Math.floor((rows.length * (index + 1)) / count)
      return {
        id: `${schema.table}:${index}`,
        table: schema.table,
        range: { start, end },
        resumable: true,
        estimatedRows: end - start,
      }
    })
    return { splits, consistency: 'one-snapshot' }
  }

  async *read(split: Split, options: ReadOptions): AsyncGenerator<RecordBatch, void> {
    const { start, end: last } = split.range as { start: number; end: number }
    const { until } = options
    const end = until === undefined ? last : this.#rowBehind(until, start, last)
    this.#counters.openConnections++
    try {
      let next = options.from === undefined ? start : this.#rowBehind(options.from, start, last)
      while (next < end) {
        options.signal.throwIfAborted()
        await this.#wait(options.signal)
        const batch = this.#take(next, end, options)
        next += batch.rows.length + (batch.unreadable?.length ?? 0)
        yield batch
      }
      options.signal.throwIfAborted()
    } finally {
      this.#counters.openConnections--
    }
  }

  /** The index of the first row behind a position, whose token it is. */
  #rowBehind({ token, label }: Position, start: number, end: number): number {
    if (typeof token === 'number' && token >= start && token <= end) return token
    throw new PluginError({
      code: 'POSITION_LOST',
      message: `Reading ${this.#dataset.schema.table}: ${label} is no position in rows ${start} to ${end}.`,
      hint: 'Read the split from its beginning.',
    })
  }

  async #wait(signal: AbortSignal): Promise<void> {
    const { delayMs = 0 } = this.#options
    if (delayMs === 0) return
    try {
      await sleep(delayMs, undefined, { signal })
    } catch (error) {
      throw signal.aborted ? signal.reason : error
    }
  }

  /** The batch that begins at a row; its position is the index of the row to go on with. */
  #take(from: number, end: number, limits: ReadOptions): RecordBatch {
    const { schema, rows } = this.#dataset
    const builder = new BatchBuilder(schema, limits)
    const unreadable: { row: readonly Cell[]; error: RowError }[] = []
    let next = from
    for (; next < end; next++) {
      const row: Row = [...(rows[next] as readonly Cell[])]
      const error = this.#options.unreadableRows?.get(next)
      if (error) {
        if (builder.rowCount + unreadable.length >= limits.maxRows) break
        unreadable.push({ row, error })
      } else {
        const byteSize = row.reduce<number>((sum, cell) => sum + byteLengthOfCell(cell), 0)
        if (builder.rowCount + unreadable.length >= limits.maxRows) break
        if (builder.mustFlushBefore(byteSize)) break
        this.#failIfDue()
        builder.add(row, byteSize)
      }
      this.#counters.rowsProduced++
    }
    const position: Position = { token: next, label: `row ${next}` }
    const batch = builder.take(limits.positions === true ? position : undefined)
    return unreadable.length > 0 ? { ...batch, unreadable } : batch
  }

  #failIfDue(): void {
    const { failAfterRows, isFailureRetryable = false } = this.#options
    if (failAfterRows === undefined || this.#counters.rowsProduced < failAfterRows) return
    throw new PluginError({
      code: 'SOURCE_FAILED',
      message: `Reading ${this.#dataset.schema.table}: the source failed after ${failAfterRows} rows.`,
      isRetryable: isFailureRetryable,
    })
  }

  async [Symbol.asyncDispose]() {}
}
