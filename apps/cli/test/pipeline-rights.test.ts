import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import { parse, stringify } from 'yaml'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { dataKeys } from './support/data-keys.ts'
import { makeJobFolder } from './support/job-folder.ts'
import { write, pipelineFolder } from './support/pipeline-folder.ts'
import { startPrivateRedis } from './support/private-redis.ts'
import { test } from './support/redis-test.ts'
import { makePostgresDatabase, type TestDatabase } from './support/test-database.ts'

let postgres: TestDatabase

beforeAll(async () => {
  postgres = await makePostgresDatabase()
  await postgres.execute(
    'CREATE TABLE person (id int PRIMARY KEY, town text)',
    "INSERT INTO person SELECT id, 'town ' || id % 2 FROM generate_series(1, 5) AS id",
    // Members are made of a column that is no key.
    'ALTER TABLE person REPLICA IDENTITY FULL',
  )
})

afterAll(async () => {
  await postgres[Symbol.asyncDispose]()
})

const person = { tables: { 'public.person': {} } }
const constant = (text: string) => ({ language: 'jmespath', expression: `\`${text}\`` })
/** Redis refuses the second row, which is dirty. */
const badKey = { language: 'jmespath', expression: "concat(['one:', id])" }
const hashJob = {
  source: { table: 'person' },
  output: [write({ data_type: 'hash', key: badKey })],
}

describe.concurrent('rows of a pipeline that cannot be written', () => {
  test('are only counted with error_handling ignore', async ({ target }) => {
    await target.client.set('one:2', 'not a hash')
    const others = { processors: { error_handling: 'ignore' } }
    const pipeline = pipelineFolder(target, 'postgresql', postgres, { ...person, others })
    pipeline.job('person', hashJob)
    const { exitCode, stderr, report } = await pipeline.run()
    expect(exitCode, stderr).toBe(0)
    expect(report).toMatchObject({ recordsWritten: 4, recordsDirty: 1, dirtyFile: null })
    expect(pipeline.folder.exists(`p/${report?.job}.dirty.jsonl`)).toBe(false)
    expect(await target.client.exists('dlq:person')).toBe(0)
  })

  test('are listed with error_handling dlq, in a file and in the target', async ({ target }) => {
    await target.client.set('one:2', 'not a hash')
    const others = { processors: { error_handling: 'dlq' } }
    const pipeline = pipelineFolder(target, 'postgresql', postgres, { ...person, others })
    pipeline.job('person', hashJob)
    const { report } = await pipeline.run()
    expect(report).toMatchObject({ recordsWritten: 4, recordsDirty: 1 })
    expect(pipeline.folder.readLines(`p/${report?.job}.dirty.jsonl`)).toMatchObject([
      { code: 'WRONG_TYPE', row: { id: '2' } },
    ])
    const messages = await target.client.xrange('dlq:person', '-', '+')
    expect(messages).toHaveLength(1)
    expect(messages[0]?.[1].join(' ')).toMatch(
      /^timestamp \d+ schema public table person code WRONG_TYPE reason_rejected WRONGTYPE: .*row \{"id":"2",/,
    )
  })

  test('go to the target again that refused them', async ({ target }) => {
    await using server = await startPrivateRedis(['--databases', '256'])
    const own = { ...target, server, client: server.client, url: server.url }
    const second = new Redis({ port: server.port, db: 1 })
    try {
      await second.set('one:2', 'not a hash')
      const targets = ['target', 'second']
      const pipeline = pipelineFolder(own, 'postgresql', postgres, { ...person, targets })
      const both = { data_type: 'hash', key: badKey }
      pipeline.job('person', {
        source: { table: 'person' },
        output: [write(both), write({ ...both, connection: 'second' })],
      })
      const { report } = await pipeline.run()
      expect(report).toMatchObject({ recordsWritten: 9, recordsDirty: 1 })
      const file = String(report?.dirtyFile)
      expect(readFileSync(file, 'utf8').trimEnd().split('\n')).toHaveLength(1)
      await second.del('one:2')
      await server.client.flushdb()
      const replayed = await pipeline.folder.millrace(['replay', file, '--job', 'p'])
      expect(replayed.exitCode, replayed.stderr).toBe(0)
      expect(await second.hgetall('one:2')).toEqual({ id: '2', town: 'town 0' })
      expect(await dataKeys(server.client)).toEqual([])
    } finally {
      second.disconnect()
    }
  })
})

test('a pipeline runs under just the rights that check --connect asks for', async ({ target }) => {
  await using server = await startPrivateRedis(['--databases', '256'])
  const own = { ...target, server, client: server.client, url: server.url }
  const pipeline = pipelineFolder(own, 'postgresql', postgres, person)
  pipeline.job('person', {
    source: { table: 'person' },
    output: [
      write({ data_type: 'hash', key: badKey, expire: 1000 }),
      write({ data_type: 'stream', key: constant('log'), expire: 1000 }),
      write({ data_type: 'set', key: constant('towns'), args: { member: 'town' } }),
      write({
        data_type: 'sorted_set',
        key: constant('rank'),
        args: { member: 'town', score: 'id' },
      }),
    ],
  })
  const config = parse(pipeline.folder.read('p/config.yaml')) as {
    targets: { target: { connection: Record<string, unknown> } }
  }
  Object.assign(config.targets.target.connection, { user: 'loader', password: 'secret' })
  await server.client.call('ACL', 'SETUSER', 'loader', 'on', '>secret', '~*', '+@all')
  pipeline.folder.write('p/config.yaml', stringify(config))
  const checked = await pipeline.folder.millrace(['check', 'p', '--connect'])
  expect(checked.exitCode, checked.stdout + checked.stderr).toBe(0)
  const rule = /^ {2}(ACL SETUSER loader .*)$/m.exec(checked.stdout)?.[1] ?? ''
  const words = rule.split(' ').map((word) => word.replaceAll(/^"|"$/g, ''))
  expect(words).toContain('-@all')
  await server.client.call(...(words as [string, ...string[]]))
  const { exitCode, stderr, report } = await pipeline.catchUp()
  expect(exitCode, stderr).toBe(0)
  expect(report).toMatchObject({ recordsWritten: 5, recordsDirty: 0 })
  expect(await dataKeys(server.client)).toEqual(
    'log one:1 one:2 one:3 one:4 one:5 rank towns'.split(' '),
  )
  expect(await server.client.ttl('log')).toBeGreaterThan(900)
  await postgres.execute("UPDATE person SET town = 'town 7' WHERE id = 1")
  const changed = await pipeline.catchUp()
  expect(changed.exitCode, changed.stderr).toBe(0)
  expect(changed.report).toMatchObject({ recordsWritten: 1, recordsDirty: 0 })
  expect(await server.client.smembers('towns')).toContain('town 7')
  const status = await pipeline.folder.millrace(['status', 'p', '--json'])
  expect(status.exitCode, status.stderr).toBe(0)
})

test('installed dialects stand in the list of plugins', async ({ target }) => {
  const { stdout } = await target.folder().millrace(['plugins', 'list'])
  expect(stdout).toMatch(/^dialect rdi .*Redis Data Integration.*\(@millrace\/rdi .*\)$/m)
})

test('the pipeline in examples runs as it is', async () => {
  await using server = await startPrivateRedis()
  await using shop = await makePostgresDatabase()
  await shop.execute(
    `CREATE TABLE customers (id integer PRIMARY KEY, name varchar(80) NOT NULL, email varchar(120) NOT NULL,
       country varchar(40) NOT NULL, phone varchar(20), created_at timestamp(0) NOT NULL)`,
    "INSERT INTO customers VALUES (1, 'Ada', 'ada@example.org', 'UK', '1', '2026-01-02')",
    `CREATE TABLE invoices (id bigint PRIMARY KEY, customer_id integer NOT NULL, invoice_date timestamp(0) NOT NULL,
       total decimal(10, 2) NOT NULL, paid boolean NOT NULL)`,
    "INSERT INTO invoices VALUES (1, 1, '2026-01-02', 9.90, true), (2, 1, '2026-01-03', 1.50, false)",
  )
  const { hostname, port, username, password } = new URL(shop.url)
  const env = {
    SOURCE_DB_HOST: hostname,
    SOURCE_DB_PORT: port,
    SOURCE_DB_NAME: shop.name,
    SOURCE_DB_USER: decodeURIComponent(username),
    SOURCE_DB_PASSWORD: decodeURIComponent(password),
    TARGET_DB_HOST: '127.0.0.1',
    TARGET_DB_PORT: String(server.port),
  }
  const folder = makeJobFolder({})
  try {
    const example = fileURLToPath(new URL('../../../examples/shop-pipeline', import.meta.url))
    const run = await folder.millrace(['run', example, '--snapshot-only'], { env })
    expect(run.exitCode, run.stderr).toBe(0)
    expect(await server.client.hgetall('customer:1')).toMatchObject({
      name: 'Ada',
      domain: 'example.org',
    })
    expect(await server.client.hexists('customer:1', 'phone')).toBe(0)
    const messages = await server.client.xrange('invoices:paid', '-', '+')
    expect(messages.map(([, fields]) => fields)).toEqual([
      ['invoice', '1', 'customer', '1', 'total', '9.90', 'op_code', 'r'],
    ])
    expect(Number(await server.client.zscore('spending', '1'))).toBe(9.9)
  } finally {
    folder.remove()
  }
})
