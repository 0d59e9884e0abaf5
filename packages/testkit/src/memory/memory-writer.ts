import { setTimeout as sleep } from 'node:timers/promises'
import {
  defineWriter,
  PluginError,
  z,
  type CallOptions,
  type Checkpoint,
  type PluginContext,
  type PreviewCommand,
  type RejectedRow,
  type TruncateOptions,
  type WriteOptions,
  type WriteProgress,
  type WriteResult,
  type WriterPlugin,
  type WriterSession,
} from '@millrace/core/plugin'
import {
  byteLengthOfCell,
  type BatchLimits,
  type Cell,
  type OperationCode,
  type RecordBatch,
  type Row,
  type RowError,
  type TableSchema,
} from '@millrace/core/record'
import { MemoryCheckpoint, MemoryCheckpointStore } from './memory-checkpoint.ts'
import { tableOf, type MemoryWrite } from './memory-table.ts'

/** Behaviour of a {@link memoryWriter} beyond keeping rows. */
export interface MemoryWriterOptions {
  /** Default `memory`. */
  readonly stepType?: string
  /** Default 1,000 rows, 1 MiB and 4 batches under way. */
  readonly limits?: Partial<BatchLimits & { maxInFlight: number }>
  /** Rows found wrong before sending. */
  readonly rejectRow?: (row: Row, schema: TableSchema) => RowError | undefined
  /** Rows refused by the target after sending. */
  readonly refuseRow?: (row: Row, schema: TableSchema) => RowError | undefined
  /** How many of the first calls of `write` fail with TARGET_FAILED, before writing anything. */
  readonly failWrites?: number
  /** Whether those failures say `isRetryable`. Default false. */
  readonly isFailureRetryable?: boolean
  /** Each write takes this long. Default 0. */
  readonly delayMs?: number
  /** The password without which `check` and `write` refuse. */
  readonly password?: string
  /** Whether it keeps a checkpoint with its rows. Default false. */
  readonly keepsCheckpoint?: boolean
  /**
   * Whether it is as a target with keys: `table()` has the last row of each key, operation codes are applied, a table can be
   * emptied, and writing twice leaves what once leaves. Default false: every row is kept, and deletes are rejected.
   */
  readonly isKeyed?: boolean
  /**
   * Called around every write with its number, from 1 over all sessions. What it throws is the outcome: `before`, nothing
   * was written; `after`, all of it was, and nobody hears of it.
   */
  readonly onWrite?: (moment: 'before' | 'after', count: number) => void
}

/** A writer into memory, and what a test may ask it. */
export interface MemoryWriter {
  readonly plugin: WriterPlugin<typeof configSchema>
  /** Every batch that was written, in order. */
  readonly writes: readonly MemoryWrite[]
  /** Rows of all writes, in order. */
  rows(): readonly (readonly Cell[])[]
  /** What a target with keys holds: the last row of each key that was not deleted. */
  table(): readonly (readonly Cell[])[]
  /** The run that has the fence counts as dead from now on, as if its connections were cut. */
  cutConnections(): void
  /** Open sessions that have connected: what connections are to a server. */
  openConnections(): number
  /** Takes the last writes back, rows and checkpoint, as a failover does that loses what was acknowledged. */
  goBack(writes: number): void
}

const configSchema = z.looseObject({
  password: z.string().optional().describe('Password, where the writer asks for one.'),
})
type Config = z.output<typeof configSchema>

interface State {
  readonly writes: MemoryWrite[]
  readonly checkpoint: MemoryCheckpointStore
  writeCount: number
  openConnections: number
  failuresLeft: number
}

/**
 * A correct writer into memory. Writing twice keeps both, so it is not idempotent.
 *
 * @example
 * ```ts
 * const writer = memoryWriter({ rejectRow: (row) => row[0] === null ? { code: 'NULL_KEY', message: 'no key' } : undefined })
 * ```
 */
export function memoryWriter(options: MemoryWriterOptions = {}): MemoryWriter {
  const state: State = {
    writes: [],
    checkpoint: new MemoryCheckpointStore(),
    writeCount: 0,
    openConnections: 0,
    failuresLeft: options.failWrites ?? 0,
  }
  const plugin = defineWriter({
    apiVersion: 1,
    kind: 'writer',
    stepType: options.stepType ?? 'memory',
    description: 'Keeps rows in memory, for tests',
    capabilities: { deletes: options.isKeyed === true },
    config: configSchema,
    guarantee: () =>
      options.isKeyed === true
        ? { isIdempotent: true }
        : { isIdempotent: false, note: 'a second run keeps every row twice' },
    open: async (config: Config, _context: PluginContext, { signal }: CallOptions) => {
      signal.throwIfAborted()
      const session = new MemoryWriterSession(config, options, state)
      // A writer that cannot do something has no such method.
      if (options.keepsCheckpoint !== true) Object.assign(session, { checkpoint: undefined })
      if (options.isKeyed !== true) Object.assign(session, { truncate: undefined })
      return session
    },
  })
  return {
    plugin,
    writes: state.writes,
    rows: () => state.writes.flatMap((write) => write.rows),
    table: () => [...tableOf(state.writes).values()],
    cutConnections: () => state.checkpoint.cut(),
    openConnections: () => state.openConnections,
    goBack: (writes) => {
      const [first] = state.writes.splice(-writes)
      if (first !== undefined) state.checkpoint.restore(first)
    },
  }
}

const keptForever: RowError = {
  code: 'DELETE_NOT_APPLIED',
  message: 'what was kept without a key cannot be found again',
}

class MemoryWriterSession implements WriterSession {
  readonly limits: BatchLimits & { readonly maxInFlight: number }
  readonly #config: Config
  readonly #options: MemoryWriterOptions
  readonly #state: State
  #isConnected = false
  /** Ends when the batch before has been written, so that batches keep their order. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(config: Config, options: MemoryWriterOptions, state: State) {
    this.limits = { maxRows: 1000, maxBytes: 1_048_576, maxInFlight: 4, ...options.limits }
    this.#config = config
    this.#options = options
    this.#state = state
  }

  async check(_schemas: readonly TableSchema[], { signal }: CallOptions) {
    signal.throwIfAborted()
    this.#connect()
    return []
  }

  write(batch: RecordBatch, options: WriteOptions): Promise<WriteResult> {
    const turn = this.#last.then(() => this.#write(batch, options))
    this.#last = turn.catch(() => undefined)
    return turn
  }

  preview(batch: RecordBatch) {
    const rejected = this.#rejectedRows(batch)
    const commands = batch.rows
      .filter((_, index) => !rejected.some(({ row }) => row === index))
      .map((row): PreviewCommand => ['KEEP', ...row.map(String)])
    return { commands, rejected }
  }

  async [Symbol.asyncDispose]() {
    if (!this.#isConnected) return
    this.#isConnected = false
    this.#state.openConnections--
  }

  async #write(batch: RecordBatch, options: WriteOptions): Promise<WriteResult> {
    const { signal, progress } = options
    signal.throwIfAborted()
    this.#connect()
    const rejected = this.#rejectedRows(batch)
    if (!options.admit(rejected)) return { sent: false, written: 0, rejected: [], bytesWritten: 0 }
    await this.#wait(signal)
    this.#failIfDue()
    this.#state.writeCount += 1
    const count = this.#state.writeCount
    this.#options.onWrite?.('before', count)
    const result = this.#keep(batch, progress, new Set(rejected.map(({ row }) => row)))
    this.#options.onWrite?.('after', count)
    return result
  }

  checkpoint(_job: string, { signal }: CallOptions): Promise<Checkpoint> {
    signal.throwIfAborted()
    return Promise.resolve(new MemoryCheckpoint(this.#state.checkpoint))
  }

  async truncate(schema: TableSchema, { signal, progress }: TruncateOptions): Promise<WriteResult> {
    await this.#last
    signal.throwIfAborted()
    const { splits, header } = this.#state.checkpoint
    const before = new Map(splits)
    this.#state.checkpoint.take(progress)
    this.#state.writes.push({ schema, rows: [], progress, before, header, isTruncate: true })
    return { sent: true, written: 0, rejected: [], bytesWritten: 0 }
  }

  #keep(batch: RecordBatch, progress: WriteProgress, isRejected: ReadonlySet<number>): WriteResult {
    const { splits, header } = this.#state.checkpoint
    const before = new Map(splits)
    this.#state.checkpoint.take(progress)
    const refused: RejectedRow[] = []
    const rows: Row[] = []
    const operations: OperationCode[] = []
    const rowsBefore: (Row | null)[] = []
    let bytesWritten = 0
    for (const [index, row] of batch.rows.entries()) {
      if (isRejected.has(index)) continue
      const error = this.#options.refuseRow?.(row, batch.schema)
      if (error) refused.push({ row: index, error })
      else {
        rows.push([...row])
        operations.push(batch.changes?.operations[index] ?? 'r')
        rowsBefore.push(batch.changes?.before[index] ?? null)
      }
      for (const cell of row) bytesWritten += byteLengthOfCell(cell)
    }
    const isKept = rows.length > 0 || progress.record !== undefined
    const { schema } = batch
    if (progress.isApplied !== true && isKept)
      this.#state.writes.push({ schema, rows, operations, rowsBefore, progress, before, header })
    return { sent: true, written: rows.length, rejected: refused, bytesWritten }
  }

  #rejectedRows(batch: RecordBatch): RejectedRow[] {
    const { rejectRow, isKeyed } = this.#options
    const { rows, schema, changes } = batch
    const isDelete = (index: number) => isKeyed !== true && changes?.operations[index] === 'd'
    return rows.flatMap((row, index) => {
      const error = isDelete(index) ? keptForever : rejectRow?.(row, schema)
      return error ? [{ row: index, error }] : []
    })
  }

  #connect(): void {
    const { password } = this.#options
    if (password !== undefined && this.#config.password !== password) {
      throw new PluginError({
        code: 'TARGET_UNREACHABLE',
        message: 'Connecting to the memory: the password was refused.',
        hint: 'Set "password" to the one the test was made with.',
      })
    }
    if (!this.#isConnected) this.#state.openConnections++
    this.#isConnected = true
  }

  #failIfDue(): void {
    if (this.#state.failuresLeft <= 0) return
    this.#state.failuresLeft--
    throw new PluginError({
      code: 'TARGET_FAILED',
      message: 'Writing to the memory: the test asked for a failure.',
      isRetryable: this.#options.isFailureRetryable ?? false,
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
}
