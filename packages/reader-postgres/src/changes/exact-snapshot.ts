import { randomBytes } from 'node:crypto'
import type pg from 'pg'
import { PluginError, type Logger } from '@millrace/core/plugin'
import { abortable } from '../connection/cancel-query.ts'
import { closeClient, endClient } from '../connection/close-client.ts'
import { openSession, type SessionSettings } from '../connection/open-session.ts'
import { beginReading } from '../snapshot/shared-snapshot.ts'
import { parseLsn } from './log-position.ts'
import { slotError } from './replication-slot.ts'

const patienceMs = 5_000

/** A snapshot whose place in the log is known. */
export interface ExactSnapshot {
  /** Holds the snapshot open, and sees it. */
  readonly client: pg.Client
  /** Its name, by which other connections read as long as `client` is open. */
  readonly snapshot: string
  /** It sees exactly what was committed before. */
  readonly lsn: bigint
}

/**
 * Takes a snapshot at an exact place of the log: that of a temporary slot, which is the only one that tells its place. An
 * ordinary connection then takes it over and exports it again, so that the slot lives for a moment and holds no log.
 *
 * @throws PluginError SOURCE_NOT_PERMITTED, SOURCE_UNREACHABLE, with the setting to raise when no slot is free
 */
export async function takeExactSnapshot(
  settings: SessionSettings,
  logger: Logger,
  signal: AbortSignal,
): Promise<ExactSnapshot> {
  const slotClient = await openSession({ ...settings, isReplication: true }, signal)
  const patience = setTimeout(
    () =>
      logger.warn(
        'the snapshot waits for transactions that are under way at the source to end: SELECT pid, xact_start, query FROM pg_stat_activity WHERE backend_xid IS NOT NULL',
      ),
    patienceMs,
  )
  try {
    const { lsn, snapshot } = await abortable(slotClient, signal, () => createSlot(slotClient))
    const client = await openSession(settings, signal)
    try {
      return {
        client,
        snapshot: await abortable(client, signal, () => adopt(client, snapshot)),
        lsn,
      }
    } catch (error) {
      closeClient(client)
      throw error
    }
  } catch (error) {
    signal.throwIfAborted()
    throw slotError('taking a snapshot at a known place of the log', error)
  } finally {
    clearTimeout(patience)
    await endClient(slotClient)
  }
}

async function createSlot(client: pg.Client): Promise<{ lsn: bigint; snapshot: string }> {
  const name = `millrace_snapshot_${randomBytes(6).toString('hex')}`
  const { rows } = await client.query<[string, string, string]>({
    rowMode: 'array',
    text: `CREATE_REPLICATION_SLOT ${name} TEMPORARY LOGICAL pgoutput EXPORT_SNAPSHOT`,
  })
  const [, point, snapshot] = rows[0] ?? []
  const lsn = parseLsn(point ?? '')
  if (lsn === undefined || snapshot === undefined)
    throw new PluginError({ code: 'SOURCE_FAILED', message: 'the server exported no snapshot' })
  return { lsn, snapshot }
}

async function adopt(client: pg.Client, snapshot: string): Promise<string> {
  const isGone = await beginReading(client, snapshot)
  if (isGone)
    throw new PluginError({
      code: 'SOURCE_FAILED',
      message: 'taking a snapshot: it was gone before it could be read by',
      isRetryable: true,
    })
  const { rows } = await client.query<[string]>({
    rowMode: 'array',
    text: 'SELECT pg_export_snapshot()',
  })
  return rows[0]?.[0] ?? ''
}
