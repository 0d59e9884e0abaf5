import type { Redis } from 'ioredis'
import { redisJob, type Parameters } from './jobs.ts'
import type { RowSource, SourceRow } from './load-source.ts'

/** A way of writing the table of a `RowSource`, and what has to be in Redis afterwards. */
export interface LoadKind {
  readonly name: 'list' | 'string' | 'hash' | 'fields'
  readonly columns: readonly string[]
  readonly writer: Parameters
  /** The key of a row and what it brings there. */
  readonly entryOf: (row: SourceRow) => readonly [key: string, entry: string]
  /** What is at a key, entry by entry. */
  readonly entriesOf: (client: Redis, keys: readonly string[]) => Promise<string[][]>
}

const list: LoadKind = {
  name: 'list',
  columns: ['k', 'v'],
  writer: { writeMode: { type: 'list', mode: 'rpush' } },
  entryOf: ({ k, v }) => [k, v],
  entriesOf: (client, keys) => Promise.all(keys.map((key) => client.lrange(key, 0, -1))),
}

const string: LoadKind = {
  name: 'string',
  columns: ['f', 'v'],
  writer: { writeMode: { type: 'string', mode: 'set' } },
  entryOf: ({ f, v }) => [f, v],
  entriesOf: async (client, keys) =>
    (await client.mget([...keys])).map((value) => (value === null ? [] : [value])),
}

/** A hash for each row. */
const hash: LoadKind = {
  name: 'hash',
  columns: ['f', 'k', 'v'],
  writer: { writeMode: { type: 'hash', mode: 'row' } },
  entryOf: ({ f, k, v }) => [f, JSON.stringify({ k, v })],
  entriesOf: async (client, keys) =>
    (await readHashes(client, keys)).map((found) => [JSON.stringify(found)]),
}

/** A field of a hash for each row: many batches write to the same key. */
const fields: LoadKind = {
  name: 'fields',
  columns: ['k', 'f', 'v'],
  writer: { writeMode: { type: 'hash', mode: 'hset' } },
  entryOf: ({ k, f, v }) => [k, JSON.stringify([f, v])],
  entriesOf: async (client, keys) =>
    (await readHashes(client, keys)).map((found) =>
      Object.entries(found).map((pair) => JSON.stringify(pair)),
    ),
}

export const loadKinds = { list, string, hash, fields } as const

/** The job that writes the table in this way, in 8 splits over 4 channels. */
export function loadJob(
  kind: LoadKind,
  source: RowSource,
  options: {
    readonly recordsPerSecond?: number
    readonly errorLimit?: number
    readonly reader?: Parameters
    readonly writer?: Parameters
    /** Transformer steps between reader and writer, in their order. */
    readonly processors?: readonly { readonly stepType: string; readonly parameter: Parameters }[]
  } = {},
): Record<string, unknown> {
  const { recordsPerSecond, errorLimit = 0, reader = {}, writer = {}, processors = [] } = options
  const from = source.kind === 'mongodb' ? { collectionName: 't' } : { table: 't', splitPk: 'id' }
  const parameter = { datasource: 's', ...from, column: kind.columns, ...reader }
  const job = redisJob({
    reader: { stepType: source.kind, parameter: { ...parameter, splitFactor: 2 } },
    writer: { ...kind.writer, ...writer },
    setting: {
      errorLimit: { record: errorLimit },
      speed: {
        concurrent: 4,
        ...(recordsPerSecond === undefined
          ? { throttle: false }
          : { throttle: true, record: recordsPerSecond }),
      },
    },
  })
  const names = ['Reader', ...processors.map((_, index) => `Step${index}`), 'Writer']
  const steps = processors.map((step, index) => ({
    ...step,
    category: 'processor',
    name: `Step${index}`,
  }))
  return {
    ...job,
    steps: [...(job['steps'] as unknown[]), ...steps],
    order: { hops: names.slice(1).map((to, index) => ({ from: names[index], to })) },
  }
}

/**
 * Where Redis and the source differ, at most ten places: keys missing, keys too many, entries lost or repeated. Keys of
 * `foreign` are left out on both sides.
 */
export async function differences(
  client: Redis,
  kind: LoadKind,
  source: RowSource,
  foreign: ReadonlySet<string> = new Set(),
): Promise<string[]> {
  const expected = new Map<string, string[]>()
  for (const row of await source.rows()) {
    const [key, entry] = kind.entryOf(row)
    if (foreign.has(key)) continue
    const entries = expected.get(key)
    if (entries === undefined) expected.set(key, [entry])
    else entries.push(entry)
  }
  const found: string[] = []
  const keys = (await allKeys(client)).filter((key) => !foreign.has(key))
  for (const key of keys) if (!expected.has(key)) found.push(`${key} should not be there`)
  for (let at = 0; at < keys.length; at += 1000) {
    const some = keys.slice(at, at + 1000).filter((key) => expected.has(key))
    const contents = await kind.entriesOf(client, some)
    for (const [index, key] of some.entries()) {
      const wanted = (expected.get(key) ?? []).sort()
      const there = (contents[index] ?? []).sort()
      if (JSON.stringify(wanted) !== JSON.stringify(there))
        found.push(`${key}: ${difference(wanted, there)}`)
      expected.delete(key)
    }
  }
  for (const key of expected.keys()) found.push(`${key} is missing`)
  return found.slice(0, 10)
}

function difference(wanted: readonly string[], there: readonly string[]): string {
  const lost = wanted.filter((entry) => !there.includes(entry))
  const extra = there.filter((entry, at) => !wanted.includes(entry) || there[at - 1] === entry)
  return `${lost.length} entries lost (${lost.slice(0, 3).join(' ')}), ${extra.length} too many (${extra.slice(0, 3).join(' ')})`
}

/** Every key but the checkpoint's. */
async function allKeys(client: Redis): Promise<string[]> {
  const keys: string[] = []
  for await (const some of client.scanStream({ count: 1000 })) keys.push(...(some as string[]))
  return [...new Set(keys)].filter((key) => !key.startsWith('millrace:{'))
}

async function readHashes(client: Redis, keys: readonly string[]) {
  return await Promise.all(keys.map((key) => client.hgetall(key)))
}
