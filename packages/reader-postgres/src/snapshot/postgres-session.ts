import type pg from 'pg'
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
import {
  describeAll,
  findSplit,
  orderedSelect,
  planSplits,
  requireOrder,
  requireSplitKey,
  sourceObjects,
  splitOrderOf,
  type OrderedRead,
  type RelationalConfig,
  type SplitRange,
} from '@millrace/core/sql'
import { abortable, cancelQuery } from '../connection/cancel-query.ts'
import { closeClient, endClient } from '../connection/close-client.ts'
import { openSession, type SessionSettings } from '../connection/open-session.ts'
import { statementError } from '../connection/source-error.ts'
import { checkPreSql, objectFindings } from './check-source.ts'
import { describeObject } from './describe-object.ts'
import { keyNow, postgresSplits, splitCondition } from './postgres-splits.ts'
import { readSplit } from './read-split.ts'
import { exportSnapshot } from './shared-snapshot.ts'
import type { DescribedObject, OrderableColumn, SourceObject } from './source-object.ts'
import type { SplitKey } from './split-key.ts'
import { orderDialect } from './split-order.ts'
import { splitPositions } from './split-position.ts'
import { parseTableName, type TableName } from './table-name.ts'

/** A connection that holds the snapshot of the run open. */
interface SnapshotHolder {
  readonly client: pg.Client
  readonly snapshot: string | undefined
}

/**
 * An open reader. One control connection per data source serves checks, one more holds the snapshot that all splits
 * of that data source see; every split is read on a connection of its own.
 */
export class PostgresSession implements ReaderSession {
  readonly #config: RelationalConfig
  readonly #context: PluginContext
  readonly #objects: readonly SourceObject[]
  readonly #clients = new Map<number, pg.Client>()
  readonly #holders = new Map<number, SnapshotHolder>()
  readonly #described = new Map<SourceObject, DescribedObject>()
  readonly #openClients = new Set<pg.Client>()
  #isDisposed = false

  constructor(config: RelationalConfig, context: PluginContext) {
    this.#config = config
    this.#context = context
    this.#objects = sourceObjects(config, parseTableName)
  }

  async check({ signal }: CallOptions): Promise<readonly Finding[]> {
    const findings: Finding[] = []
    for (const sourceIndex of this.#config.sources.keys()) {
      const client = await this.#client(sourceIndex, signal)
      const check = async () => await checkPreSql(client, this.#config)
      findings.push(...(await abortable(client, signal, check)))
    }
    return [...findings, ...objectFindings(await this.#describeAll(signal))]
  }

  async describe({ signal }: CallOptions): Promise<TableSchema> {
    const [first] = this.#objects
    if (first === undefined) throw nothingToRead()
    return (await this.#describe(first, signal)).schema
  }

  async split(desired: number, { signal }: CallOptions): Promise<SplitPlan> {
    const described = await this.#describeAll(signal)
    for (const sourceIndex of this.#config.sources.keys())
      await this.#holdSnapshot(sourceIndex, signal)
    const dialect = postgresSplits({
      where: this.#config.where,
      clientFor: (sourceIndex) => this.#holder(sourceIndex).client,
      signal,
    })
    const splits = await planSplits(described, desired, this.#config, dialect, this.#context.logger)
    return { splits, consistency: this.#isOneSnapshot(splits) ? 'one-snapshot' : 'per-split' }
  }

  async *read(split: Split, options: ReadOptions): AsyncGenerator<RecordBatch, void, undefined> {
    const { object, range } = findSplit<TableName, SplitKey>(split, this.#objects)
    const described = await this.#describe(object, options.signal)
    requireSplitKey(split, range, keyNow(described, range))
    const order = requireOrder(split, splitOrderOf(described, range), options)
    const isOrdered = options.positions === true
    const label = `${object.table === undefined ? '' : 'table '}${object.label}`
    const [first] = this.#objects
    const { socketTimeoutMs } = this.#config
    const schema =
      first === undefined ? described.schema : (await this.#describe(first, options.signal)).schema
    yield* readSplit(
      {
        settings: this.#settings(object.sourceIndex),
        // Objects of one job have the same columns; one schema for all lets the writer compile once.
        described: hasSameFields(schema, described.schema) ? { ...described, schema } : described,
        sql: this.#statement(described, range, {
          order,
          isOrdered,
          from: options.from,
          until: options.until,
          doing: `reading ${label}`,
        }),
        label,
        ...(order === undefined || !isOrdered ? {} : { positions: splitPositions(order) }),
        snapshot: this.#holders.get(object.sourceIndex)?.snapshot,
        openClients: this.#openClients,
        ...(socketTimeoutMs === undefined ? {} : { socketTimeoutMs }),
      },
      options,
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true
    const clients = [
      ...this.#clients.values(),
      ...[...this.#holders.values()].map(({ client }) => client),
    ]
    this.#clients.clear()
    this.#holders.clear()
    await Promise.all([...clients.map(endClient), ...[...this.#openClients].map(cancelQuery)])
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
    const conditions = [this.#config.where, splitCondition(range)]
    return orderedSelect(
      { table: object.table.text, selectList, conditions, ...ordering },
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
    const client = this.#holders.get(sourceIndex)?.client ?? this.#clients.get(sourceIndex)
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

  async #holdSnapshot(sourceIndex: number, signal: AbortSignal): Promise<void> {
    if (this.#holders.has(sourceIndex)) return
    const client = await openSession(this.#settings(sourceIndex), signal)
    try {
      const take = async () => await exportSnapshot(client, this.#context.logger)
      this.#holders.set(sourceIndex, { client, snapshot: await abortable(client, signal, take) })
    } catch (error) {
      closeClient(client)
      signal.throwIfAborted()
      throw statementError('taking the snapshot of this run', error)
    }
  }

  #holder(sourceIndex: number): SnapshotHolder {
    const holder = this.#holders.get(sourceIndex)
    if (holder === undefined) throw nothingToRead()
    return holder
  }

  #isOneSnapshot(splits: readonly Split[]): boolean {
    if (splits.length === 1) return true
    return this.#holders.size === 1 && this.#holder(0).snapshot !== undefined
  }

  async #describe(object: SourceObject, signal: AbortSignal): Promise<DescribedObject> {
    const known = this.#described.get(object)
    if (known !== undefined) return known
    const client = await this.#client(object.sourceIndex, signal)
    const ask = async () => await describeObject(client, object, this.#config)
    const described = await abortable(client, signal, ask)
    this.#described.set(object, described)
    return described
  }

  /** Describes every object; throws one error for all that can't be read. */
  async #describeAll(signal: AbortSignal): Promise<readonly DescribedObject[]> {
    return await describeAll(this.#objects, async (object) => {
      try {
        return await this.#describe(object, signal)
      } catch (error) {
        signal.throwIfAborted()
        throw error
      }
    })
  }
}

function hasSameFields(left: TableSchema, right: TableSchema): boolean {
  return (
    left.table === right.table &&
    left.fields.length === right.fields.length &&
    left.fields.every((field, index) => field.type === right.fields[index]?.type)
  )
}

function nothingToRead(): PluginError {
  return new PluginError({
    code: 'INTERNAL',
    message: 'the reader was asked for an object or a data source the job does not name',
  })
}
