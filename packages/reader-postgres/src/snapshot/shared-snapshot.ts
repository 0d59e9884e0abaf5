import type pg from 'pg'
import type { Logger } from '@millrace/core/plugin'
import { sourceFaultOf, statementError } from '../connection/source-error.ts'

const begin = 'BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY'

/**
 * Begins a transaction on `client` and exports its snapshot, which other connections can read by for as long as the
 * transaction is open. `undefined` where the server cannot export one: then each split sees an instant of its own.
 */
export async function exportSnapshot(
  client: pg.Client,
  logger: Logger,
): Promise<string | undefined> {
  try {
    await client.query(begin)
    const { rows } = await client.query<[string]>({
      rowMode: 'array',
      text: 'SELECT pg_export_snapshot()',
    })
    return rows[0]?.[0]
  } catch (error) {
    const { state, message } = sourceFaultOf(error)
    if (state === undefined) throw statementError('taking the snapshot of this run', error)
    logger.warn(
      `the server exports no snapshot, so each split is read as of its own beginning: ${message}`,
    )
    await client.query('ROLLBACK')
    return undefined
  }
}

/** How servers call a snapshot that is not there: until PostgreSQL 16, and since. */
const snapshotGone = new Set(['22023', '42704'])

/**
 * Begins a transaction that reads by an exported snapshot; by one of its own when there is none, or none any more. Returns
 * whether the exported one is gone: the connection that held it was lost.
 */
export async function beginReading(
  client: pg.Client,
  snapshot: string | undefined,
): Promise<boolean> {
  if (snapshot === undefined) {
    await client.query(begin)
    return false
  }
  try {
    await client.query(`${begin}; SET TRANSACTION SNAPSHOT '${snapshot}'`)
    return false
  } catch (error) {
    if (!snapshotGone.has(sourceFaultOf(error).state ?? '')) throw error
    await client.query('ROLLBACK')
    await client.query(begin)
    return true
  }
}
