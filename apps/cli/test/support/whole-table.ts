import type { Redis } from 'ioredis'
import { expect } from 'vitest'
import { dataKeys } from './data-keys.ts'
import type { Parameters } from './jobs.ts'
import type { TestDatabase } from './test-database.ts'

/** A kind of value that a table of ids and texts is written to, and what it has to look like afterwards. */
export interface TargetKind {
  readonly name: 'list' | 'string' | 'hash'
  /** Parameters of the writer. */
  readonly writer: Parameters
  /** Everything that the rows made, by key: compared whole. */
  read(client: Redis): Promise<Map<string, unknown>>
  /** The same, as the rows of ids up to `rowCount` must have left it. */
  expected(rowCount: number, width: number): Map<string, unknown>
}

/** Lists have many rows each. */
const listCount = 97

const usualWidth = 100

/** The text of a row, its own. */
function textOf(id: number, width: number): string {
  return `row ${id} `.padEnd(width, String(id))
}

/** The columns that `fillTable` makes and readers are told: id, list, text. */
export const tableColumns = ['id', 'bucket', 'v']

/** Makes a table `name` of PostgreSQL with a primary key and `rowCount` rows. */
export async function fillTable(
  database: TestDatabase,
  name: string,
  rowCount: number,
  width = usualWidth,
): Promise<void> {
  await database.execute(
    `CREATE TABLE ${name} AS SELECT g AS id, 'b' || g % ${listCount} AS bucket,
       rpad('row ' || g || ' ', ${width}, g::text) AS v FROM generate_series(1, ${rowCount}) g`,
    `ALTER TABLE ${name} ADD PRIMARY KEY (id)`,
  )
}

async function readKeys(
  client: Redis,
  read: (pipeline: ReturnType<Redis['pipeline']>, key: string) => unknown,
): Promise<Map<string, unknown>> {
  const keys = await dataKeys(client)
  const pipeline = client.pipeline()
  for (const key of keys) read(pipeline, key)
  const replies = (await pipeline.exec()) ?? []
  return new Map(keys.map((key, at) => [key, replies[at]?.[1]]))
}

function mapOf(rowCount: number, entry: (id: number) => [string, unknown]): Map<string, unknown> {
  return new Map(Array.from({ length: rowCount }, (_, at) => entry(at + 1)))
}

/** Order within a list is kept within a split alone, so lists are compared as sorted elements. */
export const targetKinds: readonly TargetKind[] = [
  {
    name: 'list',
    writer: { keyIndexes: 1, writeMode: { type: 'list', mode: 'rpush', valueFieldDelimiter: ',' } },
    async read(client) {
      const lists = await readKeys(client, (pipeline, key) => pipeline.lrange(key, 0, -1))
      return new Map([...lists].map(([key, list]) => [key, (list as string[]).sort()]))
    },
    expected(rowCount, width) {
      const lists = new Map<string, string[]>()
      for (let id = 1; id <= rowCount; id += 1) {
        const key = `b${id % listCount}`
        const list = lists.get(key) ?? []
        list.push(`${id},${textOf(id, width)}`)
        lists.set(key, list)
      }
      return new Map([...lists].map(([key, list]) => [key, list.sort()]))
    },
  },
  {
    name: 'string',
    writer: { writeMode: { type: 'string', mode: 'set', valueFieldDelimiter: ',' } },
    read: async (client) => await readKeys(client, (pipeline, key) => pipeline.get(key)),
    expected: (rowCount, width) =>
      mapOf(rowCount, (id) => [String(id), `b${id % listCount},${textOf(id, width)}`]),
  },
  {
    name: 'hash',
    writer: { writeMode: { type: 'hash', mode: 'row' } },
    async read(client) {
      const hashes = await readKeys(client, (pipeline, key) => pipeline.hgetall(key))
      // A server gives fields in an order of its own.
      return new Map(
        [...hashes].map(([key, hash]) => {
          const { bucket, v, ...others } = hash as Record<string, string>
          return [key, Object.entries({ bucket, v, ...others })]
        }),
      )
    },
    expected: (rowCount, width) =>
      mapOf(rowCount, (id) => [
        String(id),
        Object.entries({ bucket: `b${id % listCount}`, v: textOf(id, width) }),
      ]),
  },
]

/** Compares everything in the target with the source: no key missing or too many, every list element once. */
export async function expectWholeTable(
  client: Redis,
  kind: TargetKind,
  rowCount: number,
  width = usualWidth,
): Promise<void> {
  const found = await kind.read(client)
  const expected = kind.expected(rowCount, width)
  const wrong: string[] = []
  for (const key of new Set([...expected.keys(), ...found.keys()])) {
    const [left, right] = [expected.get(key), found.get(key)]
    if (JSON.stringify(left) === JSON.stringify(right)) continue
    wrong.push(differenceOf(key, left, right))
  }
  expect(wrong.slice(0, 5), `${wrong.length} keys differ from the source`).toEqual([])
}

function differenceOf(key: string, expected: unknown, found: unknown): string {
  if (!Array.isArray(expected) || !Array.isArray(found))
    return `${key}: expected ${JSON.stringify(expected)}, found ${JSON.stringify(found)}`
  const wanted = new Set(expected)
  const repeated = found.length - new Set(found).size
  const strange = found.filter((item) => !wanted.has(item)).length
  return `${key}: ${expected.length} elements expected, found ${found.length}, ${repeated} of them repeated, ${strange} not of the source`
}
