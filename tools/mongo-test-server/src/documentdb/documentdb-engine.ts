import { Long } from 'bson'
import pg from 'pg'
import { CommandError } from '../commands/command-error.ts'
import type { CommandContext } from '../commands/command.ts'
import { decodeDocument, encodeDocument, isDocument } from '../documents/bson-document.ts'
import { codeOfPackedState, engineError } from './engine-error.ts'
import { getMoreSql, statements, type Statement } from './statements.ts'

/** Cursors whose result stands in a session of PostgreSQL hold a connection each. */
const mostConnections = 40

/** What the test server answers by itself. */
const ownCommands: ReadonlySet<string> = new Set([
  'hello',
  'ismaster',
  'isMaster',
  'ping',
  'saslStart',
  'saslContinue',
  'logout',
  'connectionStatus',
  'buildInfo',
  'buildinfo',
  'usersInfo',
  'endSessions',
  'serverStatus',
  'replSetGetStatus',
  'getParameter',
  'configureFailPoint',
])

interface EngineRow {
  readonly reply?: Buffer
  readonly continuation?: Buffer | null
  readonly persistconnection?: boolean
  readonly cursorid?: string
}

interface EngineCursor {
  readonly database: string
  readonly continuation: Buffer
  /** The session that holds the result, where one does. */
  readonly client: pg.PoolClient | undefined
}

/** Carries out commands in a PostgreSQL with the extension DocumentDB, in the place of the documents in memory. */
export class DocumentDbEngine {
  readonly #pool: pg.Pool
  readonly #cursors = new Map<string, EngineCursor>()

  /** @param url of a database that has the extension */
  constructor(url: string) {
    this.#pool = new pg.Pool({ connectionString: url, max: mostConnections })
    // An idle connection that is lost is no matter of anybody; the next command says what is wrong.
    this.#pool.on('error', () => {})
  }

  /**
   * @param context
   * @returns the reply as BSON; undefined: the test server answers by itself
   * @throws {CommandError} the engine's own errors, and CommandNotSupported for what it has not
   */
  async run(context: CommandContext): Promise<Buffer | undefined> {
    const { name } = context
    if (ownCommands.has(name)) return undefined
    if (name === 'getMore') return await this.#getMore(context)
    if (name === 'killCursors') return this.#killCursors(context)
    const statement = statements.get(name)
    // Tests take a server without this command for a real one, which cannot be told to fail.
    if (statement === undefined)
      throw new CommandError('CommandNotFound', `${name} is not served on top of DocumentDB`)
    refuseUnsupported(context)
    return await this.#carryOut(statement, context)
  }

  /** Ends all connections to PostgreSQL. */
  async close(): Promise<void> {
    for (const id of this.#cursors.keys()) this.#forget(id)
    await this.#pool.end()
  }

  async #carryOut({ sql, takes }: Statement, context: CommandContext): Promise<Buffer> {
    const { database } = context
    const client = await this.#pool.connect()
    let isHeld = false
    try {
      const given = argumentsOf(context)
      const row = await rowOf(
        client,
        sql,
        takes.map((name) => given[name]),
      )
      const { reply, continuation, persistconnection, cursorid = '' } = row
      if (continuation != null) {
        isHeld = persistconnection === true
        const held = isHeld ? client : undefined
        this.#cursors.set(cursorid, { database, continuation, client: held })
      }
      if (reply === undefined) return encodeDocument({ ok: 1 })
      return takes.includes('sequence') ? withMongodbCodes(reply) : reply
    } finally {
      if (!isHeld) client.release()
    }
  }

  async #getMore({ command, request }: CommandContext): Promise<Buffer> {
    const id = String(command['getMore'])
    const cursor = this.#cursors.get(id)
    if (cursor === undefined) throw new CommandError('CursorNotFound', `cursor id ${id} not found`)
    const { database, continuation, client } = cursor
    try {
      const values = [database, request.body, continuation]
      const row = await rowOf(client ?? this.#pool, getMoreSql, values)
      if (row.continuation == null) this.#forget(id)
      else this.#cursors.set(id, { ...cursor, continuation: row.continuation })
      return row.reply ?? encodeDocument({})
    } catch (error) {
      this.#forget(id)
      throw error
    }
  }

  #killCursors({ command }: CommandContext): Buffer {
    const ids = (command['cursors'] ?? []) as Long[]
    const cursorsKilled = ids.filter((id) => this.#forget(id.toString()))
    const cursorsNotFound = ids.filter((id) => !cursorsKilled.includes(id))
    return encodeDocument({ cursorsKilled, cursorsNotFound, cursorsAlive: [], ok: 1 })
  }

  /** @returns whether it was there */
  #forget(id: string): boolean {
    // Its result stands in that session: both are ended.
    this.#cursors.get(id)?.client?.release(true)
    return this.#cursors.delete(id)
  }
}

/** @throws {CommandError} CommandNotSupported for what would be done otherwise than it was asked for */
function refuseUnsupported({ command }: CommandContext): void {
  const { level }: Record<string, unknown> = Object(command['readConcern'])
  if (level === 'snapshot' || command['startTransaction'] !== undefined)
    throw new CommandError('CommandNotSupported', 'DocumentDB is not read as of one instant here')
  const stages: unknown = command['pipeline']
  const [first]: unknown[] = Array.isArray(stages) ? stages : []
  if (isDocument(first) && first['$changeStream'] !== undefined)
    throw new CommandError('CommandNotSupported', 'DocumentDB has no change streams')
}

function argumentsOf(context: CommandContext) {
  const { database, name, command, request } = context
  const [documents] = request.sequences.values()
  return {
    database,
    body: request.body,
    // Otherwise they stand in the body.
    sequence: documents === undefined ? null : Buffer.concat(documents),
    collection: String(command[name]),
  }
}

async function rowOf(
  client: pg.Pool | pg.PoolClient,
  sql: string,
  values: unknown[],
): Promise<EngineRow> {
  try {
    const { rows } = await client.query<EngineRow>(sql, values)
    return rows[0] ?? {}
  } catch (error) {
    throw engineError(error)
  }
}

/** Errors of single documents have the codes of PostgreSQL. */
function withMongodbCodes(reply: Buffer): Buffer {
  const { writeErrors, ...others } = decodeDocument(reply)
  if (!Array.isArray(writeErrors)) return reply
  const errors = writeErrors.map((error: Record<string, unknown>) => ({
    ...error,
    code: codeOfPackedState(Number(error['code'])),
  }))
  return encodeDocument({ ...others, writeErrors: errors })
}
