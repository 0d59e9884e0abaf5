import { PluginError } from '@millrace/core/plugin'
import {
  openSession,
  type SessionSettings,
  type SourceSession,
} from '../connection/open-session.ts'
import type { SourceConnection } from '../connection/source-connection.ts'
import { sourceFaultOf, statementError } from '../connection/source-error.ts'
import type { LogPosition } from './log-position.ts'
import { readLogEnd, withMariadbGtid, type LogServer } from './log-server.ts'
import { SharedSnapshot } from './shared-snapshot.ts'

/** What a snapshot is taken with. */
export interface SnapshotRequest {
  /** The control session. */
  readonly session: SourceSession
  readonly settings: SessionSettings
  readonly server: LogServer
  /** Connections wanted. */
  readonly count: number
  /** Quoted names of all tables of the job. */
  readonly tables: readonly string[]
}

/** A place in the binary log. */
interface SnapshotPlace {
  readonly file: string
  readonly offset: number
}

const beginSnapshot = 'START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY'
const tries = 10
/** A lock that is waited for makes others wait: long statements are not sat out. */
const lockWaitSeconds = 10

/**
 * Opens connections that all see one instant, and finds its place in the log: what stands before it is seen, what stands
 * behind it is not.
 *
 * MariaDB tells the place of each transaction's snapshot; they are begun together until all have the same. Where that does not
 * come about, and on MySQL, writers are held for the instant in which the transactions begin.
 *
 * @throws PluginError SOURCE_NOT_PERMITTED with the grant that is lacking
 */
export async function takeExactSnapshot(
  request: SnapshotRequest,
  signal: AbortSignal,
): Promise<SharedSnapshot> {
  const connections: SourceConnection[] = []
  try {
    for (let index = 0; index < request.count; index += 1) {
      connections.push((await openSession(request.settings, signal)).connection)
    }
    const position = request.server.isMariaDb
      ? await beginTogether(request, connections, signal)
      : await beginLocked(request, connections, signal)
    return new SharedSnapshot(position, connections)
  } catch (error) {
    for (const connection of connections) connection.destroy()
    signal.throwIfAborted()
    throw statementError('taking a snapshot', error)
  }
}

async function beginTogether(
  request: SnapshotRequest,
  connections: SourceConnection[],
  signal: AbortSignal,
): Promise<LogPosition> {
  const { session, server } = request
  for (let attempt = 0; attempt < tries; attempt += 1) {
    await beginAll(connections, signal)
    const places: SnapshotPlace[] = []
    for (const connection of connections) places.push(await snapshotPlace(connection, signal))
    const [first] = places
    if (first === undefined) throw noPlace()
    if (places.every(({ file, offset }) => file === first.file && offset === first.offset)) {
      return await withMariadbGtid(session, { server: server.id, ...first }, signal)
    }
  }
  try {
    return await beginLocked(request, connections, signal)
  } catch (error) {
    if (!isNotPermitted(error)) throw error
    // One connection alone is always at one instant.
    for (const connection of connections.splice(1)) connection.destroy()
    return await beginTogether(request, connections, signal)
  }
}

async function beginAll(
  connections: readonly SourceConnection[],
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(connections.map((connection) => connection.query(beginSnapshot, signal)))
}

/**
 * Where the snapshot of a connection's transaction stands. MariaDB alone tells.
 *
 * The server puts the answer in variables that all connections share: who asks at the same moment may get that of another. So
 * only one connection asks at a time, and until it is told the same twice in a row: somebody else may ask, too.
 */
async function snapshotPlace(
  connection: SourceConnection,
  signal: AbortSignal,
): Promise<SnapshotPlace> {
  let place = await readSnapshotPlace(connection, signal)
  for (;;) {
    const again = await readSnapshotPlace(connection, signal)
    if (again.file === place.file && again.offset === place.offset) return place
    place = again
  }
}

async function readSnapshotPlace(
  connection: SourceConnection,
  signal: AbortSignal,
): Promise<SnapshotPlace> {
  const rows = await connection.query("SHOW STATUS LIKE 'binlog_snapshot_%'", signal)
  const values = new Map(rows.map(([name, value]) => [(name ?? '').toLowerCase(), value]))
  const file = values.get('binlog_snapshot_file') ?? ''
  if (file === '') throw noPlace()
  return { file, offset: Number(values.get('binlog_snapshot_position')) }
}

/** Begins the transactions while nobody can commit. */
async function beginLocked(
  request: SnapshotRequest,
  connections: readonly SourceConnection[],
  signal: AbortSignal,
): Promise<LogPosition> {
  const { session, server, tables } = request
  const { connection } = session
  await connection.query(`SET SESSION lock_wait_timeout = ${lockWaitSeconds}`, signal)
  await lock(connection, tables, signal)
  try {
    await beginAll(connections, signal)
    return await readLogEnd(session, server, signal)
  } finally {
    await connection.query('UNLOCK TABLES', signal)
  }
}

/** All tables where that is allowed, else those of the job. */
async function lock(
  connection: SourceConnection,
  tables: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  try {
    await connection.query('FLUSH TABLES WITH READ LOCK', signal)
  } catch (error) {
    signal.throwIfAborted()
    if (!isNotPermitted(error)) throw lockError(error)
    try {
      const locks = tables.map((table) => `${table} READ`)
      await connection.query(`LOCK TABLES ${locks.join(', ')}`, signal)
    } catch (second) {
      signal.throwIfAborted()
      if (!isNotPermitted(second)) throw lockError(second)
      throw new PluginError({
        code: 'SOURCE_NOT_PERMITTED',
        message: `taking a snapshot: nobody may write for the instant in which it begins: ${sourceFaultOf(second).message}`,
        hint: 'GRANT RELOAD ON *.* TO the user of the data source, or GRANT LOCK TABLES on its database.',
        cause: second,
      })
    }
  }
}

const deniedErrors = new Set([1044, 1045, 1142, 1227])
const lockWaitTimeout = 1205

function isNotPermitted(error: unknown): boolean {
  if (PluginError.isInstance(error)) return error.code === 'SOURCE_NOT_PERMITTED'
  return deniedErrors.has(sourceFaultOf(error).errno ?? 0)
}

function lockError(error: unknown): unknown {
  if (sourceFaultOf(error).errno !== lockWaitTimeout) return error
  return new PluginError({
    code: 'SOURCE_FAILED',
    message: `taking a snapshot: the tables could not be locked within ${lockWaitSeconds} s: a statement is running for longer`,
    hint: 'Run the job again when no long statement writes to the tables, or end it.',
    isRetryable: true,
    cause: error,
  })
}

function noPlace(): PluginError {
  return new PluginError({
    code: 'SOURCE_STATEMENT_INVALID',
    message: 'taking a snapshot: the server does not tell its place in the binary log',
    hint: 'The server needs log_bin, and InnoDB tables.',
  })
}
