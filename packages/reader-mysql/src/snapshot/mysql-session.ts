import {
  PluginError,
  type CallOptions,
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
import { readSplit } from './read-split.ts'
import { keyNow, mysqlSplits, splitCondition } from './mysql-splits.ts'
import type { DescribedObject, OrderableColumn, SourceObject } from './source-object.ts'
import type { SplitKey } from './split-key.ts'
import { orderDialect, orderSettings } from './split-order.ts'
import { splitPositions } from './split-position.ts'
import { parseTableName, type TableName } from './table-name.ts'

/**
 * An open reader. One control connection per data source serves checks and planning; every split is read on a
 * connection of its own, in a transaction of its own.
 */
export class MysqlSession implements ReaderSession {
  readonly #config: RelationalConfig
  readonly #context: PluginContext
  readonly #objects: readonly SourceObject[]
  readonly #sessions = new Map<number, SourceSession>()
  readonly #described = new Map<SourceObject, DescribedObject>()
  #isDisposed = false

  constructor(config: RelationalConfig, context: PluginContext) {
    this.#config = config
    this.#context = context
    this.#objects = sourceObjects(config, parseTableName)
  }

  async check({ signal }: CallOptions): Promise<readonly Finding[]> {
    const findings: Finding[] = []
    for (const sourceIndex of this.#config.sources.keys()) {
      const session = await this.#session(sourceIndex, signal)
      findings.push(...(await checkSource(session, this.#config, signal)))
    }
    const described = await this.#describeAll(signal)
    return [...findings, ...objectFindings(described)]
  }

  async describe({ signal }: CallOptions): Promise<TableSchema> {
    const [first] = this.#objects
    if (first === undefined) throw nothingToRead()
    return (await this.#describe(first, signal)).schema
  }

  async split(desired: number, { signal }: CallOptions): Promise<SplitPlan> {
    const described = await this.#describeAll(signal)
    const dialect = mysqlSplits({
      where: this.#config.where,
      connectionFor: (sourceIndex) => this.#connection(sourceIndex, signal),
      signal,
    })
    const splits = await planSplits(described, desired, this.#config, dialect, this.#context.logger)
    return { splits, consistency: splits.length === 1 ? 'one-snapshot' : 'per-split' }
  }

  async *read(split: Split, options: ReadOptions): AsyncGenerator<RecordBatch, void, undefined> {
    const { object, range } = findSplit<TableName, SplitKey>(split, this.#objects)
    const described = await this.#describe(object, options.signal)
    requireSplitKey(split, range, keyNow(described, range))
    const order = requireOrder(split, splitOrderOf(described, range), options)
    const isOrdered = options.positions === true
    const label = `${object.table === undefined ? '' : 'table '}${object.label}`
    const { socketTimeoutMs } = this.#config
    const encoding = this.#rawEncoding
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
      },
      options,
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true
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
    const conditions = [this.#config.where, splitCondition(range)]
    const { quoted: table } = object.table
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

  async #describe(object: SourceObject, signal: AbortSignal): Promise<DescribedObject> {
    const known = this.#described.get(object)
    if (known !== undefined) return known
    const connection = await this.#connection(object.sourceIndex, signal)
    try {
      const described = await describeObject(connection, object, this.#config, signal)
      this.#described.set(object, described)
      return described
    } catch (error) {
      signal.throwIfAborted()
      throw statementError(`describing ${object.label}`, error)
    }
  }

  /** Describes every object; throws one error for all that can't be read. */
  async #describeAll(signal: AbortSignal): Promise<readonly DescribedObject[]> {
    return await describeAll(this.#objects, (object) => this.#describe(object, signal))
  }
}

function nothingToRead(): PluginError {
  return new PluginError({
    code: 'INTERNAL',
    message: 'the reader was asked for an object or a data source the job does not name',
  })
}
