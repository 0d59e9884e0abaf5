import type pg from 'pg'
import { parseLsn } from './log-position.ts'

/** Where the log of the server ends, what is not on disk yet included. */
export async function readLogEnd(client: pg.Client): Promise<bigint> {
  const { rows } = await client.query<[string | null]>({
    rowMode: 'array',
    text: `SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END::text`,
  })
  return parseLsn(rows[0]?.[0] ?? '') ?? 0n
}
