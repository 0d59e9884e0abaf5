import type { Redis } from 'ioredis'

/** What a key holds; bytes stand as Latin-1 text, so that values compare and print. */
export type KeyContent =
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'list'; readonly value: readonly string[] }
  | { readonly type: 'set'; readonly value: readonly string[] }
  | { readonly type: 'zset'; readonly value: readonly (readonly [member: string, score: number])[] }
  | { readonly type: 'hash'; readonly value: readonly (readonly [field: string, value: string])[] }

/** A database by key; members and fields are sorted. */
export type RedisContent = ReadonlyMap<string, KeyContent>

/** A command as it should arrive, argument by argument. */
export type PlainCommand = readonly [name: string, ...args: (string | Uint8Array)[]]

/** A Redis that does what the commands of the writer do, as simply as can be. */
export class PlainRedis {
  readonly #keys = new Map<
    string,
    { type: KeyContent['type']; value: Map<string, string> | string[] }
  >()

  run([name, ...args]: PlainCommand): void {
    const [key = '', first = '', second = ''] = args.map(latin1)
    if (name === 'SET') this.#keys.set(key, { type: 'string', value: [first] })
    else if (name === 'RPUSH') this.#list(key).push(first)
    else if (name === 'LPUSH') this.#list(key).unshift(first)
    else if (name === 'SADD') this.#map(key, 'set').set(first, '')
    else if (name === 'ZADD') this.#map(key, 'zset').set(second, first)
    else if (name === 'HSET') {
      const pairs = args.slice(1).map(latin1)
      for (let at = 0; at < pairs.length; at += 2)
        this.#map(key, 'hash').set(pairs[at] ?? '', pairs[at + 1] ?? '')
    } else throw new Error(`no ${name} here`)
  }

  get content(): RedisContent {
    return new Map([...this.#keys].map(([key, { type, value }]) => [key, contentOf(type, value)]))
  }

  #list(key: string): string[] {
    const { value } = this.#keys.get(key) ?? { value: [] }
    this.#keys.set(key, { type: 'list', value })
    return value as string[]
  }

  #map(key: string, type: 'set' | 'zset' | 'hash'): Map<string, string> {
    const { value } = this.#keys.get(key) ?? { value: new Map<string, string>() }
    this.#keys.set(key, { type, value })
    return value as Map<string, string>
  }
}

function contentOf(type: KeyContent['type'], value: Map<string, string> | string[]): KeyContent {
  if (Array.isArray(value))
    return type === 'list' ? { type, value } : { type: 'string', value: value[0] ?? '' }
  if (type === 'set') return { type, value: [...value.keys()].sort() }
  const entries = [...value].sort(byName)
  if (type === 'hash') return { type, value: entries }
  return { type: 'zset', value: entries.map(([member, score]) => [member, scoreOf(score)]) }
}

function scoreOf(text: string): number {
  const infinite = /^([+-]?)inf(?:inity)?$/i.exec(text)
  if (infinite !== null) return infinite[1] === '-' ? -Infinity : Infinity
  // Redis shows -0 as -0, which equals 0 in every other way.
  return Number(text) + 0
}

function byName([left]: readonly [string, unknown], [right]: readonly [string, unknown]): number {
  return left < right ? -1 : left > right ? 1 : 0
}

export function latin1(argument: string | Uint8Array): string {
  return Buffer.from(argument as string).toString('latin1')
}

/** Reads the database that the client has selected, without the checkpoints of jobs. */
export async function readContent(client: Redis): Promise<RedisContent> {
  const keys = (await client.keysBuffer('*')).filter((key) => !latin1(key).startsWith('millrace:{'))
  const types = await Promise.all(keys.map((key) => client.type(key)))
  const contents = await Promise.all(
    keys.map((key, at) => readKey(client, key, types[at] as KeyContent['type'])),
  )
  return new Map(keys.map((key, at) => [latin1(key), contents[at] as KeyContent]))
}

async function readKey(client: Redis, key: Buffer, type: KeyContent['type']): Promise<KeyContent> {
  const call = async (command: string, ...args: (string | Buffer)[]): Promise<string[]> =>
    ((await client.callBuffer(command, ...args)) as unknown[]).flat().map(replyText)
  switch (type) {
    case 'string':
      return { type, value: latin1((await client.getBuffer(key)) ?? '') }
    case 'list':
      return { type, value: await call('LRANGE', key, '0', '-1') }
    case 'set':
      return { type, value: (await call('SMEMBERS', key)).sort() }
    case 'hash':
      return { type, value: pairs(await call('HGETALL', key)).sort(byName) }
    case 'zset': {
      const members = pairs(await call('ZRANGE', key, '0', '-1', 'WITHSCORES'))
      const scored = members.map(([member, score]): [string, number] => [member, scoreOf(score)])
      return { type, value: scored.sort(byName) }
    }
  }
}

/** RESP3 has pairs of member and score, the score a number. */
function replyText(reply: unknown): string {
  return typeof reply === 'number' ? String(reply) : latin1(reply as Buffer)
}

function pairs(flat: readonly string[]): [string, string][] {
  const found: [string, string][] = []
  for (let at = 0; at < flat.length; at += 2) found.push([flat[at] ?? '', flat[at + 1] ?? ''])
  return found
}
