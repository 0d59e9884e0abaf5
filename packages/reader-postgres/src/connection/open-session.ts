import type pg from 'pg'
import type { DataSource, PluginError } from '@millrace/core/plugin'
import { abortable } from './cancel-query.ts'
import { closeClient } from './close-client.ts'
import { addressText, connectionOptions, sourceAddresses } from './connection-options.ts'
import { searchPathOf } from './connection-properties.ts'
import { loadDriver } from './driver.ts'
import { quoteText } from '../snapshot/table-name.ts'
import { connectError, statementError } from './source-error.ts'

/** What a connection to the source is made with. */
export interface SessionSettings {
  readonly dataSource: DataSource
  /** `session` of the job: run once after connecting. */
  readonly statements: readonly string[]
  /** The connection takes replication commands, too; of SQL it takes one statement at a time, without parameters. */
  readonly isReplication?: boolean
}

/**
 * What text the server sends must not depend on how it is set up: dates in ISO form, instants in UTC, floats with
 * every digit, bytes in hex, and no time limit while rows flow at the target's pace. `DateStyle` keeps the order of
 * day and month in which dates of the job's own conditions are read.
 */
const fixedSettings = [
  // A database without an encoding would refuse to send bytes that are not UTF-8.
  `SELECT set_config('client_encoding',
     CASE current_setting('server_encoding') WHEN 'SQL_ASCII' THEN 'SQL_ASCII' ELSE 'UTF8' END, false)`,
  "SET datestyle TO 'ISO'",
  "SET intervalstyle TO 'postgres'",
  'SET extra_float_digits TO 3',
  "SET bytea_output TO 'hex'",
  "SET xmlbinary TO 'base64'",
  "SET timezone TO 'UTC'",
  'SET quote_all_identifiers TO off',
  'SET statement_timeout TO 0',
  'SET idle_in_transaction_session_timeout TO 0',
  // Since PostgreSQL 17 and 14.
  "SELECT set_config(name, '0', false) FROM pg_settings WHERE name IN ('transaction_timeout', 'idle_session_timeout')",
]

/**
 * Connects to the first address that answers and fixes the settings. The user's `session` statements run before
 * them, so that they cannot change how values are written.
 *
 * @throws PluginError SOURCE_UNREACHABLE, SOURCE_NOT_PERMITTED; SOURCE_STATEMENT_INVALID for a `session` statement
 */
export async function openSession(
  settings: SessionSettings,
  signal: AbortSignal,
): Promise<pg.Client> {
  const client = await connect(settings, signal)
  try {
    await abortable(client, signal, async () => await setUp(client, settings))
    return client
  } catch (error) {
    closeClient(client)
    signal.throwIfAborted()
    throw statementError('setting up the connection', error)
  }
}

async function setUp(
  client: pg.Client,
  { dataSource, statements, isReplication = false }: SessionSettings,
): Promise<void> {
  const searchPath = searchPathOf(dataSource)
  if (searchPath !== undefined) {
    await client.query(`SELECT set_config('search_path', ${quoteText(searchPath)}, false)`)
  }
  for (const [index, statement] of statements.entries()) {
    try {
      await client.query(statement)
    } catch (error) {
      throw statementError(`running session statement ${index + 1}`, error)
    }
  }
  if (!isReplication) await client.query(fixedSettings.join('; '))
  else for (const statement of fixedSettings) await client.query(statement)
}

async function connect(
  { dataSource, isReplication = false }: SessionSettings,
  signal: AbortSignal,
): Promise<pg.Client> {
  signal.throwIfAborted()
  const { Client } = loadDriver()
  let failure: PluginError | undefined
  for (const address of sourceAddresses(dataSource)) {
    const options = connectionOptions(dataSource, address)
    const client = new Client(isReplication ? asReplication(options) : options)
    // A lost connection is reported by whatever waits on it; without a listener it would end the process.
    client.on('error', () => undefined)
    const abort = () => closeClient(client)
    signal.addEventListener('abort', abort, { once: true })
    try {
      await client.connect()
      return client
    } catch (error) {
      signal.throwIfAborted()
      failure = connectError(addressText(address), withoutPasswordRiddle(error))
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }
  throw failure ?? connectError('the source', new Error('no address given'))
}

/** The driver hands the option to the server (PostgreSQL documentation, "Streaming Replication Protocol"). */
function asReplication(options: pg.ClientConfig): pg.ClientConfig {
  const replication = { replication: 'database' }
  return { ...options, ...replication }
}

/** The driver says this when the server wants a password and the data source has none. */
function withoutPasswordRiddle(error: unknown): unknown {
  const isRiddle =
    error instanceof Error && error.message.includes('client password must be a string')
  return isRiddle ? new Error('the server asks for a password and the data source has none') : error
}
