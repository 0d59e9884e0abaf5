import { randomInt } from 'node:crypto'
import { PluginError } from '@millrace/core/plugin'
import { positionLost } from '@millrace/core/sql'
import {
  openSession,
  type SessionSettings,
  type SourceSession,
} from '../connection/open-session.ts'
import { readError, sourceFaultOf } from '../connection/source-error.ts'
import { quoteText } from '../snapshot/table-name.ts'
import { BinlogStream } from './binlog-stream.ts'
import { dumpRequest, gtidDumpRequest } from './dump-request.ts'
import type { LogPosition } from './log-position.ts'
import { readLogFiles, withMariadbGtid, type LogServer } from './log-server.ts'

/** An open log. Whoever opens it calls {@link OpenLog.close}. */
export interface OpenLog {
  readonly stream: BinlogStream
  close(): void
}

/** Nanoseconds between two signs of life of an idle server. */
const heartbeatNs = 1_000_000_000
/** Random numbers of readers stand above what people give their servers. */
const lowestServerId = 0x8000_0000
const highestServerId = 0xffff_ffff

/** The number by which the server knows this reader among those of its log. */
export function randomServerId(): number {
  return randomInt(lowestServerId, highestServerId)
}

/**
 * Asks the server for its log behind a position.
 *
 * @throws PluginError SOURCE_FAILED, SOURCE_UNREACHABLE when the connection fails
 */
export async function openLog(
  settings: SessionSettings,
  server: LogServer,
  from: LogPosition,
  serverId: number,
  signal: AbortSignal,
): Promise<OpenLog> {
  const { connection } = await openSession(settings, signal)
  try {
    await connection.query(`SET ${dumpSettings(server.isMariaDb)}`, signal)
    const isByGtid = !server.isMariaDb && server.hasGtids && from.gtid !== undefined
    const request = isByGtid
      ? gtidDumpRequest(serverId, from.gtid ?? '')
      : dumpRequest(serverId, from.file, from.offset)
    const stream = new BinlogStream(connection.takeStream(), request, () => connection.fault)
    return {
      stream,
      close() {
        stream.close()
        connection.destroy()
      },
    }
  } catch (error) {
    connection.destroy()
    signal.throwIfAborted()
    throw readError('asking for the binary log', error)
  }
}

/** Both names of what was renamed in MySQL 8.0.26; unknown ones do no harm. */
function dumpSettings(isMariaDb: boolean): string {
  return [
    '@master_binlog_checksum = @@global.binlog_checksum',
    '@source_binlog_checksum = @@global.binlog_checksum',
    `@master_heartbeat_period = ${heartbeatNs}`,
    `@source_heartbeat_period = ${heartbeatNs}`,
    // Events as they stand in the log, GTIDs among them.
    ...(isMariaDb ? ['@mariadb_slave_capability = 4'] : []),
  ].join(', ')
}

/**
 * Makes sure that the server has everything behind the position, and that the position is one of this very log.
 *
 * @throws PluginError POSITION_LOST
 */
export async function requirePosition(
  session: SourceSession,
  server: LogServer,
  from: LogPosition,
  signal: AbortSignal,
): Promise<void> {
  if (!server.isMariaDb && from.gtid !== undefined && server.hasGtids) {
    await requireGtids(session, from, from.gtid, signal)
    return
  }
  const doing = doingOf(from)
  if (from.server !== server.id) {
    throw positionLost(doing, 'the position is one of another server')
  }
  const files = await readLogFiles(session, signal)
  const file = files.find(({ name }) => name === from.file)
  if (file === undefined) throw purged(from, server.isMariaDb)
  if (file.size < from.offset) throw positionLost(doing, `the file ends at ${file.size}`)
  if (!server.isMariaDb || from.gtid === undefined) return
  const { gtid } = await withMariadbGtid(session, from, signal)
  if (gtid !== undefined && !isSamePosition(gtid, from.gtid)) {
    throw positionLost(doing, `other transactions stand before it (${gtid}, not ${from.gtid})`)
  }
}

async function requireGtids(
  { connection }: SourceSession,
  from: LogPosition,
  gtid: string,
  signal: AbortSignal,
): Promise<void> {
  const set = quoteText(gtid)
  const [row] = await connection.query(
    `SELECT GTID_SUBSET(@@global.gtid_purged, ${set}), GTID_SUBSET(${set}, @@global.gtid_executed)`,
    signal,
  )
  if (row?.[0] !== '1') throw purged(from, false)
  if (row[1] !== '1') {
    throw positionLost(
      doingOf(from),
      `the server lacks transactions that were read already: ${gtid}`,
    )
  }
}

/** The same GTIDs in any order. */
function isSamePosition(left: string, right: string): boolean {
  const sorted = (text: string) => text.split(',').toSorted().join(',')
  return sorted(left) === sorted(right)
}

const logReadFailed = 1236
/** MariaDB's number for what MySQL says with the one before. */
const sameServerId = 4052

/**
 * The error for a log that failed while it was read.
 *
 * @param place - where it failed, for the message
 */
export function logError(error: unknown, from: LogPosition, isMariaDb: boolean): PluginError {
  if (PluginError.isInstance(error)) return error
  const { errno, message } = sourceFaultOf(error)
  if (errno === sameServerId || (errno === logReadFailed && /same server_/i.test(message))) {
    return new PluginError({
      code: 'SOURCE_FAILED',
      message: `following changes: another reader of the log has the same server id: ${message}`,
      hint: 'Give each reader its own: changes: { serverId: ... }.',
      cause: error,
    })
  }
  if (errno !== logReadFailed) return readError('following changes', error)
  if (isNoBeginning(message))
    return positionLost(doingOf(from), `nothing can be read from there on (${message})`)
  if (/max_allowed_packet/i.test(message)) {
    return new PluginError({
      code: 'SOURCE_FAILED',
      message: `following changes: ${message}`,
      hint: 'SET GLOBAL max_allowed_packet = 1073741824 on the server.',
      cause: error,
    })
  }
  if (/purged|could not find first log|not find.*log file|impossible position/i.test(message)) {
    return purged(from, isMariaDb, message)
  }
  return readError('following changes', error)
}

/** What servers say of a place inside an event, as it is where a log was begun anew under the old name. */
function isNoBeginning(message: string): boolean {
  if (/truncated in the middle of event|bogus data/i.test(message)) return true
  const places = /the first event '[^']*' at (\d+), the last event read from '[^']*' at (\d+)/.exec(
    message,
  )
  return places !== null && places[1] === places[2]
}

function purged(from: LogPosition, isMariaDb: boolean, found?: string): PluginError {
  const setting = isMariaDb
    ? 'expire_logs_days (binlog_expire_logs_seconds)'
    : 'binlog_expire_logs_seconds'
  return new PluginError({
    code: 'POSITION_LOST',
    message: `${doingOf(from)}: the server no longer has that log${found === undefined ? '' : ` (${found})`}`,
    hint: `Take a new snapshot. Raise ${setting}, so that the server keeps its logs for longer than the job may stand.`,
  })
}

function doingOf({ file, offset }: LogPosition): string {
  return `following changes behind ${file}:${offset}`
}
