import type pg from 'pg'
import { PluginError, type Logger } from '@millrace/core/plugin'
import { sourceFaultOf, statementError } from '../connection/source-error.ts'
import { quoteText } from '../snapshot/table-name.ts'
import { lsnText, parseLsn, type LogPosition } from './log-position.ts'

/** What the server says of a replication slot. */
export interface SlotState {
  readonly plugin: string
  readonly database: string
  /** Process that reads it now. */
  readonly activePid: number | undefined
  /** What was committed before is not given any more. */
  readonly confirmedLsn: bigint
  /** The server has thrown away log that the slot needs. */
  readonly isLost: boolean
  /** `reserved`, `extended`, `unreserved`, `lost`; absent before PostgreSQL 13. */
  readonly walStatus: string | undefined
  /** Bytes of log that can still be written before the slot is lost; absent without a limit. */
  readonly safeBytes: number | undefined
}

/** The slot of this name, or `undefined`. */
export async function readSlot(client: pg.Client, name: string): Promise<SlotState | undefined> {
  const { rows } = await client.query<[string, string, number | null, string | null, Details]>({
    rowMode: 'array',
    // Some columns are there since PostgreSQL 13, 14, 16 or 17.
    text: `SELECT plugin::text, database::text, active_pid, confirmed_flush_lsn::text, to_jsonb(s)
      FROM pg_replication_slots s WHERE slot_name = $1`,
    values: [name],
  })
  const [row] = rows
  if (row === undefined) return undefined
  const [plugin, database, activePid, confirmed, details] = row
  const walStatus = details.wal_status ?? undefined
  const isInvalid = details.invalidation_reason != null || details.conflicting === true
  return {
    plugin,
    database,
    activePid: activePid ?? undefined,
    confirmedLsn: parseLsn(confirmed ?? '') ?? 0n,
    isLost: walStatus === 'lost' || isInvalid,
    walStatus,
    safeBytes: details.safe_wal_size ?? undefined,
  }
}

interface Details {
  readonly wal_status?: string | null
  readonly safe_wal_size?: number | null
  readonly conflicting?: boolean | null
  readonly invalidation_reason?: string | null
}

/**
 * Makes the slot unless it is there. Only before a snapshot: whoever goes on from a position needs the slot that has it.
 *
 * @throws PluginError SOURCE_NOT_PERMITTED, SOURCE_UNREACHABLE, CONFIG_INVALID when the slot is somebody else's
 */
export async function ensureSlot(
  client: pg.Client,
  name: string,
  database: string,
  logger: Logger,
): Promise<void> {
  const known = await readSlot(client, name)
  if (known !== undefined) requireOwn(known, name, database)
  if (known?.isLost === true) {
    logger.warn(`replication slot ${name} was given up by the server: it is made anew`)
    await run(
      client,
      `SELECT pg_drop_replication_slot(${quoteText(name)})`,
      `dropping slot ${name}`,
    )
  }
  if (known !== undefined && !known.isLost) return
  logger.info(`making replication slot ${name}`)
  const sql = `SELECT pg_create_logical_replication_slot(${quoteText(name)}, 'pgoutput')`
  await run(client, sql, `making replication slot ${name}`)
}

async function run(client: pg.Client, sql: string, doing: string): Promise<void> {
  try {
    await client.query(sql)
  } catch (error) {
    throw slotError(doing, error)
  }
}

/** The error of a statement about slots, with the setting or right it lacks. */
export function slotError(doing: string, error: unknown): PluginError {
  const { state, message } = sourceFaultOf(error)
  if (state === '53400')
    return new PluginError({
      code: 'SOURCE_UNREACHABLE',
      message: `${doing}: ${message}`,
      hint: 'Raise max_replication_slots (ALTER SYSTEM SET max_replication_slots = …; then restart the server), or drop a slot that nobody needs: SELECT slot_name, active FROM pg_replication_slots.',
      cause: error,
    })
  if (state === '42501')
    return new PluginError({
      code: 'SOURCE_NOT_PERMITTED',
      message: `${doing}: ${message}`,
      hint: 'Let the user follow changes: ALTER ROLE <user> REPLICATION (on Amazon RDS: GRANT rds_replication TO <user>).',
      cause: error,
    })
  if (state === '55000' && /wal_level/.test(message))
    return new PluginError({
      code: 'SOURCE_UNREACHABLE',
      message: `${doing}: ${message}`,
      hint: "Run ALTER SYSTEM SET wal_level = 'logical' and restart the server.",
      cause: error,
    })
  return statementError(doing, error)
}

function requireOwn({ plugin, database: found }: SlotState, name: string, database: string): void {
  if (plugin === 'pgoutput' && found === database) return
  throw new PluginError({
    code: 'CONFIG_INVALID',
    message: `replication slot ${name} is one of the plugin ${plugin} in the database ${found}, expected pgoutput in ${database}`,
    hint: 'Name another slot in changes.slotName.',
  })
}

/**
 * What has to hold of the slot so that nothing behind the position is missed: the server would skip in silence.
 *
 * @throws PluginError POSITION_LOST
 */
export function requirePosition(
  slot: SlotState | undefined,
  name: string,
  { lsn }: LogPosition,
  database: string,
): SlotState {
  const doing = `going on with changes from ${lsnText(lsn)}`
  if (slot === undefined)
    throw positionGone(`${doing}: replication slot ${name} is not there any more`)
  requireOwn(slot, name, database)
  if (slot.isLost)
    throw positionGone(
      `${doing}: the server has given up replication slot ${name}`,
      'Raise max_slot_wal_keep_size so that it does not happen again, and take a new snapshot.',
    )
  if (slot.confirmedLsn > lsn)
    throw positionGone(
      `${doing}: replication slot ${name} gives only what was committed behind ${lsnText(slot.confirmedLsn)}`,
      'Somebody else has read the slot, or the target holds an older state than it confirmed: take a new snapshot.',
    )
  return slot
}

/** The error for changes that the source does not have any more. */
export function positionGone(message: string, hint = 'Take a new snapshot.'): PluginError {
  return new PluginError({ code: 'POSITION_LOST', message, hint })
}

/** The error for a slot that another process reads. */
export function slotInUse(name: string, pid: number | undefined): PluginError {
  const reader = pid === undefined ? 'another process' : `process ${pid} of the server`
  return new PluginError({
    code: 'SOURCE_FAILED',
    message: `following changes: replication slot ${name} is being read by ${reader}`,
    hint:
      pid === undefined
        ? 'End the other reader, or name another slot in changes.slotName.'
        : `A reader that was killed is noticed within wal_sender_timeout; else end it (SELECT pg_terminate_backend(${pid})), or name another slot in changes.slotName.`,
    isRetryable: true,
  })
}
