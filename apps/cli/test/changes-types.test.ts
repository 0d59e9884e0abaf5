import { describe, expect } from 'vitest'
import type { SourceKind } from './support/load-source.ts'
import { pipelineFolder } from './support/pipeline-folder.ts'
import { test, type RedisTarget } from './support/redis-test.ts'
import { startRestartableSource } from './support/restartable-source.ts'
import { makeChangeDatabase, type TestDatabase } from './support/test-database.ts'
import { makeTypeTable } from './support/type-table.ts'

/** Time zones of the server, as each calls them, and of the process. */
const zones = [
  { postgresql: 'UTC', mysql: '+00:00', process: 'UTC' },
  { postgresql: 'America/St_Johns', mysql: '-03:30', process: 'Asia/Kathmandu' },
  { postgresql: 'Asia/Tokyo', mysql: '+09:00', process: 'America/New_York' },
] as const

/** Keys of the hashes with dates and times as numbers, and as ISO 8601 text. */
const prefixes = ['types:id:', 'iso:'] as const

type Fields = Record<string, string>

/** Columns as Redis has them, in both forms, without the key. */
async function fieldsOf(target: RedisTarget, id: number): Promise<Fields> {
  const all: Fields = {}
  for (const prefix of prefixes) {
    const { id: _, ...fields } = await target.client.hgetall(`${prefix}${id}`)
    for (const [name, text] of Object.entries(fields)) all[`${prefix}${name}`] = text
  }
  return all
}

/** What of a row is not as it is in another one, with the type of the column. */
function unlike(one: Fields, other: Fields, declarations: readonly string[]): string[] {
  return declarations.flatMap((declaration, at) =>
    prefixes.flatMap((prefix) => {
      const [left, right] = [one[`${prefix}c${at}`], other[`${prefix}c${at}`]]
      return left === right ? [] : [`${prefix} ${declaration}: ${left} and ${right}`]
    }),
  )
}

/** Moves the table by a snapshot, an insert and an update, and gives the columns as they arrived. */
async function moveTypes(
  target: RedisTarget,
  kind: SourceKind,
  zone: (typeof zones)[number],
  database: TestDatabase,
): Promise<{ fields: Fields; declarations: readonly string[] }> {
  const table = await makeTypeTable(kind, database, zone[kind])
  await table.insert(1)
  await table.insertNulls(2)
  await table.insertNulls(3)
  const namespace = kind === 'mysql' ? database.name : 'public'
  const pipeline = pipelineFolder(target, kind, database, {
    tables: { [`${namespace}.types`]: {} },
  })
  pipeline.job('types', {
    source: { table: 'types' },
    output: [
      { uses: 'redis.write', with: { data_type: 'hash' } },
      {
        uses: 'redis.write',
        with: {
          data_type: 'hash',
          key: { language: 'jmespath', expression: "concat(['iso:', id])" },
          millrace: { temporal: 'iso' },
        },
      },
    ],
  })
  const env = { TZ: zone.process }
  const begun = await pipeline.catchUp([], { env })
  expect(begun.exitCode, begun.stderr).toBe(0)
  expect(begun.report).toMatchObject({ recordsWritten: 3, recordsDirty: 0 })
  await table.update(2)
  await table.insert(4)
  await table.insertNulls(5)
  const followed = await pipeline.catchUp([], { env })
  expect(followed.exitCode, followed.stderr).toBe(0)
  expect(followed.report).toMatchObject({ recordsWritten: 3, recordsDirty: 0 })
  const fields = await fieldsOf(target, 1)
  const { declarations } = table
  expect(Object.keys(fields)).toHaveLength(prefixes.length * declarations.length)
  expect(unlike(fields, await fieldsOf(target, 4), declarations), 'inserted').toEqual([])
  expect(unlike(fields, await fieldsOf(target, 2), declarations), 'updated').toEqual([])
  expect(await fieldsOf(target, 3), 'null in the snapshot').toEqual({})
  expect(await fieldsOf(target, 5), 'null, inserted').toEqual({})
  return { fields, declarations }
}

describe.concurrent.each(['postgresql', 'mysql'] as const)('every type of %s', (kind) => {
  test(
    'has the same bytes in changes as in the snapshot, in every time zone',
    { timeout: 120_000 },
    async ({ target }) => {
      // The time zone of MariaDB is that of a server, so that the test has its own.
      await using server = kind === 'mysql' ? await startRestartableSource('mysql', 0) : undefined
      const moved = []
      for (const zone of zones) {
        await using own = server === undefined ? await makeChangeDatabase('postgresql') : undefined
        const database = own ?? server?.source.database
        if (database === undefined) throw new Error('there is no database')
        moved.push(await moveTypes(target, kind, zone, database))
        await target.clear()
      }
      const [first, ...others] = moved
      for (const other of others)
        expect(
          unlike(first?.fields ?? {}, other.fields, first?.declarations ?? []),
          'in another time zone',
        ).toEqual([])
    },
  )
})
