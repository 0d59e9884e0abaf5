import type {
  FollowOptions,
  PluginContext,
  ReaderSession,
  ReadOptions,
  Split,
  SplitPlan,
} from '@millrace/core/plugin'
import type { RecordBatch, TableSchema } from '@millrace/core/record'
import { validConfig } from '../schema-cases.ts'
import { never, testContext } from '../test-context.ts'
import { eventually, within } from '../waiting.ts'
import type { ReadPart } from './read-rows.ts'
import type { ReaderHarness, ReaderSource } from './reader-harness.ts'

/** A session of the reader that is tried. Disposing it disposes the session. */
export class OpenReader implements AsyncDisposable {
  readonly session: ReaderSession
  readonly harness: ReaderHarness
  readonly source: ReaderSource
  #isDisposed = false

  private constructor(harness: ReaderHarness, source: ReaderSource, session: ReaderSession) {
    this.harness = harness
    this.source = source
    this.session = session
  }

  /** Opens a session and makes the calls that come before reading. */
  static async open(
    harness: ReaderHarness,
    source: ReaderSource,
    overrides: Partial<PluginContext> = {},
  ): Promise<OpenReader> {
    const config = await validConfig(harness.plugin.config, source.config)
    const { context } = testContext(source.dataSources, overrides)
    const session = await harness.plugin.open(config, context, { signal: never })
    const reader = new OpenReader(harness, source, session)
    try {
      await session.check({ signal: never })
      await session.describe({ signal: never })
      return reader
    } catch (error) {
      await reader[Symbol.asyncDispose]()
      throw error
    }
  }

  async describe(): Promise<readonly TableSchema[]> {
    return await this.session.describe({ signal: never })
  }

  async plan(desired = 1): Promise<SplitPlan> {
    return await this.session.split(desired, { signal: never })
  }

  /** The first split of a plan for one channel. */
  async onlySplit(): Promise<Split> {
    const [split] = (await this.plan(1)).splits
    if (!split) throw new Error('the plan has no split')
    return split
  }

  /** Begins to read a split. */
  iterate(split: Split, options: Partial<ReadOptions> = {}): AsyncIterator<RecordBatch> {
    return this.session.read(split, readOptions(options))[Symbol.asyncIterator]()
  }

  /** Reads a split to its end. */
  async read(split: Split, options: Partial<ReadOptions> = {}): Promise<RecordBatch[]> {
    return await this.#all(this.iterate(split, options), `a batch of split ${split.id}`)
  }

  /** Reads splits to their ends, one after the other. */
  async readAll(
    splits: readonly Split[],
    options: Partial<ReadOptions> = {},
  ): Promise<readonly ReadPart[]> {
    const parts: ReadPart[] = []
    for (const split of splits)
      parts.push({ split: split.id, batches: await this.read(split, options) })
    return parts
  }

  /** All batches of changes up to `until`. */
  async changes(
    from: Parameters<NonNullable<ReaderSession['follow']>>[0],
    options: Partial<FollowOptions> & Pick<FollowOptions, 'until'>,
  ): Promise<RecordBatch[]> {
    return await this.#all(this.follow(from, options), 'a batch of changes')
  }

  /** Begins to follow changes. */
  follow(
    from: Parameters<NonNullable<ReaderSession['follow']>>[0],
    options: Partial<FollowOptions> = {},
  ): AsyncIterator<RecordBatch> {
    if (this.session.follow === undefined) throw new Error('the session has no follow')
    return this.session.follow(from, readOptions(options))[Symbol.asyncIterator]()
  }

  /** Disposes the session and fails when connections stay open. */
  async assertReleased(after: string): Promise<void> {
    await this[Symbol.asyncDispose]()
    await assertAllClosed(this.harness, this.source, after)
  }

  async #all(iterator: AsyncIterator<RecordBatch>, what: string): Promise<RecordBatch[]> {
    const batches: RecordBatch[] = []
    try {
      for (;;) {
        const promise = `${what} neither comes nor is the end told`
        const next = await within(iterator.next(), promise, this.harness.timeoutMs)
        if (next.done === true) return batches
        batches.push(next.value)
      }
    } catch (error) {
      abandon(iterator)
      throw error
    }
  }

  /** Disposes the session once; the suite itself calls its dispose when it tries that. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isDisposed) return
    this.#isDisposed = true
    await within(
      Promise.resolve(this.session[Symbol.asyncDispose]()),
      'dispose never ends',
      this.harness.timeoutMs,
    )
  }
}

/** Ends an iteration without waiting: one that is broken may never end. */
export function abandon(iterator: AsyncIterator<RecordBatch>): void {
  iterator.return?.().catch(() => undefined)
}

/** Options of a read with bounds that are never in the way, unless they are given. */
export function readOptions(options: Partial<ReadOptions> = {}): ReadOptions {
  return { signal: never, maxRows: 10_000, maxBytes: 16_777_216, maxDelayMs: 100, ...options }
}

/** Connections the reader has open; 0 where they cannot be counted. */
export async function openConnections(source: ReaderSource): Promise<number> {
  return (await source.openConnections?.()) ?? 0
}

/** Fails when the reader keeps connections open. */
export async function assertAllClosed(
  { timeoutMs }: ReaderHarness,
  source: ReaderSource,
  after: string,
): Promise<void> {
  await eventually(
    async () => (await openConnections(source)) === 0,
    `the reader keeps connections open after ${after}`,
    timeoutMs,
  )
}
