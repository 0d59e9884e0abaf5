import { changeStream, makeChangePipeline } from '../change-pipeline.mjs'
import { measureLatency } from '../change-latency.mjs'
import { drainWithRecvlogical, dropSlots, makePeerSlot } from '../peers/recvlogical.mjs'
import { postgresSource } from '../sources/postgres-source.mjs'
import { median, medianRatio } from '../statistics.mjs'
import { atLeast, atMost, ratio, seconds, whole } from './section.mjs'

const table = 'events'
/** Of the rate at which `pg_recvlogical` alone reads the same log. */
const leastOfRecvlogical = 0.85
const leastMariadbPerSecond = 100_000
const latencyChangesPerSecond = 2000
const latencyMs = { p50: 10, p99: 50 }
const rowsPerTransaction = 10
const tenths = (/** @type {number} */ ms) => `${ms.toFixed(1)} ms`

/**
 * Changes of PostgreSQL and MariaDB into a stream: how many a second, and how soon one is there.
 *
 * @param {readonly import('../sources/source.mjs').LoadedSource[]} loaded
 * @param {import('./section.mjs').BenchContext} context
 * @returns {Promise<import('./section.mjs').SectionResult>}
 */
export async function changesSection(loaded, context) {
  const changes = Math.ceil(context.options.rows / 2)
  const rates = []
  const latencies = []
  const targets = []
  for (const one of loaded) {
    await createTable(one)
    try {
      const rate = await measureRate(one, changes, context)
      rates.push(...rateRows(one, changes, rate))
      targets.push(rateTarget(one, changes, rate))
      const latency = await measureChangeLatency(one, context)
      latencies.push(latencyRow(one, latency))
      targets.push(...latencyTargets(one, latency))
    } finally {
      await dropTable(one)
    }
  }
  return {
    title: 'Changes into a stream',
    notes: [
      `Half inserts and half updates of rows of 5 columns in transactions of ${rowsPerTransaction}, written before the run, which begins with what is in the log; start of the process included.`,
      'pg_recvlogical drains a slot of the same publication to a file that nobody keeps: it decodes nothing and writes to no Redis. By turns; the ratio is that of the same round.',
      `Latency at ${whole(latencyChangesPerSecond)} changes a second, each a transaction of its own, from the answer to COMMIT until a client that waits for the stream has the message.`,
    ],
    table: [['', 'changes', 'wall', 'changes/s', 'CPU'], ...rates, ...latencies],
    targets,
  }
}

/**
 * @typedef {Record<'wallMs' | 'cpuMs' | 'peerMs', number[]>} Rate by round; of the peer, where there is one
 * @typedef {import('../change-latency.mjs').Latency} Latency
 */

/**
 * @param {import('../sources/source.mjs').LoadedSource} loaded
 * @param {number} changes
 * @param {Rate} rate
 */
function rateRows({ source }, changes, { wallMs, cpuMs, peerMs }) {
  const line = (
    /** @type {string} */ title,
    /** @type {number} */ ms,
    /** @type {string} */ cpu,
  ) => [title, whole(changes), seconds(ms), whole(changes / (ms / 1000)), cpu]
  const own = line(source.title, median(wallMs), seconds(median(cpuMs)))
  return peerMs.length === 0 ? [own] : [own, line('pg_recvlogical', median(peerMs), '')]
}

/**
 * @param {import('../sources/source.mjs').LoadedSource} loaded
 * @param {number} changes
 * @param {Rate} rate
 */
function rateTarget({ source }, changes, { wallMs, peerMs }) {
  if (peerMs.length > 0)
    return atLeast(
      'rate against pg_recvlogical',
      medianRatio(peerMs, wallMs),
      leastOfRecvlogical,
      ratio,
    )
  const perSecond = changes / (median(wallMs) / 1000)
  return atLeast(`${source.title}: changes per second`, perSecond, leastMariadbPerSecond, whole)
}

/**
 * @param {import('../sources/source.mjs').LoadedSource} loaded
 * @param {Latency} latency
 */
function latencyRow({ source }, { count, perSecond, p50, p99 }) {
  const title = `${source.title}: commit to visible, p50 / p99`
  return [title, whole(count), `${tenths(p50)} / ${tenths(p99)}`, whole(perSecond), '']
}

/**
 * @param {import('../sources/source.mjs').LoadedSource} loaded
 * @param {Latency} latency
 */
function latencyTargets({ source }, { p50, p99 }) {
  return [
    atMost(`${source.title}: commit to visible, p50`, p50, latencyMs.p50, tenths),
    atMost(`${source.title}: commit to visible, p99`, p99, latencyMs.p99, tenths),
  ]
}

/** @param {import('../sources/source.mjs').LoadedSource} loaded */
async function createTable({ source, url }) {
  await source.run(url, async (query) => {
    await query(`DROP TABLE IF EXISTS ${table}`)
    await query(
      `CREATE TABLE ${table} (id bigint PRIMARY KEY, customer varchar(40) NOT NULL, kind varchar(20) NOT NULL, total decimal(10, 2) NOT NULL, created timestamp NOT NULL)`,
    )
  })
}

/** @param {import('../sources/source.mjs').LoadedSource} loaded */
async function dropTable({ source, url }) {
  await source.run(url, async (query) => {
    await query(`DROP TABLE ${table}`)
    if (source === postgresSource) await dropSlots(query)
  })
}

/**
 * @param {import('../sources/source.mjs').LoadedSource} loaded
 * @param {number} changes
 * @param {import('./section.mjs').BenchContext} context
 */
async function measureRate(loaded, changes, { options, redis, print }) {
  const isPostgres = loaded.source === postgresSource
  const pipeline = makeChangePipeline(loaded, redis.url, table)
  /** @type {Rate} */
  const measured = { wallMs: [], cpuMs: [], peerMs: [] }
  try {
    await redis.empty()
    await pipeline.catchUp()
    for (let round = 1; round <= options.runs; round += 1) {
      if (isPostgres) await loaded.source.run(loaded.url, makePeerSlot)
      await writeChanges(loaded, changes, round)
      const drain = async () => {
        if (isPostgres) measured.peerMs.push(await drainWithRecvlogical(loaded))
      }
      if (round % 2 === 0) await drain()
      const before = await redis.streamLength(changeStream)
      const { wallMs, cpuMs } = await pipeline.catchUp()
      measured.wallMs.push(wallMs)
      measured.cpuMs.push(cpuMs)
      if (round % 2 === 1) await drain()
      const arrived = (await redis.streamLength(changeStream)) - before
      if (arrived !== changes) throw new Error(`${arrived} messages arrived, not ${changes}`)
      print(`  ${loaded.source.title}: ${seconds(wallMs)}, CPU ${seconds(cpuMs)}`)
    }
    return measured
  } finally {
    pipeline.remove()
    if (isPostgres) await loaded.source.run(loaded.url, dropSlots)
  }
}

/**
 * @param {import('../sources/source.mjs').LoadedSource} loaded
 * @param {number} changes
 * @param {number} round from 1: its keys are its own
 */
async function writeChanges({ source, url }, changes, round) {
  const inserts = changes / 2
  const first = round * 10_000_000
  await source.run(url, async (query) => {
    if (source === postgresSource) {
      await query(`DO $$ BEGIN FOR at IN ${first}..${first + inserts - 1} BY ${rowsPerTransaction} LOOP
        INSERT INTO ${table} SELECT id, 'customer ' || id % 1000, 'order', id % 1000 / 10.0, now() FROM generate_series(at, at + ${rowsPerTransaction - 1}) AS id;
        COMMIT;
        UPDATE ${table} SET kind = 'paid', total = total + 1 WHERE id BETWEEN at AND at + ${rowsPerTransaction - 1};
        COMMIT;
      END LOOP; END $$`)
      // The log is decoded as far as it is flushed.
      await query('SET synchronous_commit = on')
      await query("SELECT pg_logical_emit_message(true, 'flush', '')")
      return
    }
    await query(`CREATE OR REPLACE PROCEDURE write_${table}() BEGIN
      DECLARE at bigint DEFAULT ${first};
      WHILE at < ${first + inserts} DO
        INSERT INTO ${table} SELECT at + seq, concat('customer ', (at + seq) % 1000), 'order', (at + seq) % 1000 / 10, now() FROM seq_0_to_${rowsPerTransaction - 1};
        UPDATE ${table} SET kind = 'paid', total = total + 1 WHERE id BETWEEN at AND at + ${rowsPerTransaction - 1};
        SET at = at + ${rowsPerTransaction};
      END WHILE; END`)
    await query(`CALL write_${table}()`)
    await query(`DROP PROCEDURE write_${table}`)
  })
}

/**
 * @param {import('../sources/source.mjs').LoadedSource} loaded
 * @param {import('./section.mjs').BenchContext} context
 */
async function measureChangeLatency(loaded, { options, redis }) {
  await redis.empty()
  await loaded.source.run(loaded.url, (query) => query(`DELETE FROM ${table}`))
  const pipeline = makeChangePipeline(loaded, redis.url, table)
  const running = pipeline.follow()
  try {
    return await measureLatency(loaded, {
      redisUrl: redis.url,
      stream: changeStream,
      table,
      changesPerSecond: latencyChangesPerSecond,
      durationMs: options.quick ? 5000 : 30_000,
    })
  } finally {
    await running.stop()
    pipeline.remove()
  }
}
