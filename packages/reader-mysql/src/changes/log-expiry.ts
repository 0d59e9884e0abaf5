import type { LogStatus } from '@millrace/core/plugin'
import type { SessionSettings, SourceSession } from '../connection/open-session.ts'
import { compareBoundaries, type LogPosition } from './log-position.ts'
import type { LogFile, LogServer } from './log-server.ts'
import { eventType } from './log-types.ts'
import { openLog, randomServerId } from './open-log.ts'

/** What is known when a log's age is asked for. */
export interface ExpiryQuestion {
  readonly session: SourceSession
  readonly settings: SessionSettings
  readonly server: LogServer
  /** All that the server has, in order. */
  readonly files: readonly LogFile[]
  readonly from: LogPosition
}

const firstOffset = 4
const secondOfDay = 86_400
const patienceMs = 5_000

/**
 * How long the server will keep what lies behind a position. It removes a file that it has closed so long ago as it is set to; a
 * file is closed when the next one begins, which that one's first event tells.
 */
export class LogExpiry {
  /** When files were begun, in seconds since the epoch. */
  readonly #beginnings = new Map<string, number>()

  /** Nothing where the server sets no limit of time, or does not tell when a file was begun. */
  async of(
    question: ExpiryQuestion,
    signal: AbortSignal,
  ): Promise<Pick<LogStatus, 'keptMs' | 'keptLeftMs'>> {
    const { session, files, from } = question
    const keptSeconds = await readRetention(session, signal)
    if (keptSeconds === 0) return {}
    const keptMs = keptSeconds * 1000
    const next = files.find(({ name }) => isBehind(name, from.file))
    // A file that is still written to is not removed.
    if (next === undefined) return { keptMs, keptLeftMs: keptMs }
    const closedAt = this.#beginnings.get(next.name) ?? (await beginningOf(next, question, signal))
    if (closedAt === undefined) return {}
    this.#beginnings.set(next.name, closedAt)
    const [row] = await session.connection.query('SELECT UNIX_TIMESTAMP()', signal)
    const ageMs = (Number(row?.[0]) - closedAt) * 1000
    return { keptMs, keptLeftMs: Math.max(0, keptMs - Math.max(0, ageMs)) }
  }
}

function isBehind(file: string, other: string): boolean {
  return compareBoundaries({ file, offset: 0 }, { file: other, offset: 0 }) > 0
}

/** For how many seconds files are kept; 0: without an end. */
async function readRetention({ connection }: SourceSession, signal: AbortSignal): Promise<number> {
  const rows = await connection.query(
    "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('binlog_expire_logs_seconds', 'expire_logs_days', 'binlog_expire_logs_auto_purge')",
    signal,
  )
  const values = new Map(rows.map(([name, value]) => [(name ?? '').toLowerCase(), value ?? '']))
  if (values.get('binlog_expire_logs_auto_purge') === 'OFF') return 0
  const seconds = Number(values.get('binlog_expire_logs_seconds') ?? 0)
  return seconds > 0 ? seconds : Number(values.get('expire_logs_days') ?? 0) * secondOfDay
}

/** When a file was begun, by its first event; `undefined` when the server does not tell. */
async function beginningOf(
  { name }: LogFile,
  { settings, server }: ExpiryQuestion,
  signal: AbortSignal,
): Promise<number | undefined> {
  const call = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)])
  try {
    const place: LogPosition = { server: server.id, file: name, offset: firstOffset }
    const log = await openLog(settings, server, place, randomServerId(), call)
    try {
      const { packets } = log.stream
      for (;;) {
        while (packets.next()) {
          const { bytes, start } = packets
          if (bytes[start] !== 0) return undefined
          const timestamp = bytes.readUInt32LE(start + 1)
          const type = bytes[start + 5]
          if (type === eventType.formatDescription && timestamp > 0) return timestamp
          // What the server makes up for the reader has no time.
          if (type !== eventType.rotate && type !== eventType.formatDescription) return undefined
        }
        await log.stream.more(patienceMs, call)
      }
    } finally {
      log.close()
    }
  } catch {
    signal.throwIfAborted()
    return undefined
  }
}
