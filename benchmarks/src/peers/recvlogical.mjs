import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { runToEnd } from '../measured-process.mjs'

const peerSlot = 'millrace_bench_peer'

/**
 * Makes a slot that `pg_recvlogical` can drain later, beside that of the pipeline.
 *
 * @param {import('../sources/source.mjs').Query} query
 */
export async function makePeerSlot(query) {
  await query(
    `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '${peerSlot}'`,
  )
  await query(`SELECT pg_create_logical_replication_slot('${peerSlot}', 'pgoutput')`)
}

/**
 * Drops the slots of the database.
 *
 * @param {import('../sources/source.mjs').Query} query
 */
export async function dropSlots(query) {
  await query(
    'SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = current_database() AND NOT active',
  )
}

/**
 * Reads what was committed since the slot was made, with the publication of the pipeline, as PostgreSQL's own client does it.
 *
 * @param {import('../sources/source.mjs').LoadedSource} loaded
 * @returns {Promise<number>} milliseconds
 */
export async function drainWithRecvlogical({ source, url }) {
  const [{ pubname, lsn }] = await source.run(url, (query) =>
    query('SELECT pubname, pg_current_wal_flush_lsn()::text AS lsn FROM pg_publication'),
  )
  const args = [
    `--dbname=${url}`,
    `--slot=${peerSlot}`,
    '--start',
    `--endpos=${lsn}`,
    '--option=proto_version=1',
    `--option=publication_names=${pubname}`,
    '--no-loop',
    '--file=/dev/null',
  ]
  const { wallMs } = await runToEnd({ command: findRecvlogical(), args })
  return wallMs
}

function findRecvlogical() {
  const root = '/usr/lib/postgresql'
  const versions = existsSync(root) ? readdirSync(root).sort().reverse() : []
  const found = versions
    .map((version) => join(root, version, 'bin/pg_recvlogical'))
    .find((path) => existsSync(path))
  return found ?? 'pg_recvlogical'
}
