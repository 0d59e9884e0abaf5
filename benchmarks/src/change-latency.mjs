import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'

const connections = 4
/** Not measured: the pipeline starts, and code is compiled. */
const warmUpMs = 3000

/**
 * @typedef {object} LatencySettings
 * @property {string} redisUrl
 * @property {string} stream
 * @property {string} table with the columns `id, customer, kind, total, created`, empty
 * @property {number} changesPerSecond
 * @property {number} durationMs
 *
 * @typedef {object} Latency
 * @property {number} count
 * @property {number} perSecond
 * @property {number} p50 in milliseconds
 * @property {number} p99 in milliseconds
 */

/**
 * Inserts rows at a steady rate, each in a transaction of its own, and takes the time until its message is in the stream.
 *
 * @param {import('./sources/source.mjs').LoadedSource} loaded
 * @param {LatencySettings} settings
 * @returns {Promise<Latency>}
 */
export async function measureLatency(loaded, settings) {
  const { redisUrl, stream, changesPerSecond, durationMs } = settings
  /** @type {Map<number, number>} when a row was committed, until its message is there */
  const committed = new Map()
  /** @type {Map<number, number>} messages that came before the answer to their COMMIT */
  const early = new Map()
  /** @type {number[]} */
  const latencies = []
  let measuresFromId = Infinity
  const take = (/** @type {number} */ id, /** @type {number} */ nowMs) => {
    const atMs = committed.get(id)
    if (atMs === undefined) {
      early.set(id, nowMs)
      return
    }
    committed.delete(id)
    if (id >= measuresFromId) latencies.push(nowMs - atMs)
  }
  const reader = new Redis(redisUrl)
  const stop = { isOver: false }
  const reading = readStream(reader, stream, stop, take)
  let id = 0
  const startedMs = performance.now()
  let measuredSinceMs = Infinity
  const writers = Array.from({ length: connections }, () =>
    loaded.source.run(loaded.url, async (query) => {
      if (loaded.source.service === 'postgres') await query('SET synchronous_commit = on')
      for (;;) {
        const elapsedMs = performance.now() - startedMs
        if (elapsedMs >= warmUpMs + durationMs) return
        if (measuresFromId === Infinity && elapsedMs >= warmUpMs) {
          measuresFromId = id + 1
          measuredSinceMs = performance.now()
        }
        if (id > (changesPerSecond * elapsedMs) / 1000) {
          await sleep(1)
          continue
        }
        id += 1
        const own = id
        await query(insertOf(settings.table, own))
        const nowMs = performance.now()
        const seenMs = early.get(own)
        if (seenMs === undefined) committed.set(own, nowMs)
        else {
          early.delete(own)
          if (own >= measuresFromId) latencies.push(0)
        }
      }
    }),
  )
  await Promise.all(writers)
  const measuredMs = performance.now() - measuredSinceMs
  const deadlineMs = performance.now() + 30_000
  while (committed.size > 0) {
    if (performance.now() > deadlineMs) throw new Error(`${committed.size} changes did not arrive`)
    await sleep(10)
  }
  stop.isOver = true
  await reading
  reader.disconnect()
  latencies.sort((left, right) => left - right)
  const percentile = (/** @type {number} */ part) =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * part))] ?? Number.NaN
  return {
    count: latencies.length,
    perSecond: latencies.length / (measuredMs / 1000),
    p50: percentile(0.5),
    p99: percentile(0.99),
  }
}

/**
 * @param {string} table
 * @param {number} id
 */
function insertOf(table, id) {
  return `INSERT INTO ${table} VALUES (${id}, 'customer ${id % 1000}', 'order', ${id % 1000}.50, now())`
}

/**
 * @param {Redis} reader
 * @param {string} stream
 * @param {{isOver: boolean}} stop
 * @param {(id: number, nowMs: number) => void} take
 */
async function readStream(reader, stream, stop, take) {
  let from = '0'
  while (!stop.isOver) {
    const read = await reader.xread('COUNT', 1000, 'BLOCK', 100, 'STREAMS', stream, from)
    const nowMs = performance.now()
    for (const [, messages] of read ?? [])
      for (const [message, fields] of messages) {
        from = message
        take(Number(fields[1]), nowMs)
      }
  }
}
