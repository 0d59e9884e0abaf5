import type pg from 'pg'
import type { CallOptions, Finding, FollowOptions, Logger, LogStatus } from '@millrace/core/plugin'
import type { Position, RecordBatch } from '@millrace/core/record'
import type { PostgresConfig } from '../config/postgres-config.ts'
import { silenceTimeoutMsOf } from '../connection/connection-properties.ts'
import { closeClient, endClient } from '../connection/close-client.ts'
import type { SessionSettings } from '../connection/open-session.ts'
import { sourceFaultOf } from '../connection/source-error.ts'
import type { ChangeNames } from './change-names.ts'
import type { ChangeStream } from './change-stream.ts'
import { changeFindings } from './check-changes.ts'
import { slotAdvice } from './check-slot.ts'
import { FollowedRelations, type Ask, type FollowedObject } from './followed-relations.ts'
import { readLogEnd } from './log-end.ts'
import { logPositionOf, lsnText, positionOf, type LogPosition } from './log-position.ts'
import { openChangeStream, streamError } from './open-change-stream.ts'
import {
  ensurePublication,
  publicationChanged,
  readMembership,
  readPublication,
  type PublishStage,
} from './publication.ts'
import { ensureSlot, readSlot } from './replication-slot.ts'
import { readServerFacts, type ServerFacts } from './server-facts.ts'

/** Older servers say nothing while they pass over a large transaction that is not for the job. */
const defaultSilenceMs = 300_000

/** What following needs of the session. */
export interface ChangeFeedOptions {
  readonly config: PostgresConfig
  readonly names: ChangeNames
  readonly logger: Logger
  readonly settings: () => SessionSettings
  /** Runs statements on the connection for such, one that is made anew when it was lost. */
  readonly ask: (signal: AbortSignal) => Ask
  readonly objects: (signal: AbortSignal) => Promise<readonly FollowedObject[]>
}

/** The changes of one database: its slot, its publication and the stream that is read. */
export class ChangeFeed {
  readonly #options: ChangeFeedOptions
  #relations: FollowedRelations | undefined
  #acknowledged = 0n
  #stream: ChangeStream | undefined
  #client: pg.Client | undefined

  constructor(options: ChangeFeedOptions) {
    this.#options = options
  }

  /** What stands in the way of following changes. */
  async check({ signal }: CallOptions): Promise<readonly Finding[]> {
    const { names, config, ask, objects, logger } = this.#options
    if (config.sources.length > 1) return [severalSources]
    const followed = await objects(signal)
    return await ask(signal)(async (client) => {
      const source = {
        facts: await readServerFacts(client),
        names,
        mode: config.changes.publicationMode ?? 'filtered',
        slot: await readSlot(client, names.slot),
        publication: await readPublication(client, names.publication),
        objects: followed,
        logEnd: await readLogEnd(client),
      }
      for (const advice of slotAdvice(source)) logger.info(advice)
      return changeFindings(source)
    })
  }

  /** Makes publication and slot where they are missing. Comes before the snapshot. */
  async prepare({ signal }: CallOptions): Promise<void> {
    const { names, logger, ask } = this.#options
    const { database } = await this.#publish('beginning', signal)
    await ask(signal)(async (client) => await ensureSlot(client, names.slot, database, logger))
  }

  /** Puts tables that the job has got into the publication. Their changes come from then on. */
  async takeUp(tables: ReadonlySet<string>, { signal }: CallOptions): Promise<void> {
    await this.#publish('taking up', signal, tables)
  }

  /**
   * Sees to it that the publication has the tables of the job.
   *
   * @param wanted those of them; absent: all
   */
  async #publish(
    stage: PublishStage,
    signal: AbortSignal,
    wanted?: ReadonlySet<string>,
  ): Promise<ServerFacts> {
    const { names, logger, config, ask, objects } = this.#options
    const facts = await ask(signal)(readServerFacts)
    const followed = await objects(signal)
    const tables = followed
      .filter(({ label }) => wanted === undefined || wanted.has(label))
      .map(({ table }) => table)
    const { version } = facts
    const mode = config.changes.publicationMode
    const options = { tables, version, stage, logger, ...(mode === undefined ? {} : { mode }) }
    await ask(signal)((client) => ensurePublication(client, names.publication, options))
    return facts
  }

  get #silenceTimeoutMs(): number {
    const { config, settings } = this.#options
    const { dataSource } = settings()
    return config.socketTimeoutMs ?? silenceTimeoutMsOf(dataSource) ?? defaultSilenceMs
  }

  /** See `ReaderSession.follow`. */
  async *follow(
    position: Position,
    options: FollowOptions,
  ): AsyncGenerator<RecordBatch, void, undefined> {
    const { signal } = options
    const from = logPositionOf(position)
    const until = options.until === undefined ? undefined : logPositionOf(options.until).lsn
    const facts = await this.#publish('going on', signal)
    const publication = await this.#requireMembership(from, options)
    if (until !== undefined && until <= from.lsn) return
    const opening = {
      names: this.#options.names,
      settings: this.#options.settings,
      ask: this.#options.ask(signal),
      relations: await this.#followedRelations(options),
      acknowledged: () => this.#acknowledged,
      facts,
      silenceTimeoutMs: this.#silenceTimeoutMs,
      from: publication === undefined ? from : { ...from, publication },
      until,
    }
    const { stream, client } = await openChangeStream(opening, options)
    const abort = () => {
      stream.stop(signal.reason)
      closeClient(client)
    }
    signal.addEventListener('abort', abort, { once: true })
    this.#stream = stream
    this.#client = client
    let isComplete = false
    try {
      for (;;) {
        signal.throwIfAborted()
        const batch = await stream.next()
        if (batch === undefined) {
          isComplete = true
          return
        }
        yield batch
      }
    } catch (error) {
      signal.throwIfAborted()
      throw streamError(error)
    } finally {
      signal.removeEventListener('abort', abort)
      this.#stream = undefined
      this.#client = undefined
      stream.close()
      if (isComplete) await endClient(client)
      else closeClient(client)
    }
  }

  /** The place of a snapshot, with how the publication stands. */
  async placeAt(lsn: bigint, { signal }: CallOptions): Promise<Position> {
    const publication = await this.#membership(signal)
    return positionOf({ lsn, ...(publication === undefined ? {} : { publication }) })
  }

  /**
   * Sees to it that the tables were in the publication since a position; gives how all tables of the job stand in it now.
   *
   * @throws PluginError POSITION_LOST
   */
  async #requireMembership(
    from: LogPosition,
    { signal, leaveOut }: FollowOptions,
  ): Promise<number | undefined> {
    const followed = await this.#membership(signal, leaveOut)
    const isNewer = from.publication !== undefined && (followed ?? 0) > from.publication
    if (isNewer)
      throw publicationChanged(
        `publication ${this.#options.names.publication} was made anew, or a table of the job was put into it again, and what changed meanwhile is not sent`,
      )
    return await this.#membership(signal)
  }

  async #membership(
    signal: AbortSignal,
    leaveOut: ReadonlySet<string> = new Set(),
  ): Promise<number | undefined> {
    const { objects, ask, names } = this.#options
    const tables = (await objects(signal))
      .filter(({ label }) => !leaveOut.has(label))
      .map(({ table }) => table.oid)
    return await ask(signal)((client) => readMembership(client, names.publication, tables))
  }

  /** The end of the log: behind everything that was committed before the call. */
  async currentPosition({ signal }: CallOptions): Promise<Position> {
    const lsn = await this.#options.ask(signal)(async (client) => {
      const end = await readLogEnd(client)
      // The commit of this transaction lies behind, and makes the server write the log up to there, though nobody else does.
      await client.query('SELECT CASE WHEN NOT pg_is_in_recovery() THEN txid_current() END')
      return end
    })
    return positionOf({ lsn })
  }

  /** Everything before the position is in the target. */
  async acknowledge(position: Position, { signal }: CallOptions): Promise<void> {
    const { lsn } = logPositionOf(position)
    if (lsn <= this.#acknowledged) return
    this.#acknowledged = lsn
    if (this.#stream !== undefined) {
      this.#stream.sendStatus(false)
      return
    }
    const { ask, names, logger } = this.#options
    try {
      await ask(signal)(async (client) => {
        const values = [names.slot, lsnText(lsn)]
        await client.query('SELECT pg_replication_slot_advance($1, $2::pg_lsn)', values)
      })
    } catch (error) {
      signal.throwIfAborted()
      // The next stream tells the server.
      logger.debug(
        `replication slot ${names.slot} was not moved on: ${sourceFaultOf(error).message}`,
      )
    }
  }

  /** What is left between a position and the end of the log. */
  async logStatus(position: Position, { signal }: CallOptions): Promise<LogStatus> {
    const { lsn } = logPositionOf(position)
    const { names, ask } = this.#options
    return await ask(signal)(async (client) => {
      const end = await readLogEnd(client)
      const slot = await readSlot(client, names.slot)
      const { keptBytes: limit } = await readServerFacts(client)
      const lagBytes = Math.max(0, Number(end - lsn))
      if (limit === undefined) return { log: 'WAL', lagBytes, end: lsnText(end) }
      const budgetLeftBytes = slot?.isLost === true ? 0 : Math.max(0, slot?.safeBytes ?? limit)
      return { log: 'WAL', lagBytes, budgetBytes: limit, budgetLeftBytes, end: lsnText(end) }
    })
  }

  /** Lets go of the stream, if one is read. */
  close(): void {
    if (this.#client !== undefined) closeClient(this.#client)
  }

  async #followedRelations({ signal, leaveOut }: FollowOptions): Promise<FollowedRelations> {
    const { objects, ask, logger } = this.#options
    this.#relations ??= new FollowedRelations(await objects(signal), ask(signal), logger)
    this.#relations.use(ask(signal), leaveOut)
    return this.#relations
  }
}

const severalSources: Finding = {
  severity: 'error',
  message: 'the job reads several databases, and changes are followed in one',
  hint: 'Make it one job for each database.',
  path: ['connection'],
}
