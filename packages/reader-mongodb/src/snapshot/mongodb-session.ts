import type { Document, FindOptions, Timestamp } from 'mongodb'
import {
  PluginError,
  type CallOptions,
  type DataSource,
  type Finding,
  type PluginContext,
  type ReaderSession,
  type ReadOptions,
  type Split,
  type SplitPlan,
} from '@millrace/core/plugin'
import type { RecordBatch, TableSchema } from '@millrace/core/record'
import type { MongodbConfig } from '../config/mongodb-config.ts'
import { parseDocument } from '../config/parse-document.ts'
import { isIndexKeys, serverCursorTimeoutMs } from '../config/validate-config.ts'
import { SourceClient } from '../connection/source-client.ts'
import { errorCode, sourceFaultOf } from '../connection/source-error.ts'
import { DocumentDecoder } from '../types/document-decoder.ts'
import { checkCollection } from './check-collection.ts'
import { rangeToRead, requireCollection } from './collection-split.ts'
import { idConditions } from './id-conditions.ts'
import { cursorSession } from './keep-session.ts'
import { planSplits } from './plan-splits.ts'
import { fieldsOf, isSmallPart, projectionOf, replyLength, sampleDocuments } from './projection.ts'
import { readSplit } from './read-split.ts'
import { mayShareInstant, sessionAt, takeInstant } from './shared-instant.ts'
import { findCollection, type SourceCollection } from './source-collection.ts'

/** Connections besides those of the reads: for checks, and for ending cursors. */
const extraConnections = 2

/** An open reader. One client with a pool of connections serves checks, planning and all reads. */
export class MongodbSession implements ReaderSession {
  readonly #config: MongodbConfig
  readonly #context: PluginContext
  readonly #query: Document | undefined
  readonly #hint: Document | string | undefined
  #source: Promise<SourceClient> | undefined
  #collection: Promise<SourceCollection> | undefined
  /** What the splits of the plan see; `undefined` when each sees the source as it is then. */
  #instant: Timestamp | undefined
  #isInstantLost = false
  /** A few documents, by which the first read finds out what is worth asking for. */
  #sample: readonly Uint8Array[] | undefined
  #isDisposed = false

  constructor(config: MongodbConfig, context: PluginContext) {
    this.#config = config
    this.#context = context
    const { query, hint } = config
    this.#query = query === undefined ? undefined : parseDocument(query)
    this.#hint = hint !== undefined && isIndexKeys(hint) ? parseDocument(hint) : hint
  }

  async check({ signal }: CallOptions): Promise<readonly Finding[]> {
    const collection = await this.#describe(signal)
    return await checkCollection(await this.#open(signal), collection, {
      ...this.#selection(),
      signal,
    })
  }

  async describe({ signal }: CallOptions): Promise<readonly TableSchema[]> {
    const { schema } = await this.#describe(signal)
    return [schema]
  }

  async split(desired: number, { signal }: CallOptions): Promise<SplitPlan> {
    const collection = await this.#describe(signal)
    const source = await this.#open(signal)
    await this.#takeInstant(source, collection, signal)
    const splits = await planSplits(source, collection, {
      ...this.#selection(),
      count: desired > 1 ? desired * this.#config.splitFactor : 1,
      logger: this.#context.logger,
      signal,
    })
    return { splits, consistency: this.#instant === undefined ? 'per-split' : 'one-snapshot' }
  }

  async *read(split: Split, options: ReadOptions): AsyncGenerator<RecordBatch, void, undefined> {
    const { signal, positions = false } = options
    const collection = await this.#describe(signal)
    requireCollection(split, collection.label)
    const range = rangeToRead(split, options, collection.hasIdOrder)
    const source = await this.#open(signal)
    const hasPositions = positions && split.resumable
    const instant = this.#isInstantLost ? undefined : this.#instant
    const findOptions = await this.#findOptions(collection, hasPositions, signal)
    const isKept = findOptions.noCursorTimeout === true
    const ownSession = isKept ? cursorSession(source) : undefined
    const session = instant === undefined ? ownSession : sessionAt(source, instant)
    try {
      yield* readSplit(
        {
          source,
          collection,
          decoder: this.#decoder(collection),
          filters: idConditions(range).map((condition) => this.#filter(condition)),
          options: findOptions,
          hasPositions,
          ...(session === undefined ? {} : { session }),
        },
        options,
      )
    } catch (error) {
      this.#forgetInstant(error)
      throw error
    }
  }

  get sawOneInstant(): boolean | undefined {
    return this.#instant === undefined ? undefined : !this.#isInstantLost
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true
    const opening = this.#source
    this.#source = undefined
    try {
      await (await opening)?.close()
    } catch {
      // It never opened.
    }
  }

  /** The client, connected when it is first asked for; again when that failed. */
  async #open(signal: AbortSignal): Promise<SourceClient> {
    if (this.#isDisposed) {
      throw new PluginError({ code: 'INTERNAL', message: 'the reader was used after its end' })
    }
    const connections = this.#context.concurrency + extraConnections
    this.#source ??= SourceClient.open(this.#dataSource(), connections, signal)
    try {
      return await this.#source
    } catch (error) {
      this.#source = undefined
      throw error
    }
  }

  async #describe(signal: AbortSignal): Promise<SourceCollection> {
    const source = await this.#open(signal)
    this.#collection ??= findCollection(source, this.#config.collection, this.#database(), signal)
    try {
      return await this.#collection
    } catch (error) {
      this.#collection = undefined
      throw error
    }
  }

  async #takeInstant(
    source: SourceClient,
    collection: SourceCollection,
    signal: AbortSignal,
  ): Promise<void> {
    if (!this.#config.wantsSnapshot || !mayShareInstant(source)) return
    const instant = await takeInstant(source, collection, signal)
    if (typeof instant !== 'string') this.#instant = instant
    else {
      this.#context.logger.info(
        `collection ${collection.label} is not read as of one instant: ${instant}`,
      )
    }
  }

  /** A server keeps the past for some minutes only (`minSnapshotHistoryWindowInSeconds`). */
  #forgetInstant(error: unknown): void {
    const cause = PluginError.isInstance(error) ? error.cause : undefined
    const { code } = sourceFaultOf(cause)
    if (code !== errorCode.snapshotTooOld && code !== errorCode.snapshotUnavailable) return
    if (!this.#isInstantLost) {
      this.#context.logger.warn(
        'the server no longer has the instant that was being read: what is left is read as it is now',
      )
    }
    this.#isInstantLost = true
  }

  #dataSource(): DataSource {
    const [dataSource] = this.#context.dataSources
    if (dataSource !== undefined) return dataSource
    throw new PluginError({ code: 'INTERNAL', message: 'the reader was given no data source' })
  }

  #database(): string {
    const { database = '', name } = this.#dataSource()
    if (database !== '') return database
    throw new PluginError({
      code: 'CONFIG_INVALID',
      message: `data source ${JSON.stringify(name)} names no database`,
      hint: 'Add "database" to it, or write it behind the host in its URL.',
    })
  }

  #selection(): { readonly query?: Document; readonly hint?: Document | string } {
    return {
      ...(this.#query === undefined ? {} : { query: this.#query }),
      ...(this.#hint === undefined ? {} : { hint: this.#hint }),
    }
  }

  #filter(condition: Document | undefined): Document {
    const query = this.#query ?? {}
    if (condition === undefined) return query
    return this.#query === undefined ? { _id: condition } : { $and: [{ _id: condition }, query] }
  }

  #decoder({ columns }: SourceCollection): DocumentDecoder {
    const { json, objectIdOutputType = '' } = this.#config
    const objectIds = objectIdOutputType.toLowerCase() === 'json' ? 'json' : 'hex'
    return new DocumentDecoder(columns, { json, objectIds, timeZone: this.#context.timeZone })
  }

  async #findOptions(
    collection: SourceCollection,
    hasPositions: boolean,
    signal: AbortSignal,
  ): Promise<FindOptions> {
    const { cursorTimeoutMs = serverCursorTimeoutMs } = this.#config
    this.#sample ??= await sampleDocuments(await this.#open(signal), collection, { signal })
    const batchSize = this.#config.batchSize ?? replyLength(this.#sample)
    const fields = fieldsOf(collection.columns)
    const isProjected = fields !== undefined && isSmallPart(this.#sample, fields)
    const projection = isProjected ? projectionOf(fields, hasPositions) : undefined
    return {
      batchSize,
      ...(this.#hint === undefined ? {} : { hint: this.#hint }),
      ...(projection === undefined ? {} : { projection }),
      ...(hasPositions ? { sort: { _id: 1 }, allowDiskUse: true } : {}),
      ...(cursorTimeoutMs < 0 || cursorTimeoutMs > serverCursorTimeoutMs
        ? { noCursorTimeout: true }
        : {}),
    }
  }
}
