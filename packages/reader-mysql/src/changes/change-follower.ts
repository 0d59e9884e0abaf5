import {
  PluginError,
  type Finding,
  type FollowOptions,
  type LogStatus,
  type PluginContext,
} from '@millrace/core/plugin'
import type { Position, RecordBatch } from '@millrace/core/record'
import type { MysqlConfig } from '../config/mysql-config.ts'
import type { SessionSettings, SourceSession } from '../connection/open-session.ts'
import type { DescribedObject, SourceObject } from '../snapshot/source-object.ts'
import { checkChanges } from './check-changes.ts'
import { CharsetDecodings } from './charset-decodings.ts'
import { takeExactSnapshot } from './exact-snapshot.ts'
import { followChanges } from './follow.ts'
import { FollowedTables, type FollowedTable } from './followed-tables.ts'
import { LogExpiry } from './log-expiry.ts'
import { compareBoundaries, logPositionOf, positionOf } from './log-position.ts'
import { readLogEnd, readLogFiles, readLogServer, type LogServer } from './log-server.ts'
import { randomServerId } from './open-log.ts'
import type { SharedSnapshot } from './shared-snapshot.ts'

/** What changes are followed with. */
export interface ChangeFollowerOptions {
  readonly config: MysqlConfig
  readonly context: PluginContext
  /** The control session. */
  readonly session: (signal: AbortSignal) => Promise<SourceSession>
  readonly settings: () => SessionSettings
  /** The job's encoding, when text is to come as it is stored. */
  readonly encoding: string | undefined
  readonly describeAll: (signal: AbortSignal) => Promise<readonly DescribedObject[]>
  /** Asks the server again; `undefined` when there is no such table now. */
  readonly describeAgain: (
    object: SourceObject,
    signal: AbortSignal,
  ) => Promise<DescribedObject | undefined>
}

/** The part of a session that follows changes. */
export class ChangeFollower {
  readonly #options: ChangeFollowerOptions
  readonly #serverId: number
  /** What was known last of each table; it goes on from one `follow` to the next. */
  readonly #known = new Map<SourceObject, Pick<FollowedTable, 'described' | 'schema'>>()
  readonly #expiry = new LogExpiry()
  #snapshot: SharedSnapshot | undefined
  #server: LogServer | undefined

  constructor(options: ChangeFollowerOptions) {
    this.#options = options
    this.#serverId = options.config.serverId ?? randomServerId()
  }

  /** The instant that reads see; absent: each sees one of its own. */
  get snapshot(): SharedSnapshot | undefined {
    return this.#snapshot
  }

  async check(signal: AbortSignal): Promise<readonly Finding[]> {
    const { settings, session, describeAll, config, context } = this.#options
    return await checkChanges(
      {
        session: await session(signal),
        settings: settings(),
        server: await this.#logServer(signal),
        described: await describeAll(signal),
        sourceCount: config.sources.length,
        serverId: config.serverId,
        logger: context.logger,
      },
      signal,
    )
  }

  /** Takes a snapshot for at most `readers` reads at the same time. */
  async takeSnapshot(readers: number, signal: AbortSignal): Promise<Position> {
    const { context, settings, session } = this.#options
    this.#closeSnapshot()
    const described = await this.#options.describeAll(signal)
    const control = await session(signal)
    this.#snapshot = await takeExactSnapshot(
      {
        session: control,
        settings: settings(),
        server: await this.#logServer(signal),
        count: Math.max(1, Math.min(readers, context.concurrency)),
        tables: described.map(({ object }) => object.table?.quoted ?? ''),
      },
      signal,
    )
    return positionOf(this.#snapshot.position)
  }

  async currentPosition(signal: AbortSignal): Promise<Position> {
    const session = await this.#options.session(signal)
    return positionOf(await readLogEnd(session, await this.#logServer(signal), signal))
  }

  async logStatus(position: Position, signal: AbortSignal): Promise<LogStatus> {
    const session = await this.#options.session(signal)
    const from = logPositionOf(position)
    const files = await readLogFiles(session, signal)
    const last = files.at(-1)
    const lagBytes = files
      .filter(
        ({ name }) =>
          compareBoundaries({ file: name, offset: 0 }, { file: from.file, offset: 0 }) >= 0,
      )
      .reduce(
        (sum, { name, size }) =>
          sum + (name === from.file ? Math.max(size - from.offset, 0) : size),
        0,
      )
    const server = await this.#logServer(signal)
    const question = { session, settings: this.#options.settings(), server, files, from }
    const expiry = await this.#expiry.of(question, signal)
    const end = last === undefined ? '' : `${last.name}:${last.size}`
    return { log: 'binlog', lagBytes, ...expiry, end }
  }

  async *follow(
    from: Position,
    options: FollowOptions,
  ): AsyncGenerator<RecordBatch, void, undefined> {
    const { signal } = options
    const { settings, session, context } = this.#options
    // What goes on without an end is not read besides; holding an old instant costs the server.
    if (options.until === undefined) this.#closeSnapshot()
    const place = logPositionOf(from)
    const until = options.until === undefined ? undefined : logPositionOf(options.until)
    const control = await session(signal)
    const server = await this.#logServer(signal)
    const tables = await this.#followedTables(control, server, options)
    const { logger } = context
    try {
      yield* followChanges(
        {
          session: control,
          settings: settings(),
          server,
          tables,
          from: place,
          until,
          serverId: this.#serverId,
          logger,
        },
        options,
      )
    } finally {
      for (const { described, schema } of tables.all) {
        this.#known.set(described.object, { described, schema })
      }
    }
  }

  close(): void {
    this.#closeSnapshot()
  }

  #closeSnapshot(): void {
    this.#snapshot?.close()
    this.#snapshot = undefined
  }

  async #logServer(signal: AbortSignal): Promise<LogServer> {
    this.#server ??= await readLogServer(await this.#options.session(signal), signal)
    return this.#server
  }

  async #followedTables(
    { isMariaDb }: SourceSession,
    server: LogServer,
    { signal, leaveOut }: FollowOptions,
  ): Promise<FollowedTables> {
    const { context, encoding } = this.#options
    const connect = async () => (await this.#options.session(signal)).connection
    const tables = new FollowedTables({
      charsets: await CharsetDecodings.load(connect, isMariaDb, encoding, signal),
      ignoresCase: server.ignoresCase,
      logger: context.logger,
      describe: (object) => this.#options.describeAgain(object, signal),
      signal,
    })
    for (const first of await this.#options.describeAll(signal)) {
      const { object } = first
      if (leaveOut?.has(object.label) === true) continue
      const { described, schema } = this.#known.get(object) ?? {
        described: first,
        schema: first.schema,
      }
      const database = object.table?.schema ?? server.database
      const table = object.table?.name
      if (database === undefined || table === undefined) throw notFollowed(object)
      tables.add(database, table, described, schema)
    }
    return tables
  }
}

function notFollowed({ label }: SourceObject): PluginError {
  return new PluginError({
    code: 'CONFIG_INVALID',
    message: `following changes of ${label}: only tables have changes`,
    hint: 'Name tables, and no statements.',
  })
}
