import type { Redis } from 'ioredis'
import type { LoadKind } from './load-kinds.ts'
import type { RowSource, SourceRow } from './load-source.ts'

/** What stands at a key before the job begins: not what the job writes. */
const theirs = 'theirs'

/** Every hundredth key, from the seventh on, holds another type than the one the job writes. Gives the keys. */
export async function placeWrongTypes(
  client: Redis,
  kind: LoadKind,
  source: RowSource,
): Promise<ReadonlySet<string>> {
  const keys = [...new Set((await source.rows()).map((row) => kind.entryOf(row)[0]))]
  const wrong = keys.filter((key) => Number(key.slice(1)) % 100 === 7)
  if (kind.name === 'string') await Promise.all(wrong.map((key) => client.rpush(key, theirs)))
  else await Promise.all(wrong.map((key) => client.set(key, theirs)))
  return new Set(wrong)
}

/** Those of the keys that no longer hold what was there, or that have an expiry now. */
export async function touchedKeys(client: Redis, keys: ReadonlySet<string>): Promise<string[]> {
  const touched: string[] = []
  for (const key of keys) {
    if ((await client.get(key)) !== theirs || (await client.ttl(key)) !== -1) touched.push(key)
  }
  return touched
}

/** How often each row of these keys has to be listed as dirty, against how often it is: the places where they differ. */
export async function listingDifferences(
  lines: readonly Record<string, unknown>[],
  keys: ReadonlySet<string>,
  source: RowSource,
): Promise<string[]> {
  const rows = (await source.rows()).filter(({ k }) => keys.has(k))
  const open = new Map(rows.map(({ v }) => [v, 0]))
  const found: string[] = []
  for (const { row, code } of lines) {
    const { v } = row as SourceRow
    const count = open.get(v)
    if (count === undefined) found.push(`${v} is listed (${String(code)}) and should not be`)
    else open.set(v, count + 1)
  }
  for (const [v, count] of open) if (count !== 1) found.push(`${v} is listed ${count} times`)
  return found.slice(0, 10)
}
