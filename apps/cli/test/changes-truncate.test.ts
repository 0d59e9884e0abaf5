import { describe, expect, vi } from 'vitest'
import { parse, stringify } from 'yaml'
import { dataKeys } from './support/data-keys.ts'
import { jmespath, pipelineFolder, write } from './support/pipeline-folder.ts'
import { test } from './support/redis-test.ts'
import { dataSourceOf, makeChangeDatabase } from './support/test-database.ts'

/** Each starts the command several times. */
const options = { timeout: 90_000 }
const waitOptions = { timeout: 20_000, interval: 50 }

describe.each(['postgresql', 'mysql'] as const)('tables of %s are emptied', (kind) => {
  test(
    'of two with the same keys neither loses those of the other',
    options,
    async ({ target }) => {
      const { client } = target
      await using database = await makeChangeDatabase(kind)
      await using second = await makeChangeDatabase(kind)
      const [one, two] = kind === 'mysql' ? [database.name, second.name] : ['s1', 's2']
      if (kind === 'postgresql') await database.execute('CREATE SCHEMA s1', 'CREATE SCHEMA s2')
      for (const [at, schema] of [one, two].entries())
        await database.execute(
          `CREATE TABLE ${schema}.cust (id int PRIMARY KEY)`,
          `INSERT INTO ${schema}.cust VALUES (${at + 1})`,
          `CREATE TABLE ${schema}.own_${at} (id int PRIMARY KEY)`,
          `INSERT INTO ${schema}.own_${at} VALUES (1)`,
        )
      const names = [`${one}.cust`, `${two}.cust`, `${one}.own_0`, `${two}.own_1`]
      const pipeline = pipelineFolder(target, kind, database, {
        ...(kind === 'mysql'
          ? { databases: [one, two], connection: { database: undefined } }
          : { schemas: [one, two] }),
        tables: Object.fromEntries(names.map((name) => [name, {}])),
      })
      const checked = await pipeline.folder.millrace(['check', 'p', '--connect'])
      expect(checked.exitCode, checked.stdout).toBe(0)
      expect(checked.stdout + checked.stderr).toMatch(
        new RegExp(`rows of (${one}.cust, ${two}.cust|${two}.cust, ${one}.cust) may have the same`),
      )
      expect((await pipeline.catchUp()).exitCode).toBe(0)
      await client.set('own_0:id:1:cache', 'of somebody else')
      await database.execute(`TRUNCATE TABLE ${one}.cust`, `TRUNCATE TABLE ${one}.own_0`)
      const { exitCode, stderr, report } = await pipeline.catchUp()
      expect(exitCode, stderr).toBe(0)
      expect(report?.notes).toEqual([
        expect.stringMatching(
          new RegExp(`^the changes of ${one}.cust are left out .* like those of ${two}.cust`),
        ),
      ])
      expect((await dataKeys(client)).sort()).toEqual(
        ['cust:id:1', 'cust:id:2', 'own_0:id:1:cache', 'own_1:id:1'].sort(),
      )
    },
  )

  test('of two sources neither loses the keys of the other', options, async ({ target }) => {
    const { client } = target
    await using database = await makeChangeDatabase(kind)
    await using second = await makeChangeDatabase(kind)
    for (const [at, one] of [database, second].entries())
      await one.execute(
        'CREATE TABLE cust (id int PRIMARY KEY)',
        `INSERT INTO cust VALUES (${at + 1})`,
      )
    const tableOf = ({ name }: { readonly name: string }) => ({
      [`${kind === 'mysql' ? name : 'public'}.cust`]: {},
    })
    const pipeline = pipelineFolder(target, kind, database, { tables: tableOf(database) })
    const config = parse(pipeline.folder.read('p/config.yaml')) as { sources: object }
    const other = { type: 'cdc', connection: dataSourceOf(kind, second), tables: tableOf(second) }
    config.sources = { ...config.sources, other }
    pipeline.folder.write('p/config.yaml', stringify(config))
    const first = await pipeline.catchUp()
    expect(first.exitCode, first.stderr).toBe(0)
    expect(first.stderr + first.stdout).toContain('another source brings a table cust into target')
    await database.execute('TRUNCATE TABLE cust')
    const { exitCode, stderr, report } = await pipeline.catchUp()
    expect(exitCode, stderr).toBe(0)
    expect(report?.notes).toEqual([
      expect.stringContaining('another source of the pipeline has a table of that name'),
    ])
    expect(await dataKeys(client)).toEqual(['cust:id:1', 'cust:id:2'])
  })

  test(
    'one whose keys cannot be told is left out until it is read again',
    options,
    async ({ target }) => {
      const { client } = target
      await using database = await makeChangeDatabase(kind)
      await database.execute(
        'CREATE TABLE item (id int PRIMARY KEY, name varchar(20))',
        'CREATE TABLE other (id int PRIMARY KEY)',
        "INSERT INTO item VALUES (1, 'one')",
      )
      const namespace = kind === 'mysql' ? database.name : 'public'
      const pipeline = pipelineFolder(target, kind, database, {
        tables: { [`${namespace}.item`]: {}, [`${namespace}.other`]: {} },
      })
      pipeline.job('item', {
        source: { table: 'item' },
        output: [write({ data_type: 'hash', key: jmespath("concat(['i-', id])") })],
      })
      expect((await pipeline.catchUp()).exitCode).toBe(0)
      await database.execute('TRUNCATE TABLE item')
      await database.execute("INSERT INTO item VALUES (2, 'two')", 'INSERT INTO other VALUES (1)')
      const { exitCode, stderr, report } = await pipeline.catchUp()
      expect(exitCode, stderr).toBe(0)
      const left = `the changes of ${namespace}.item are left out since`
      expect(report?.notes).toEqual([expect.stringContaining(left)])
      expect(stderr).toContain(left)
      expect(stderr).toContain('on_truncate: ignore')
      expect(stderr).toContain(`millrace resync <folder> --table ${namespace}.item`)
      expect((await dataKeys(client)).sort()).toEqual(['i-1', 'other:id:1'])
      const status = await pipeline.folder.millrace(['status', 'p'])
      expect(status.stdout).toContain(`    stopped: ${left}`)

      await database.execute("INSERT INTO item VALUES (3, 'three')", 'INSERT INTO other VALUES (2)')
      const running = pipeline.follow()
      await vi.waitFor(async () => expect(await client.exists('other:id:2')).toBe(1), waitOptions)
      await client.unlink('i-1')
      const asked = await pipeline.folder.millrace(['resync', 'p', '--table', 'item'])
      expect(asked.exitCode, asked.stderr).toBe(0)
      await vi.waitFor(async () => expect(await client.exists('i-3')).toBe(1), waitOptions)
      await database.execute("INSERT INTO item VALUES (4, 'four')", 'DELETE FROM item WHERE id = 3')
      await vi.waitFor(async () => {
        const keys = await dataKeys(client)
        expect(keys.sort()).toEqual(['i-2', 'i-4', 'other:id:1', 'other:id:2'])
      }, waitOptions)
      running.child.kill('SIGTERM')
      expect((await running.ended).exitCode).toBe(143)
      const last = await pipeline.catchUp()
      expect(last.report, last.stderr).toMatchObject({ status: 'complete', recordsRead: 0 })
      expect((await pipeline.folder.millrace(['status', 'p'])).stdout).not.toContain('stopped:')
    },
  )
})
