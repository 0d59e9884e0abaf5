import { PluginError } from '@millrace/core/plugin'
import type { SourceSession } from '../connection/open-session.ts'
import { statementError } from '../connection/source-error.ts'
import { quoteText } from '../snapshot/table-name.ts'
import type { LogPosition } from './log-position.ts'

/** What has to be known of a server before its log is read. */
export interface LogServer {
  /** Tells it from other servers. */
  readonly id: string
  readonly isMariaDb: boolean
  /** Positions hold GTIDs. */
  readonly hasGtids: boolean
  /** Whether events end with a checksum. */
  readonly hasChecksum: boolean
  /** Names of tables are compared without their case. */
  readonly ignoresCase: boolean
  /** Of the connection. */
  readonly database: string | undefined
}

/** Asks the server for what reading its log takes. */
export async function readLogServer(
  { connection, isMariaDb, version }: SourceSession,
  signal: AbortSignal,
): Promise<LogServer> {
  const id = isMariaDb ? '@@server_id' : '@@server_uuid'
  const gtids = isMariaDb ? "'ON'" : '@@gtid_mode'
  try {
    const [row = []] = await connection.query(
      `SELECT ${id}, ${gtids}, @@global.binlog_checksum, @@lower_case_table_names, DATABASE()`,
      signal,
    )
    const [server, gtidMode, checksum, lowerCase, database] = row
    // Servers that were copied share a number, but not this; MariaDB has it since 10.11.
    const uid = isMariaDb ? await optionalVariable(connection, 'server_uid', signal) : undefined
    return {
      id: uid ?? server ?? '',
      isMariaDb,
      hasGtids: gtidMode === 'ON',
      hasChecksum: checksum !== 'NONE',
      ignoresCase: lowerCase !== '0',
      database: database ?? undefined,
    }
  } catch (error) {
    signal.throwIfAborted()
    throw statementError(`asking the server ${version} for its log settings`, error)
  }
}

/** The end of the log: behind everything that is committed. */
export async function readLogEnd(
  { connection, isMariaDb, version }: SourceSession,
  server: LogServer,
  signal: AbortSignal,
): Promise<LogPosition> {
  try {
    const [row] = await connection.query(statusStatement(isMariaDb, version), signal)
    const [file, offset, , , executed] = row ?? []
    if (file == null) throw logIsOff()
    const place = { server: server.id, file, offset: Number(offset) }
    if (isMariaDb) return await withMariadbGtid({ connection }, place, signal)
    if (!server.hasGtids) return place
    return { ...place, gtid: (executed ?? '').replaceAll(/\s/g, '') }
  } catch (error) {
    signal.throwIfAborted()
    throw statementError('looking for the end of the binary log', error, logRightsHint(isMariaDb))
  }
}

/** The position with the GTIDs that stand before it in the log. */
export async function withMariadbGtid(
  { connection }: Pick<SourceSession, 'connection'>,
  place: LogPosition,
  signal: AbortSignal,
): Promise<LogPosition> {
  const [row] = await connection.query(
    `SELECT BINLOG_GTID_POS(${quoteText(place.file)}, ${place.offset})`,
    signal,
  )
  const gtid = row?.[0]
  return gtid == null ? place : { ...place, gtid }
}

/** One file of the log. */
export interface LogFile {
  readonly name: string
  readonly size: number
}

/** The files of the log that the server still has, in order. */
export async function readLogFiles(
  { connection, isMariaDb }: SourceSession,
  signal: AbortSignal,
): Promise<readonly LogFile[]> {
  try {
    const rows = await connection.query('SHOW BINARY LOGS', signal)
    return rows.map(([name, size]) => ({ name: name ?? '', size: Number(size) }))
  } catch (error) {
    signal.throwIfAborted()
    throw statementError('listing the binary logs', error, logRightsHint(isMariaDb))
  }
}

/** A variable that not every server has. */
export async function optionalVariable(
  connection: SourceSession['connection'],
  name: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const [row] = await connection.query(`SHOW GLOBAL VARIABLES LIKE '${name}'`, signal)
  return row?.[1] ?? undefined
}

/** The statement that tells where the log ends: MySQL renamed it in 8.2 and dropped the old one in 8.4. */
export function statusStatement(isMariaDb: boolean, version: string): string {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10))
  const isRenamed = !isMariaDb && (major > 8 || (major === 8 && minor >= 2))
  return isRenamed ? 'SHOW BINARY LOG STATUS' : 'SHOW MASTER STATUS'
}

function logRightsHint(isMariaDb: boolean): string {
  const right = isMariaDb ? 'BINLOG MONITOR' : 'REPLICATION CLIENT'
  return `GRANT ${right} ON *.* TO the user of the data source.`
}

function logIsOff(): PluginError {
  return new PluginError({
    code: 'SOURCE_STATEMENT_INVALID',
    message: 'following changes: the server writes no binary log',
    hint: 'Start it with log_bin and a server_id.',
  })
}
