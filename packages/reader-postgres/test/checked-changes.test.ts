import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PluginError, type Finding } from '@millrace/core/plugin'
import { begin, changesUntilNow, openFollower, shownChanges } from './followed-source.ts'
import { never, randomName, TestDatabase, type StepParameters } from './test-source.ts'

let database: TestDatabase
const user = randomName()
const password = `pw-${randomName()}`

beforeAll(async () => {
  database = await TestDatabase.create()
  await database.run(
    'CREATE TABLE fine (id int PRIMARY KEY, note text)',
    'CREATE TABLE other (id int PRIMARY KEY)',
    'CREATE TABLE bare (id int)',
    'CREATE TABLE nothing (id int PRIMARY KEY)',
    'ALTER TABLE nothing REPLICA IDENTITY NOTHING',
    'CREATE UNLOGGED TABLE unlogged (id int PRIMARY KEY)',
    'CREATE VIEW seen AS SELECT * FROM fine',
    "CREATE PUBLICATION inserted FOR TABLE fine WITH (publish = 'insert')",
    'CREATE PUBLICATION partial FOR TABLE other',
    `CREATE ROLE ${user} LOGIN PASSWORD '${password}'`,
    `GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${user}`,
  )
})

afterAll(async () => {
  await database.run(`DROP OWNED BY ${user}`, `DROP ROLE ${user}`)
  await database[Symbol.asyncDispose]()
})

async function findings(
  tables: readonly string[],
  changes: StepParameters = {},
  fields: StepParameters = {},
): Promise<readonly Finding[]> {
  await using session = await openFollower(database, tables, { parameters: { changes }, fields })
  return await session.check({ signal: never })
}

function shown(found: readonly Finding[]): readonly string[] {
  return found.map(({ severity, message, hint }) => `${severity}: ${message} | ${hint}`)
}

describe('the check of a job that follows changes', () => {
  it('finds nothing where all is well, and changes nothing', async () => {
    expect(await findings(['fine', 'other'])).toEqual([])
    expect(await database.rows('SELECT pubname FROM pg_publication ORDER BY 1')).toEqual([
      ['inserted'],
      ['partial'],
    ])
    const slots = 'SELECT slot_name FROM pg_replication_slots WHERE database = current_database()'
    expect(await database.rows(slots)).toEqual([])
  })

  it('warns of partitions, each of which can be emptied without a word', async () => {
    await database.run(
      'CREATE TABLE parted (id int PRIMARY KEY) PARTITION BY LIST (id)',
      'CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1)',
    )
    expect(shown(await findings(['fine', 'parted']))).toEqual([
      expect.stringMatching(
        /^warning: table public.parted is partitioned: .* TRUNCATE, .*millrace resync/,
      ),
    ])
  })

  it.each<[string, string]>([
    ['bare', 'ALTER TABLE "public"."bare" REPLICA IDENTITY FULL'],
    ['nothing', 'ALTER TABLE "public"."nothing" REPLICA IDENTITY DEFAULT'],
    ['unlogged', 'ALTER TABLE "public"."unlogged" SET LOGGED'],
  ])(
    'finds that table %s gives no changes, with the statement that mends it',
    async (table, sql) => {
      const found = await findings([table])
      expect(found.map(({ severity }) => severity)).toEqual(['error'])
      expect(found[0]?.hint).toContain(sql)
    },
  )

  it('knows the columns whose values changes may leave out', async () => {
    await database.run(
      `CREATE TABLE large (id int PRIMARY KEY, short varchar(20), text text, bytes bytea, json jsonb,
        amount numeric, inside text)`,
      'ALTER TABLE large ALTER inside SET STORAGE MAIN',
      'CREATE TABLE whole (id int PRIMARY KEY, text text)',
      'ALTER TABLE whole REPLICA IDENTITY FULL',
    )
    await using session = await openFollower(database, ['large', 'whole', 'other'])
    const schemas = await session.describe({ signal: never })
    expect(schemas.map(({ omittable }) => omittable)).toEqual([[2, 3, 4], undefined, undefined])
  })

  it('finds what a publication leaves out', async () => {
    const operations = shown(await findings(['fine'], { publicationName: 'inserted' }))
    expect(operations).toHaveLength(1)
    expect(operations[0]).toMatch(
      /^error: .*update, delete, truncate.*ALTER PUBLICATION "inserted" SET/,
    )
    const mode = { publicationName: 'partial', publicationMode: 'disabled' }
    const lacking = shown(await findings(['fine', 'other'], mode))
    expect(lacking).toHaveLength(1)
    expect(lacking[0]).toContain('ALTER PUBLICATION "partial" ADD TABLE "public"."fine"')
    expect(await findings(['fine', 'other'], { publicationName: 'partial' })).toEqual([])
    const missing = shown(await findings(['fine'], { publicationMode: 'disabled' }))
    expect(missing[0]).toMatch(
      /^error: .*CREATE PUBLICATION "millrace_[0-9a-f]{8}" FOR TABLE "public"."fine"/,
    )
  })

  it('finds columns and rows that a publication leaves out', async ({ skip }) => {
    if ((await database.version()) < 15) skip('publications of whole tables only')
    await database.run(
      'CREATE TABLE wide (id int PRIMARY KEY, a int, b int)',
      'CREATE PUBLICATION narrow FOR TABLE wide (id, b) WHERE (id > 5)',
    )
    const found = shown(await findings(['wide'], { publicationName: 'narrow' }))
    expect(found).toHaveLength(2)
    expect(found[0]).toMatch(/^error: .*leaves out the columns a of table public.wide/)
    expect(found[1]).toMatch(/^warning: .*leaves out rows of table public.wide/)
  })

  it('finds the rights a user lacks, each with what grants it', async () => {
    const first = await findings(['fine'], {}, { user, password })
    expect(first[0]?.code).toBe('SOURCE_NOT_PERMITTED')
    const found = shown(first)
    expect(found).toHaveLength(2)
    expect(found[0]).toContain(`ALTER ROLE "${user}" REPLICATION`)
    expect(found[1]).toContain('CREATE PUBLICATION')
    await database.run(`ALTER ROLE ${user} REPLICATION`)
    expect(
      await findings(['fine'], { publicationName: 'partial' }, { user, password }),
    ).toHaveLength(1)
    expect(await findings(['other'], { publicationName: 'partial' }, { user, password })).toEqual(
      [],
    )
  })

  it('refuses what has no changes of its own', async () => {
    await expect(findings(['seen'])).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    await using session = await openFollower(database, [], {
      parameters: { tables: undefined, table: 'fine', column: ['id', 'upper(note)'] },
    })
    await expect(session.check({ signal: never })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('upper(note)') as string,
    })
  })

  it('finds a slot of another kind, and one that is read', async () => {
    const name = `${database.name}_odd`
    await database.run(`SELECT pg_create_logical_replication_slot('${name}', 'test_decoding')`)
    const found = shown(await findings(['fine'], { slotName: name }))
    expect(found).toHaveLength(1)
    expect(found[0]).toMatch(/^error: .*test_decoding.*expected pgoutput/)
    await using session = await openFollower(database, ['fine'], {
      parameters: { changes: { slotName: name } },
    })
    await expect(begin(session)).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })
})

describe('preparing to follow', () => {
  it('says which statement the owner has to run when the user may not make the publication', async () => {
    await database.run(`ALTER ROLE ${user} REPLICATION`)
    await using session = await openFollower(database, ['fine'], {
      fields: { user, password },
      parameters: { changes: { publicationName: 'refused' } },
    })
    const error = await begin(session).catch((failure: unknown) => failure)
    expect(PluginError.isInstance(error) && error.code).toBe('SOURCE_NOT_PERMITTED')
    expect((error as PluginError).hint).toContain(
      'CREATE PUBLICATION "refused" FOR TABLE "public"."fine"',
    )
  })

  it('works for a user with just the rights that check asks for', async () => {
    await database.run(`ALTER ROLE ${user} REPLICATION`, 'CREATE PUBLICATION given FOR TABLE fine')
    await using session = await openFollower(database, ['fine'], {
      fields: { user, password },
      parameters: { changes: { publicationName: 'given', publicationMode: 'disabled' } },
    })
    const from = await begin(session)
    await database.run("INSERT INTO fine VALUES (7, 'x')")
    expect(shownChanges(await changesUntilNow(session, from))).toEqual([['c', ['7', 'x'], null]])
    await session.acknowledge(await session.currentPosition({ signal: never }), { signal: never })
    expect((await session.logStatus(from, { signal: never })).lagBytes).toBeGreaterThan(0)
  })

  it('adds tables to its publication, and makes one for all tables where that is wanted', async () => {
    const changes = { publicationName: 'grows', slotName: `${database.name}_grows` }
    {
      await using session = await openFollower(database, ['fine'], { parameters: { changes } })
      await begin(session)
    }
    await using session = await openFollower(database, ['fine', 'other'], {
      parameters: { changes },
    })
    const from = await begin(session)
    await database.run('INSERT INTO other VALUES (1)')
    expect(shownChanges(await changesUntilNow(session, from))).toEqual([['c', ['1'], null]])
    const all = { publicationName: 'all of "it"', publicationMode: 'all_tables' }
    await using wide = await openFollower(database, ['fine'], { parameters: { changes: all } })
    const wideFrom = await begin(wide)
    await database.run('INSERT INTO other VALUES (2)', "INSERT INTO fine VALUES (8, 'x')")
    expect(shownChanges(await changesUntilNow(wide, wideFrom))).toEqual([['c', ['8', 'x'], null]])
  })
})
