import { createHash } from 'node:crypto'
import { Redis } from 'ioredis'
import { customerChunks } from './customers.mjs'

const verifiedAtOnce = 1000
const randomKeys = 500

/** Gives one digest for the hashes `customer:<from>` to `customer:<to>`; each has to have four fields. */
const digestScript = `
local rows = {}
for id = tonumber(ARGV[1]), tonumber(ARGV[2]) do
  local key = 'customer:' .. id
  if redis.call('HLEN', key) ~= 4 then
    return redis.error_reply(key .. ' has ' .. redis.call('HLEN', key) .. ' fields, not 4')
  end
  local values = redis.call('HMGET', key, 'name', 'email', 'country', 'total')
  rows[#rows + 1] = table.concat({id, values[1] or '-', values[2] or '-', values[3] or '-', values[4] or '-'}, '\\0')
end
return redis.sha1hex(table.concat(rows, '\\n'))
`

/** Gives the length of the text columns of all rows together. */
const documentScript = `
local bytes = 0
for id = 1, tonumber(ARGV[2]) do
  for column = 1, tonumber(ARGV[3]) do
    bytes = bytes + redis.call('HSTRLEN', ARGV[1] .. ':id:' .. id, 'text' .. column)
  end
end
return bytes
`

/**
 * The private Redis that all tools write to: it is emptied before every run, so it is never one that somebody gave.
 */
export class TargetRedis {
  #redis
  /** @type {Map<number, string[]>} digests that are expected, by number of rows */
  #expected = new Map()

  /** @param {string} url of a Redis that this process has started */
  constructor(url) {
    this.url = url
    this.#redis = new Redis(url)
  }

  /** Removes every key, and waits until their memory is free again. */
  async empty() {
    await this.#redis.flushall('SYNC')
  }

  /** @returns {Promise<number>} milliseconds of CPU that Redis has used since its start */
  async cpuMs() {
    const info = await this.#redis.info('cpu')
    const seconds = [...info.matchAll(/^used_cpu_(?:user|sys):([\d.]+)/gm)]
    return seconds.reduce((sum, [, text]) => sum + Number(text) * 1000, 0)
  }

  /** @returns {Promise<string>} */
  async version() {
    const info = await this.#redis.info('server')
    return /^redis_version:(\S+)/m.exec(info)?.[1] ?? 'unknown'
  }

  /** @returns {Promise<number>} */
  countKeys() {
    return this.#redis.dbsize()
  }

  /**
   * Checks that the customers 1 to `count` and nothing else stand here, every field of every row.
   *
   * @param {number} count
   * @throws {Error} that names the first rows that differ
   */
  async verify(count) {
    const keys = (await this.#redis.dbsize()) - (await this.#checkpointKeys())
    if (keys !== count) throw new Error(`Redis holds ${keys} keys, not ${count}`)
    for (const [index, expected] of this.#expectedDigests(count).entries()) {
      const from = index * verifiedAtOnce + 1
      const to = Math.min(count, from + verifiedAtOnce - 1)
      const found = await this.#redis.eval(digestScript, 0, from, to)
      if (found !== expected) throw new Error(`customer:${from} to customer:${to} differ`)
    }
  }

  /**
   * Checks that there are so many hashes, and of some taken at random that they have so many fields, none of them empty.
   *
   * @param {number} count
   * @param {number} fieldCount
   * @throws {Error} that says what was found
   */
  async verifyHashes(count, fieldCount) {
    const keys = (await this.#redis.dbsize()) - (await this.#checkpointKeys())
    if (keys !== count) throw new Error(`Redis holds ${keys} keys, not ${count}`)
    for (let tries = 0; tries < randomKeys; tries += 1) {
      const key = (await this.#redis.randomkey()) ?? ''
      if (!key.startsWith('customer:')) continue
      const values = await this.#redis.hvals(key)
      if (values.length !== fieldCount || values.includes(''))
        throw new Error(`${key} has ${values.length} fields, not ${fieldCount}, or empty ones`)
    }
  }

  /**
   * Checks that the rows 1 to `count` of a table stand here as `<table>:id:<id>` with all their text columns.
   *
   * @param {string} table
   * @param {number} count
   * @param {number} textColumns
   */
  async verifyDocuments(table, count, textColumns) {
    const keys = (await this.#redis.dbsize()) - (await this.#checkpointKeys())
    if (keys !== count) throw new Error(`Redis holds ${keys} keys, not ${count}`)
    const bytes = await this.#redis.eval(documentScript, 0, table, count, textColumns)
    if (bytes !== count * textColumns * 112)
      throw new Error(`the text columns of ${table} hold ${String(bytes)} bytes`)
  }

  /** @param {string} key */
  streamLength(key) {
    return this.#redis.xlen(key)
  }

  close() {
    this.#redis.disconnect()
  }

  /** Millrace may keep its checkpoint on the target, in one key that no peer writes. */
  async #checkpointKeys() {
    const [, keys] = await this.#redis.scan(0, 'MATCH', 'millrace:*', 'COUNT', 10_000_000)
    return keys.length
  }

  /** @param {number} count */
  #expectedDigests(count) {
    const known = this.#expected.get(count)
    if (known !== undefined) return known
    const digests = [...customerChunks(count, verifiedAtOnce)].map((rows) => {
      const text = rows.map((row) => row.join('\0')).join('\n')
      return createHash('sha1').update(text).digest('hex')
    })
    this.#expected.set(count, digests)
    return digests
  }
}
