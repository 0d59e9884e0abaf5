import {
  PluginError,
  type CallOptions,
  type Finding,
  type FollowOptions,
  type LogStatus,
  type PluginContext,
  type ReaderSession,
  type ReadOptions,
  type Split,
  type SplitPlan,
} from '@millrace/core/plugin'
import type { Position, RecordBatch, TableSchema } from '@millrace/core/record'
import type { PipelineConfig } from '../config/pipeline-config.ts'
import { onPrimary } from '../connection/client-options.ts'
import { openOneRouter, type OpenSource } from '../connection/open-router.ts'
import type { SourceClient } from '../connection/source-client.ts'
import { operationTime, takeSnapshot, type Snapshot } from '../snapshot/exact-snapshot.ts'
import { CollectionCatalogue } from '../snapshot/list-collections.ts'
import { rangeToRead } from '../snapshot/collection-split.ts'
import { planSplits } from '../snapshot/plan-splits.ts'
import { readDocuments } from '../snapshot/read-documents.ts'
import { checkChanges } from './check-changes.ts'
import { findCollections } from './find-collections.ts'
import type { FollowedCollection, FollowedCollections } from './followed-collection.ts'
import { followStream } from './follow-stream.ts'
import { readLogStatus } from './log-status.ts'
import { readServerVersion, splitsLargeEvents } from './server-version.ts'
import { positionOf, streamPositionOf, type ClusterTime } from './stream-position.ts'

/** Connections beside those of the channels: for commands, and for the stream. */
const ownConnections = 3

const streamDocuments = {
  lookup: 'updateLookup',
  post_image: 'required',
  fields: 'default',
} as const

/** An open reader of whole documents of several collections, which can follow their changes. */
export class DocumentsSession implements ReaderSession {
  readonly #config: PipelineConfig
  readonly #context: PluginContext
  #source: Promise<OpenSource> | undefined
  #described: Promise<FollowedCollections> | undefined
  #canSplit: boolean | undefined
  #snapshot: Snapshot | undefined
  /** Times that reads have seen; `undefined` among them: none in particular. */
  readonly #seen = new Set<ClusterTime | undefined>()
  #isDisposed = false

  constructor(config: PipelineConfig, context: PluginContext) {
    this.#config = config
    this.#context = context
  }

  async check({ signal }: CallOptions): Promise<readonly Finding[]> {
    const collections = await this.#collections(signal)
    if (this.#context.follows !== true) return []
    return await this.#ask(signal, (source) =>
      checkChanges(source, collections, this.#config, signal),
    )
  }

  async describe({ signal }: CallOptions): Promise<readonly TableSchema[]> {
    const collections = await this.#collections(signal)
    return collections.all.map(({ columns, hasImages: hasImage }) =>
      columns.schemaOf({ replaces: false, hasImage }),
    )
  }

  async split(desired: number, { signal }: CallOptions): Promise<SplitPlan> {
    const { all } = await this.#collections(signal)
    const { facts } = await this.#client(signal)
    if (!facts.hasOplog && this.#context.follows !== true)
      return { splits: await this.#cut(all, desired, signal), consistency: 'per-split' }
    const followFrom = await this.takeSnapshot({ signal })
    const splits = await this.#cut(all, desired, signal)
    const isOne = this.#snapshot?.isExact === true
    return {
      splits,
      consistency: isOne ? 'one-snapshot' : 'per-split',
      ...(this.#context.follows === true ? { followFrom, overlapsChanges: !isOne } : {}),
    }
  }

  /** The stream is opened for all collections of the job anyway. */
  async takeUp(
    tables: ReadonlySet<string>,
    desired: number,
    { signal }: CallOptions,
  ): Promise<readonly Split[]> {
    const { all } = await this.#collections(signal)
    const wanted = all.filter(({ label }) => tables.has(label))
    return await this.#cut(wanted, desired, signal)
  }

  async #cut(
    collections: readonly FollowedCollection[],
    desired: number,
    signal: AbortSignal,
  ): Promise<readonly Split[]> {
    const { logger } = this.#context
    return await this.#ask(signal, async (source) => {
      const splits: Split[] = []
      for (const collection of collections) {
        const cut = { ...collection, hasIdOrder: true }
        splits.push(...(await planSplits(source, cut, { count: desired, logger, signal })))
      }
      return splits
    })
  }

  async *read(split: Split, options: ReadOptions): AsyncGenerator<RecordBatch, void, undefined> {
    const { signal } = options
    const source = await this.#client(signal)
    const { all } = await this.#collections(signal)
    const collection = all.find(({ label }) => label === split.table)
    if (collection === undefined) throw unknownSplit(split)
    if (this.#snapshot === undefined && source.facts.hasOplog) await this.takeSnapshot({ signal })
    const snapshot = this.#snapshot
    this.#seen.add(snapshot?.isExact === true ? snapshot.time : undefined)
    const range = rangeToRead(split, options, true)
    try {
      yield* readDocuments({ source, collection, range, snapshot }, options)
    } catch (error) {
      await this.#leave(source, error)
      throw error
    }
  }

  get sawOneInstant(): boolean {
    return this.#seen.size <= 1 && !this.#seen.has(undefined)
  }

  async *follow(from: Position, options: FollowOptions): AsyncGenerator<RecordBatch, void> {
    const { signal } = options
    const source = await this.#client(signal)
    const collections = await this.#collections(signal)
    this.#canSplit ??= splitsLargeEvents(await readServerVersion(source, signal))
    const fullDocument = streamDocuments[this.#config.fullDocument]
    const settings = { collections, fullDocument, canSplit: this.#canSplit }
    const until = options.until && streamPositionOf(options.until).time
    const { logger } = this.#context
    const stream = { source, logger, ...settings }
    try {
      yield* followStream(stream, streamPositionOf(from), until, options)
    } catch (error) {
      await this.#leave(source, error)
      throw error
    }
  }

  async takeSnapshot({ signal }: CallOptions): Promise<Position> {
    const [first] = (await this.#collections(signal)).all
    if (first === undefined) throw nothingToRead()
    const snapshot = await this.#ask(signal, (source) => takeSnapshot(source, first, signal))
    if (!snapshot.isExact && this.#snapshot?.isExact !== false)
      this.#context.logger.warn(
        'the server cannot read as of one instant: changes that are made while documents are read may be applied twice',
      )
    this.#snapshot = snapshot
    return positionOf({ time: snapshot.time })
  }

  async currentPosition({ signal }: CallOptions): Promise<Position> {
    return positionOf({ time: await this.#ask(signal, (source) => operationTime(source, signal)) })
  }

  /** The server keeps its oplog whatever its readers do. */
  async acknowledge(): Promise<void> {}

  async logStatus(position: Position, { signal }: CallOptions): Promise<LogStatus> {
    return await this.#ask(signal, (source) =>
      readLogStatus(source, streamPositionOf(position), signal),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true
    const source = this.#source
    this.#source = undefined
    await (await source?.catch(() => undefined))?.source.close()
  }

  /**
   * The driver connects anew by itself, but for a router that is kept to. Cursors are read by plain commands, which find the same
   * server again only where it is the primary.
   */
  async #client(signal: AbortSignal): Promise<SourceClient> {
    const [dataSource] = this.#context.dataSources
    if (this.#isDisposed || dataSource === undefined) throw nothingToRead()
    const connections = this.#context.concurrency + ownConnections
    const opening = () => openOneRouter(onPrimary(dataSource), connections, signal)
    this.#source ??= opening().catch((error: unknown) => {
      this.#source = undefined
      throw error
    })
    return (await this.#source).source
  }

  async #ask<T>(signal: AbortSignal, ask: (source: SourceClient) => Promise<T>): Promise<T> {
    const source = await this.#client(signal)
    try {
      return await ask(source)
    } catch (error) {
      await this.#leave(source, error)
      throw error
    }
  }

  /**
   * What is asked next goes to another router, if one was kept to that has failed. Other reads may have failed with it, and one of
   * them may have come to another router already.
   */
  async #leave(source: SourceClient, error: unknown): Promise<void> {
    if (!PluginError.isInstance(error) || !error.isRetryable) return
    const opened = await this.#source?.catch(() => undefined)
    if (opened?.isPinned !== true || opened.source !== source) return
    this.#source = undefined
    await source.close()
  }

  async #collections(signal: AbortSignal): Promise<FollowedCollections> {
    const [dataSource] = this.#context.dataSources
    this.#described ??= this.#ask(signal, async (source) => {
      const catalogue = new CollectionCatalogue(source, dataSource?.database, signal)
      return await findCollections(source, catalogue, this.#config, signal)
    }).catch((error: unknown) => {
      this.#described = undefined
      throw error
    })
    return await this.#described
  }
}

function unknownSplit({ table }: Split): PluginError {
  return new PluginError({
    code: 'POSITION_LOST',
    message: `the split of ${table} does not fit: the job no longer reads that collection`,
    hint: 'Begin anew with --restart.',
  })
}

function nothingToRead(): PluginError {
  return new PluginError({
    code: 'INTERNAL',
    message: 'the reader was asked for a collection or a data source that the job does not name',
  })
}
