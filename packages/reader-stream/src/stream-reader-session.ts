import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import {
  PluginError,
  type CallOptions,
  type Finding,
  type ReaderSession,
  type ReadOptions,
  type Split,
  type SplitPlan,
} from '@millrace/core/plugin'
import {
  BatchBuilder,
  type Position,
  type RecordBatch,
  type TableSchema,
} from '@millrace/core/record'
import type { ColumnPlan } from './column-plan.ts'
import type { StreamReaderConfig } from './config-schema.ts'
import { inlineRows, madeRows, type RowSource } from './row-source.ts'

/** Makes rows; it holds nothing open. */
export class StreamReaderSession implements ReaderSession {
  readonly #config: StreamReaderConfig
  readonly #columns: readonly ColumnPlan[]
  readonly #schema: TableSchema
  readonly #seed: number

  /** @param seed seed of the random cells, an integer of at least 0 */
  constructor(config: StreamReaderConfig, columns: readonly ColumnPlan[], seed: number) {
    this.#config = config
    this.#columns = columns
    this.#schema = {
      table: 'stream',
      version: 1,
      fields: columns.map(({ field }) => field),
      key: [],
    }
    this.#seed = seed
  }

  async check({ signal }: CallOptions): Promise<readonly Finding[]> {
    signal.throwIfAborted()
    return []
  }

  async describe({ signal }: CallOptions): Promise<readonly TableSchema[]> {
    signal.throwIfAborted()
    return [this.#schema]
  }

  async split(desired: number, { signal }: CallOptions): Promise<SplitPlan> {
    signal.throwIfAborted()
    const { rows, sliceRecordCount = 0 } = this.#config
    const splits = Array.from({ length: rows ? 1 : desired }, (_, task): Split => {
      const estimatedRows = rows?.length ?? sliceRecordCount
      return {
        id: `stream:${task}`,
        table: 'stream',
        range: { task },
        resumable: true,
        estimatedRows,
      }
    })
    return { splits, consistency: 'one-snapshot' }
  }

  async *read(split: Split, options: ReadOptions): AsyncGenerator<RecordBatch, void> {
    const { signal } = options
    const from = options.from === undefined ? undefined : startOf(options.from)
    const until = options.until === undefined ? undefined : startOf(options.until)
    const seed = from?.seed ?? until?.seed ?? this.#seed
    const source = this.#source(taskOf(split), seed)
    const end = Math.min(source.rowCount, until?.row ?? Infinity)
    let next = from?.row ?? 0
    signal.throwIfAborted()
    while (next < end) {
      await this.#pause(signal)
      const builder = new BatchBuilder(this.#schema, options)
      next = fill(builder, source, next, end)
      const position: Position = { token: { seed, row: next }, label: `row ${next}` }
      yield builder.take(options.positions === true ? position : undefined)
      signal.throwIfAborted()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #source(task: number, seed: number): RowSource {
    const { rows, sliceRecordCount = 0 } = this.#config
    return rows
      ? inlineRows(this.#columns, rows.length)
      : madeRows(this.#columns, sliceRecordCount, seed, task)
  }

  /** Gives timers and signals a turn, since nothing else here ever waits for anything. */
  async #pause(signal: AbortSignal): Promise<void> {
    const { delayMs = 0 } = this.#config
    try {
      await (delayMs > 0 ? sleep(delayMs, undefined, { signal }) : nextTurn(undefined, { signal }))
    } catch (error) {
      throw signal.aborted ? signal.reason : error
    }
  }
}

/** Puts rows before `end` into a batch until it is full; gives the number of the row to go on with. */
function fill(builder: BatchBuilder, source: RowSource, from: number, end: number): number {
  for (let index = from; index < end; index++) {
    const row = source.row(index)
    const byteSize = source.byteSize(row)
    if (builder.mustFlushBefore(byteSize)) return index
    builder.add(row, byteSize)
  }
  return end
}

function taskOf(split: Split): number {
  const { task } = split.range as { readonly task: unknown }
  return typeof task === 'number' ? task : 0
}

function startOf(position: Position): { seed: number; row: number } {
  const token = position.token as { readonly seed?: unknown; readonly row?: unknown } | null
  if (typeof token?.seed === 'number' && typeof token.row === 'number') {
    return { seed: token.seed, row: token.row }
  }
  throw new PluginError({
    code: 'POSITION_LOST',
    message: `Reading rows made to order: ${position.label} is no position of this reader.`,
    hint: 'Run the job from the beginning.',
  })
}
