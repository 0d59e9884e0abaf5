import type pg from 'pg'
import { PluginError, type Logger } from '@millrace/core/plugin'
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

const invalidParameterValue = '22023'

/**
 * Begins a transaction that reads by an exported snapshot, or by one of its own.
 *
 * @throws PluginError SOURCE_FAILED when the connection that held the snapshot is gone
 */
export async function beginReading(client: pg.Client, snapshot: string | undefined): Promise<void> {
  try {
    await client.query(
      snapshot === undefined ? begin : `${begin}; SET TRANSACTION SNAPSHOT '${snapshot}'`,
    )
  } catch (error) {
    if (sourceFaultOf(error).state !== invalidParameterValue) throw error
    throw new PluginError({
      code: 'SOURCE_FAILED',
      message:
        'the connection that held the snapshot of this run was lost, and the snapshot with it',
      hint: 'Run the job again.',
      cause: error,
    })
  }
}
