import type pg from 'pg'
import {
  PluginError,
  type CallOptions,
  type DataSource,
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
import {
  describeAll,
  fromClause,
  findSplit,
  orderedSelect,
  planSplits,
  requireOrder,
  requireSplitKey,
  sourceObjects,
  splitOrderOf,
  type OrderedRead,
  type SplitRange,
} from '@millrace/core/sql'
import type { ChangeFeed } from '../changes/change-feed.ts'
import type { FollowedObject } from '../changes/followed-relations.ts'
import type { PostgresConfig } from '../config/postgres-config.ts'
import { abortable, cancelQuery } from '../connection/cancel-query.ts'
import { endClient } from '../connection/close-client.ts'
import { silenceTimeoutMsOf } from '../connection/connection-properties.ts'
import { openSession, type SessionSettings } from '../connection/open-session.ts'
import { checkPreSql, objectFindings } from './check-source.ts'
import { describeObject } from './describe-object.ts'
import { HeldSnapshots } from './held-snapshots.ts'
import { tableCatalogue } from './list-tables.ts'
import { keyNow, postgresSplits, splitCondition, type SplitContext } from './postgres-splits.ts'
import { readSplit } from './read-split.ts'
import { SharedSchemas } from './shared-schemas.ts'
import type { DescribedObject, OrderableColumn, SourceObject } from './source-object.ts'
import type { SplitKey } from './split-key.ts'
import { orderDialect } from './split-order.ts'
import { splitPositions } from './split-position.ts'
import { exactTableName, parseTableName, type TableName } from './table-name.ts'

/**
 * An open reader. One control connection per data source serves checks, one more holds the snapshot that all splits
 * of that data source see; every split is read on a connection of its own.
 */
export class PostgresSession implements ReaderSession {
  readonly #config: PostgresConfig
  readonly #context: PluginContext
  readonly #clients = new Map<number, pg.Client>()
  readonly #snapshots: HeldSnapshots
  readonly #described = new Map<SourceObject, DescribedObject>()
  readonly #schemas = new SharedSchemas()
  readonly #openClients = new Set<pg.Client>()
  #objects: readonly SourceObject[] | undefined
  readonly #followed = new Map<SourceObject, FollowedObject>()
  #feed: ChangeFeed | undefined
  #isDisposed = false

  constructor(config: PostgresConfig, context: PluginContext) {
    this.#config = config
    this.#context = context
    this.#snapshots = new HeldSnapshots(context.logger, context.follows === true)
  }

  async check({ signal }: CallOptions): Promise<readonly Finding[]> {
    const findings: Finding[] = []
    for (const sourceIndex of this.#config.sources.keys()) {
      const client = await this.#client(sourceIndex, signal)
      const check = async () => await checkPreSql(client, this.#config)
      findings.push(...(await abortable(client, signal, check)))
    }
    findings.push(...objectFindings(await this.#describeAll(signal)))
    if (this.#context.follows === true) {
      const changes = await this.#changes()
      findings.push(...(await changes.check({ signal })))
    }
    return findings
  }

  async describe({ signal }: CallOptions): Promise<readonly TableSchema[]> {
    const described = await this.#describeAll(signal)
    if (described.length === 0) throw nothingToRead()
    return [...new Set(described.map(({ schema }) => this.#schemas.shared(schema)))]
  }

  async split(desired: number, { signal }: CallOptions): Promise<SplitPlan> {
    const described = await this.#describeAll(signal)
    let followFrom: Position | undefined
    if (this.#context.follows === true) {
      await (await this.#changes()).prepare({ signal })
      followFrom = await this.takeSnapshot({ signal })
    } else {
      for (const sourceIndex of this.#config.sources.keys())
        await this.#snapshots.take(sourceIndex, this.#settings(sourceIndex), signal)
    }
    const seeing = async (sourceIndex: number) => this.#snapshots.heldClient(sourceIndex)
    const splits = await this.#cut(described, desired, { clientFor: seeing, signal })
    return {
      splits,
      consistency: splits.length === 1 || this.#snapshots.isOne ? 'one-snapshot' : 'per-split',
      ...(followFrom === undefined ? {} : { followFrom }),
    }
  }

  async takeUp(
    tables: ReadonlySet<string>,
    desired: number,
    { signal }: CallOptions,
  ): Promise<readonly Split[]> {
    const described = await this.#describeAll(signal)
    const wanted = described.filter(({ object }) => tables.has(object.label))
    await (await this.#changes()).takeUp(tables, { signal })
    const clientFor = (sourceIndex: number) => this.#client(sourceIndex, signal)
    return await this.#cut(wanted, desired, { clientFor, signal })
  }

  async #cut(
    described: readonly DescribedObject[],
    desired: number,
    context: Pick<SplitContext, 'clientFor' | 'signal'>,
  ): Promise<readonly Split[]> {
    const controlFor = (sourceIndex: number) => this.#client(sourceIndex, context.signal)
    const dialect = postgresSplits({ ...context, controlFor })
    return await planSplits(described, desired, this.#config, dialect, this.#context.logger)
  }

  async *follow(from: Position, options: FollowOptions): AsyncGenerator<RecordBatch, void> {
    // The snapshot of reads that are still to come keeps the server from tidying up; one that is followed for ever has none.
    if (options.until === undefined) await this.#snapshots.release()
    const changes = await this.#changes()
    yield* changes.follow(from, options)
  }

  async takeSnapshot({ signal }: CallOptions): Promise<Position> {
    const { takeExactSnapshot } = await import('../changes/exact-snapshot.ts')
    const settings = this.#settings(0)
    const taken = await takeExactSnapshot(settings, this.#context.logger, signal)
    await this.#snapshots.replace(0, taken)
    return await (await this.#changes()).placeAt(taken.lsn, { signal })
  }

  async currentPosition(options: CallOptions): Promise<Position> {
    return await (await this.#changes()).currentPosition(options)
  }

  async acknowledge(position: Position, options: CallOptions): Promise<void> {
    await (await this.#changes()).acknowledge(position, options)
  }

  async logStatus(position: Position, options: CallOptions): Promise<LogStatus> {
    return await (await this.#changes()).logStatus(position, options)
  }

  async *read(split: Split, options: ReadOptions): AsyncGenerator<RecordBatch, void, undefined> {
    const { object, range } = findSplit<TableName, SplitKey>(
      split,
      await this.#sourceObjects(options.signal),
    )
    const described = await this.#describe(object, options.signal)
    requireSplitKey(split, range, keyNow(described, range))
    const order = requireOrder(split, splitOrderOf(described, range), options)
    const isOrdered = options.positions === true
    const label = `${object.table === undefined ? '' : 'table '}${object.label}`
    const socketTimeoutMs =
      this.#config.socketTimeoutMs ??
      silenceTimeoutMsOf(this.#context.dataSources[object.sourceIndex])
    yield* readSplit(
      {
        settings: this.#settings(object.sourceIndex),
        described: { ...described, schema: this.#schemas.shared(described.schema) },
        sql: this.#statement(described, range, {
          order,
          isOrdered,
          from: options.from,
          until: options.until,
          doing: `reading ${label}`,
        }),
        label,
        ...(order === undefined || !isOrdered ? {} : { positions: splitPositions(order) }),
        snapshot: this.#snapshots.nameOf(object.sourceIndex),
        onSnapshotGone: () => this.#snapshots.readAtOwnInstant(),
        openClients: this.#openClients,
        ...(socketTimeoutMs === undefined ? {} : { socketTimeoutMs }),
      },
      options,
    )
  }

  get sawOneInstant(): boolean | undefined {
    return this.#snapshots.sawOneInstant
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true
    this.#feed?.close()
    const clients = [...this.#clients.values()]
    this.#clients.clear()
    await Promise.all([
      ...clients.map(endClient),
      this.#snapshots.release(),
      ...[...this.#openClients].map(cancelQuery),
    ])
  }

  #statement(
    { object, selectList = [] }: DescribedObject,
    range: SplitRange<SplitKey>,
    ordering: Pick<
      OrderedRead<OrderableColumn>,
      'order' | 'isOrdered' | 'from' | 'until' | 'doing'
    >,
  ): string {
    if (object.table === undefined) return object.query ?? ''
    const conditions = [object.where, splitCondition(range)]
    return orderedSelect(
      { table: fromClause(object, object.table.text), selectList, conditions, ...ordering },
      orderDialect,
    )
  }

  #settings(sourceIndex: number): SessionSettings {
    if (this.#isDisposed) {
      throw new PluginError({ code: 'INTERNAL', message: 'the reader was used after its end' })
    }
    const dataSource = this.#context.dataSources[sourceIndex]
    if (dataSource === undefined) throw nothingToRead()
    return { dataSource: this.#pinned(dataSource, sourceIndex), statements: this.#config.session }
  }

  /** Once one of several hosts has answered, all connections go there: another one has another snapshot. */
  #pinned(dataSource: DataSource, sourceIndex: number): DataSource {
    const client = this.#snapshots.client(sourceIndex) ?? this.#clients.get(sourceIndex)
    if (client === undefined || dataSource.socketPath !== undefined) return dataSource
    return { ...dataSource, hosts: [{ host: client.host, port: client.port }] }
  }

  async #client(sourceIndex: number, signal: AbortSignal): Promise<pg.Client> {
    const known = this.#clients.get(sourceIndex)
    if (known !== undefined) return known
    const client = await openSession(this.#settings(sourceIndex), signal)
    this.#clients.set(sourceIndex, client)
    // One that was lost while idle, or was let go of by an abort, makes room for a new one.
    client.once('end', () => this.#clients.delete(sourceIndex))
    return client
  }

  async #changes(): Promise<ChangeFeed> {
    // Most jobs only read.
    const { ChangeFeed } = await import('../changes/change-feed.ts')
    const { changeNames } = await import('../changes/change-names.ts')
    const dataSource = this.#context.dataSources[0]
    if (dataSource === undefined) throw nothingToRead()
    this.#feed ??= new ChangeFeed({
      config: this.#config,
      names: changeNames(this.#config, dataSource, this.#context.job),
      logger: this.#context.logger,
      settings: () => this.#settings(0),
      ask: (signal) => async (work) => {
        const client = await this.#client(0, signal)
        return await abortable(client, signal, () => work(client))
      },
      objects: async (signal) => {
        const described = await this.#describeAll(signal)
        return described.map(({ object }) => {
          const followed = this.#followed.get(object)
          if (followed === undefined) throw nothingToRead()
          return followed
        })
      },
    })
    return this.#feed
  }

  /** What the job reads; named tables are looked for when it is first asked. */
  async #sourceObjects(signal: AbortSignal): Promise<readonly SourceObject[]> {
    if (this.#objects !== undefined) return this.#objects
    const objects = await sourceObjects(this.#config, {
      parse: parseTableName,
      exactly: exactTableName,
      catalogue: (sourceIndex) =>
        tableCatalogue(async (work) => {
          const client = await this.#client(sourceIndex, signal)
          return await abortable(client, signal, () => work(client))
        }),
    })
    // Reads run at the same time, and have to get the same objects.
    this.#objects ??= objects
    return this.#objects
  }

  async #describe(object: SourceObject, signal: AbortSignal): Promise<DescribedObject> {
    const known = this.#described.get(object)
    if (known !== undefined) return known
    const client = await this.#client(object.sourceIndex, signal)
    const ask = async () => {
      const described = await describeObject(client, object)
      if (this.#context.follows !== true) return described
      const { describeFollowed } = await import('../changes/describe-followed.ts')
      const followed = await describeFollowed(client, described)
      const schema = this.#schemas.shared(followed.schema)
      this.#followed.set(object, { ...followed, schema })
      return { ...described, schema }
    }
    const described = await abortable(client, signal, ask)
    this.#described.set(object, described)
    return described
  }

  /** Describes every object; throws one error for all that can't be read. */
  async #describeAll(signal: AbortSignal): Promise<readonly DescribedObject[]> {
    return await describeAll(await this.#sourceObjects(signal), async (object) => {
      try {
        return await this.#describe(object, signal)
      } catch (error) {
        signal.throwIfAborted()
        throw error
      }
    })
  }
}

function nothingToRead(): PluginError {
  return new PluginError({
    code: 'INTERNAL',
    message: 'the reader was asked for an object or a data source the job does not name',
  })
}
