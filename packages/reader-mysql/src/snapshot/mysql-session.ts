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
import { ChangeFollower } from '../changes/change-follower.ts'
import { describeLocked } from '../changes/describe-locked.ts'
import type { MysqlConfig } from '../config/mysql-config.ts'
import { silenceTimeoutMsOf } from '../connection/connection-properties.ts'
import {
  openSession,
  type SessionSettings,
  type SourceSession,
} from '../connection/open-session.ts'
import type { SourceConnection } from '../connection/source-connection.ts'
import { statementError } from '../connection/source-error.ts'
import { isUtf8Name } from '../types/charset-labels.ts'
import { checkSource, objectFindings } from './check-source.ts'
import { describeObject } from './describe-object.ts'
import { tableCatalogue } from './list-tables.ts'
import { readSplit } from './read-split.ts'
import { keyNow, mysqlSplits, splitCondition } from './mysql-splits.ts'
import type { DescribedObject, OrderableColumn, SourceObject } from './source-object.ts'
import type { SplitKey } from './split-key.ts'
import { orderDialect, orderSettings } from './split-order.ts'
import { splitPositions } from './split-position.ts'
import { exactTableName, parseTableName, type TableName } from './table-name.ts'

/**
 * An open reader. One control connection per data source serves checks and planning; every split is read on a
 * connection of its own, in a transaction of its own.
 */
export class MysqlSession implements ReaderSession {
  readonly #config: MysqlConfig
  readonly #context: PluginContext
  readonly #sessions = new Map<number, SourceSession>()
  readonly #described = new Map<SourceObject, DescribedObject>()
  readonly #follower: ChangeFollower
  #objects: readonly SourceObject[] | undefined
  #isDisposed = false

  constructor(config: MysqlConfig, context: PluginContext) {
    this.#config = config
    this.#context = context
    this.#follower = new ChangeFollower({
      config,
      context,
      session: (signal) => this.#session(0, signal),
      settings: () => this.#settings(0),
      encoding: this.#rawEncoding,
      describeAll: (signal) => this.#describeAll(signal),
      describeAgain: (object, signal) => this.#describeAgain(object, signal),
    })
  }

  async check({ signal }: CallOptions): Promise<readonly Finding[]> {
    const findings: Finding[] = []
    for (const sourceIndex of this.#config.sources.keys()) {
      const session = await this.#session(sourceIndex, signal)
      findings.push(...(await checkSource(session, this.#config, signal)))
    }
    const described = await this.#describeAll(signal)
    const changes = this.#context.follows === true ? await this.#follower.check(signal) : []
    return [...findings, ...objectFindings(described), ...changes]
  }

  async describe({ signal }: CallOptions): Promise<readonly TableSchema[]> {
    const described = await this.#describeAll(signal)
    if (described.length === 0) throw nothingToRead()
    return described.map(({ schema }) => schema)
  }

  async split(desired: number, { signal }: CallOptions): Promise<SplitPlan> {
    const splits = await this.#cut(await this.#describeAll(signal), desired, signal)
    if (this.#context.follows === true) {
      const followFrom = await this.#follower.takeSnapshot(splits.length, signal)
      return { splits, consistency: 'one-snapshot', followFrom }
    }
    return { splits, consistency: splits.length === 1 ? 'one-snapshot' : 'per-split' }
  }

  async takeUp(
    tables: ReadonlySet<string>,
    desired: number,
    { signal }: CallOptions,
  ): Promise<readonly Split[]> {
    const described = await this.#describeAll(signal)
    const wanted = described.filter(({ object }) => tables.has(object.label))
    return await this.#cut(wanted, desired, signal)
  }

  async #cut(
    described: readonly DescribedObject[],
    desired: number,
    signal: AbortSignal,
  ): Promise<readonly Split[]> {
    const dialect = mysqlSplits({
      connectionFor: (sourceIndex) => this.#connection(sourceIndex, signal),
      signal,
    })
    return await planSplits(described, desired, this.#config, dialect, this.#context.logger)
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
    const encoding = this.#rawEncoding
    const { snapshot } = this.#follower
    yield* readSplit(
      {
        settings: this.#settings(object.sourceIndex),
        described,
        sql: this.#statement(described, range, {
          order,
          isOrdered,
          from: options.from,
          until: options.until,
          doing: `reading ${label}`,
        }),
        label,
        sessionSettings: order === undefined ? [] : orderSettings(order),
        ...(order === undefined || !isOrdered ? {} : { positions: splitPositions(order) }),
        ...(encoding === undefined ? {} : { encoding }),
        ...(socketTimeoutMs === undefined ? {} : { socketTimeoutMs }),
        ...(snapshot === undefined ? {} : { snapshot }),
      },
      options,
    )
  }

  follow(from: Position, options: FollowOptions): AsyncIterable<RecordBatch> {
    return this.#follower.follow(from, options)
  }

  async takeSnapshot({ signal }: CallOptions): Promise<Position> {
    return await this.#follower.takeSnapshot(this.#context.concurrency, signal)
  }

  async currentPosition({ signal }: CallOptions): Promise<Position> {
    return await this.#follower.currentPosition(signal)
  }

  /** The server keeps its logs for as long as it is set to, whoever has read them. */
  async acknowledge(): Promise<void> {}

  async logStatus(position: Position, { signal }: CallOptions): Promise<LogStatus> {
    return await this.#follower.logStatus(position, signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true
    this.#follower.close()
    for (const { connection } of this.#sessions.values()) connection.destroy()
    this.#sessions.clear()
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
    const table = fromClause(object, object.table.quoted)
    return orderedSelect({ table, selectList, conditions, ...ordering }, orderDialect)
  }

  /** The job's encoding when it is another than what the server sends anyway. */
  get #rawEncoding(): string | undefined {
    const { encoding } = this.#config
    return isUtf8Name(encoding) ? undefined : encoding
  }

  #settings(sourceIndex: number): SessionSettings {
    const dataSource = this.#context.dataSources[sourceIndex]
    if (dataSource === undefined) throw nothingToRead()
    return {
      dataSource,
      statements: this.#config.session,
      hasRawText: this.#rawEncoding !== undefined,
    }
  }

  /** The control session of a data source, connected anew when it was lost. */
  async #session(sourceIndex: number, signal: AbortSignal): Promise<SourceSession> {
    const known = this.#sessions.get(sourceIndex)
    if (known?.connection.isOpen === true) return known
    known?.connection.destroy()
    // Names of columns come in the character set of results: control sessions always ask for UTF-8.
    const settings = { ...this.#settings(sourceIndex), hasRawText: false }
    const session = await openSession(settings, signal)
    if (this.#isDisposed) {
      session.connection.destroy()
      throw new PluginError({ code: 'INTERNAL', message: 'the reader was used after its end' })
    }
    this.#sessions.set(sourceIndex, session)
    return session
  }

  async #connection(sourceIndex: number, signal: AbortSignal): Promise<SourceConnection> {
    return (await this.#session(sourceIndex, signal)).connection
  }

  /** What the job reads; named tables are looked for when it is first asked. */
  async #sourceObjects(signal: AbortSignal): Promise<readonly SourceObject[]> {
    if (this.#objects !== undefined) return this.#objects
    const objects = await sourceObjects(this.#config, {
      parse: parseTableName,
      exactly: exactTableName,
      catalogue: (sourceIndex) =>
        tableCatalogue(() => this.#connection(sourceIndex, signal), signal),
    })
    // Reads run at the same time, and have to get the same objects.
    this.#objects ??= objects
    return this.#objects
  }

  async #describe(object: SourceObject, signal: AbortSignal): Promise<DescribedObject> {
    const known = this.#described.get(object)
    if (known !== undefined) return known
    const described = await this.#describeNow(object, signal)
    // Reads run at the same time, and have to get the same schema.
    const first = this.#described.get(object) ?? described
    this.#described.set(object, first)
    return first
  }

  /** Describes an object anew. */
  async #describeNow(object: SourceObject, signal: AbortSignal): Promise<DescribedObject> {
    const connection = await this.#connection(object.sourceIndex, signal)
    try {
      return await describeObject(connection, object, {
        signal,
        hasRawText: this.#rawEncoding !== undefined,
      })
    } catch (error) {
      signal.throwIfAborted()
      throw statementError(`describing ${object.label}`, error)
    }
  }

  /** Describes a table that may be redefined meanwhile; `undefined` when it is not there. */
  async #describeAgain(
    object: SourceObject,
    signal: AbortSignal,
  ): Promise<DescribedObject | undefined> {
    return await describeLocked({
      connection: await this.#connection(object.sourceIndex, signal),
      object,
      describe: () => this.#describeNow(object, signal),
      signal,
    })
  }

  /** Describes every object; throws one error for all that can't be read. */
  async #describeAll(signal: AbortSignal): Promise<readonly DescribedObject[]> {
    const objects = await this.#sourceObjects(signal)
    return await describeAll(objects, (object) => this.#describe(object, signal))
  }
}

function nothingToRead(): PluginError {
  return new PluginError({
    code: 'INTERNAL',
    message: 'the reader was asked for an object or a data source the job does not name',
  })
}
