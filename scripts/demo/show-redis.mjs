import { DemoError } from './run-jobs.mjs'
import { requireFrom } from './shop-database.mjs'

/** What every key of the demo begins with. */
export const keyPrefix = 'shop-demo:'
const shownMembers = 3

/**
 * What stands under the demo's keys, as lines to print: how many there are of each kind, and some of them in full.
 *
 * @param {string} url of the Redis
 * @param {readonly string[]} samples keys to show
 * @returns {Promise<string[]>}
 * @throws {DemoError} when one of the samples is not there
 */
export async function describeRedis(url, samples) {
  const redis = connect(url)
  try {
    const lines = []
    for (const [kind, count] of await countKeys(redis))
      lines.push(`${count.toLocaleString('en')} keys ${kind}:*`)
    for (const key of samples) lines.push('', ...(await describeKey(redis, key)))
    return lines
  } finally {
    redis.disconnect()
  }
}

/**
 * Removes the keys of an earlier demo: a Redis that was given may still hold them.
 *
 * @param {string} url
 */
export async function clearRedis(url) {
  const redis = connect(url)
  try {
    for await (const keys of redis.scanStream({ match: `${keyPrefix}*`, count: 1000 })) {
      if (keys.length > 0) await redis.del(...keys)
    }
  } finally {
    redis.disconnect()
  }
}

/** @param {string} url */
function connect(url) {
  const { Redis } = requireFrom('packages/writer-redis', 'ioredis')
  return new Redis(url, { maxRetriesPerRequest: 1 })
}

/**
 * @param {any} redis
 * @returns {Promise<[string, number][]>} key without its last part, number of keys
 */
async function countKeys(redis) {
  const counts = new Map()
  for await (const keys of redis.scanStream({ match: `${keyPrefix}*`, count: 1000 })) {
    for (const key of new Set(keys)) {
      const kind = key.slice(0, key.lastIndexOf(':'))
      counts.set(kind, (counts.get(kind) ?? 0) + 1)
    }
  }
  return [...counts].sort(([left], [right]) => (left < right ? -1 : 1))
}

/**
 * @param {any} redis
 * @param {string} key
 * @returns {Promise<string[]>}
 */
async function describeKey(redis, key) {
  const [type, seconds] = await Promise.all([redis.type(key), redis.ttl(key)])
  const life = seconds < 0 ? 'never expires' : `expires in ${seconds.toLocaleString('en')} s`
  if (type === 'none') throw new DemoError(`the jobs have run, but ${key} is not in Redis`)
  const values = await valuesOf(redis, key, type)
  const shown = values
    .slice(0, type === 'hash' ? values.length : shownMembers)
    .map((value) => `  ${value}`)
  const more = values.length - shown.length
  return [`${key}   (${type}, ${life})`, ...shown, ...(more > 0 ? [`  … and ${more} more`] : [])]
}

/**
 * @param {any} redis
 * @param {string} key
 * @param {string} type
 * @returns {Promise<string[]>} one line each
 */
async function valuesOf(redis, key, type) {
  if (type === 'string') return [await redis.get(key)]
  if (type === 'hash') {
    const fields = Object.entries(await redis.hgetall(key))
    const width = Math.max(...fields.map(([field]) => field.length))
    return fields.map(([field, value]) => `${field.padEnd(width)}  ${value}`)
  }
  if (type === 'zset') {
    const flat = await redis.zrevrange(key, 0, -1, 'WITHSCORES')
    return flat.flatMap((/** @type {string} */ member, /** @type {number} */ index) =>
      index % 2 === 0
        ? [
            `${Number(flat[index + 1])
              .toFixed(2)
              .padStart(8)}  ${member}`,
          ]
        : [],
    )
  }
  return []
}
