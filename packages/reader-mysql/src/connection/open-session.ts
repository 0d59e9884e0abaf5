import type { DataSource } from '@millrace/core/plugin'
import type { SourceAddress } from './connection-options.ts'
import { sessionVariablesStatement } from './connection-properties.ts'
import { SourceConnection } from './source-connection.ts'
import { statementError } from './source-error.ts'

/** What a session is opened with. */
export interface SessionSettings {
  readonly dataSource: DataSource
  /** The user's statements, run in order after our own. */
  readonly statements: readonly string[]
  /** Text comes as it is stored, in the character set of each column, instead of as UTF-8. */
  readonly hasRawText: boolean
}

/** A connection with the session set up. */
export interface SourceSession {
  readonly connection: SourceConnection
  readonly isMariaDb: boolean
  /** For people: `10.11.6-MariaDB`. */
  readonly version: string
  /** Settings of the user's statements that were put back, for a warning: `time_zone`, `character_set_results`. */
  readonly restored: readonly string[]
}

/** A consumer may be slow: a day without a byte read is no fault of the connection. */
const patienceSeconds = 86_400
/** Modes that refuse zero dates in conditions, or cut fractions of seconds. */
const harmfulModes = new Set(['NO_ZERO_DATE', 'NO_ZERO_IN_DATE', 'TIME_TRUNCATE_FRACTIONAL'])

/**
 * Connects and sets the session up: instants in UTC, text in UTF-8, zero dates accepted, patience with slow consumers,
 * then the user's statements. Time zone and character set are put back after those: cells would change otherwise.
 *
 * @throws PluginError when connecting fails or a statement is refused
 */
export async function openSession(
  settings: SessionSettings,
  signal: AbortSignal,
  addresses?: readonly SourceAddress[],
): Promise<SourceSession> {
  const connection = await SourceConnection.open(settings.dataSource, signal, addresses)
  try {
    return await setUp(connection, settings, signal)
  } catch (error) {
    connection.destroy()
    signal.throwIfAborted()
    throw error
  }
}

async function setUp(
  connection: SourceConnection,
  settings: SessionSettings,
  signal: AbortSignal,
): Promise<SourceSession> {
  const run = (sql: string) => connection.query(sql, signal)
  const results = settings.hasRawText ? 'NULL' : 'utf8mb4'
  const fixed = `SET NAMES utf8mb4, character_set_results = ${results}, time_zone = '+00:00'`
  try {
    const [row] = await run('SELECT @@version, @@sql_mode')
    const version = row?.[0] ?? ''
    const isMariaDb = /mariadb/i.test(version)
    const modes = (row?.[1] ?? '').split(',').filter((mode) => !harmfulModes.has(mode))
    await run(fixed)
    await run(`SET SESSION sql_mode = '${modes.join(',')}', ${patience(isMariaDb)}`)
    const restored = await runStatements(connection, settings, signal)
    if (restored.length > 0) await run(fixed)
    return { connection, isMariaDb, version, restored }
  } catch (error) {
    throw statementError('setting up the session', error)
  }
}

function patience(isMariaDb: boolean): string {
  const seconds = ['net_write_timeout', 'net_read_timeout', 'wait_timeout'].map(
    (name) => `${name} = ${patienceSeconds}`,
  )
  return [...seconds, isMariaDb ? 'max_statement_time = 0' : 'max_execution_time = 0'].join(', ')
}

/** Sets the user's variables and runs the statements; returns which of our settings they changed. */
async function runStatements(
  connection: SourceConnection,
  settings: SessionSettings,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const variables = sessionVariablesStatement(settings.dataSource)
  if (variables === undefined && settings.statements.length === 0) return []
  if (variables !== undefined) {
    try {
      await connection.query(variables, signal)
    } catch (error) {
      throw statementError('setting the sessionVariables of the data source', error)
    }
  }
  for (const [index, statement] of settings.statements.entries()) {
    try {
      await connection.query(statement, signal)
    } catch (error) {
      throw statementError(`running statement ${index + 1} of session`, error)
    }
  }
  const [row] = await connection.query(
    'SELECT @@session.time_zone, @@session.character_set_results, @@session.character_set_client',
    signal,
  )
  const [timeZone, results, client] = row ?? []
  return [
    ...(timeZone === '+00:00' ? [] : ['time_zone']),
    ...(results === (settings.hasRawText ? null : 'utf8mb4') && client === 'utf8mb4'
      ? []
      : ['the character set']),
  ]
}
