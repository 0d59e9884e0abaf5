import { readFileSync } from 'node:fs'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { dataKeys } from './support/data-keys.ts'
import { write, pipelineFolder } from './support/pipeline-folder.ts'
import { test } from './support/redis-test.ts'
import {
  makeMysqlDatabase,
  makePostgresDatabase,
  type TestDatabase,
} from './support/test-database.ts'

const seedJob = readFileSync(new URL('./fixtures/rdi-stream-job.yaml', import.meta.url), 'utf8')
const invoiceCount = 412
let postgres: TestDatabase
let mysql: TestDatabase

beforeAll(async () => {
  postgres = await makePostgresDatabase()
  await postgres.execute(
    `CREATE TABLE invoice ("InvoiceId" int PRIMARY KEY, "CustomerId" int, "BillingCountry" text,
       "Total" numeric(10,2))`,
    `INSERT INTO invoice SELECT id, id % 59, 'Country ' || id % 24, (id % 25)::numeric(10,2) + 0.99
       FROM generate_series(1, ${invoiceCount}) AS id`,
    `CREATE TABLE sensor (id int PRIMARY KEY, ok bool, price numeric(8,3), seen timestamptz,
       at timestamp, born date, bytes bytea, meta jsonb, note text)`,
    `INSERT INTO sensor VALUES (1, true, 12.500, '2026-01-02 03:04:05+00', '2026-01-02 03:04:05',
       '2026-01-02', '\\x00ff', '{"a": [1, 2]}', NULL)`,
    'CREATE TABLE "Odd Name" ("a b" text PRIMARY KEY, v int)',
    `INSERT INTO "Odd Name" VALUES ('k', 1)`,
  )
  mysql = await makeMysqlDatabase()
  await mysql.execute(
    'CREATE TABLE track (trackid int PRIMARY KEY, name varchar(50), milliseconds int, bytes bigint, added datetime(3))',
    "INSERT INTO track VALUES (16, 'Hund', 215196, 7040000, '2026-01-02 03:04:05.678'), (17, 'Katt', NULL, NULL, NULL)",
  )
})

afterAll(async () => {
  await postgres[Symbol.asyncDispose]()
  await mysql[Symbol.asyncDispose]()
})

const invoiceTable = { tables: { 'public.invoice': {} } }

describe.concurrent('a pipeline', () => {
  test('runs the example of the RDI pages unchanged: one message for each invoice', async ({
    target,
  }) => {
    const pipeline = pipelineFolder(target, 'postgresql', postgres, invoiceTable)
    const named = pipeline.folder.read('p/config.yaml').replaceAll('shop:', 'chinook:')
    pipeline.folder.write('p/config.yaml', named)
    pipeline.job('invoice', seedJob)
    const { exitCode, stderr, report } = await pipeline.run()
    expect(exitCode, stderr).toBe(0)
    expect(report).toMatchObject({
      guarantee: 'exactly-once',
      recordsRead: invoiceCount,
      recordsWritten: invoiceCount,
    })
    const messages = await target.client.xrange('invoice:events', '-', '+')
    expect(messages).toHaveLength(invoiceCount)
    expect(messages[0]?.[1]?.join(' ')).toBe('message_id 1 country Country 1 Total 1.99 op_code r')
    const texts = messages.map(([, fields]) => fields.join(' '))
    expect(texts.toSorted()).toEqual(
      Array.from(
        { length: invoiceCount },
        (_, at) =>
          `message_id ${at + 1} country Country ${(at + 1) % 24} Total ${(at + 1) % 25}.99 op_code r`,
      ).toSorted(),
    )
    const ttl = await target.client.ttl('invoice:events')
    expect(ttl).toBeGreaterThan(0)
    expect(ttl).toBeLessThanOrEqual(100)
    const again = await pipeline.run()
    expect(again.exitCode, again.stderr).toBe(0)
    expect(again.stderr).toContain('nothing to resume')
    expect(again.report).toMatchObject({ guarantee: 'exactly-once', recordsRead: 0 })
    expect(await target.client.xlen('invoice:events')).toBe(invoiceCount)
    const anew = await pipeline.run(['--restart'])
    expect(anew.exitCode, anew.stderr).toBe(0)
    expect(await target.client.xlen('invoice:events')).toBe(2 * invoiceCount)
  })

  test('without jobs writes every table of the schema under the default keys', async ({
    target,
  }) => {
    const pipeline = pipelineFolder(target, 'postgresql', postgres, { schemas: ['public'] })
    const { exitCode, stderr, report } = await pipeline.run()
    expect(exitCode, stderr).toBe(0)
    expect(report).toMatchObject({ recordsWritten: invoiceCount + 2, consistency: 'one-snapshot' })
    expect(await target.client.hgetall('sensor:id:1')).toEqual({
      id: '1',
      ok: '1',
      price: '12.500',
      seen: '2026-01-02T03:04:05.000000Z',
      at: '1767323045000000',
      born: '20455',
      bytes: 'AP8=',
      meta: '{"a": [1, 2]}',
    })
    expect(await target.client.hgetall('Odd Name:a b:k')).toEqual({ 'a b': 'k', v: '1' })
    expect(await dataKeys(target.client)).toHaveLength(invoiceCount + 2)
  })

  test('writes dates as ISO text where it is asked to', async ({ target }) => {
    const pipeline = pipelineFolder(target, 'postgresql', postgres, {
      tables: { 'public.sensor': { columns: ['id', 'at', 'born', 'seen'] } },
      others: { millrace: { temporal: 'iso' } },
    })
    const { exitCode, stderr } = await pipeline.run()
    expect(exitCode, stderr).toBe(0)
    expect(await target.client.hgetall('sensor:id:1')).toEqual({
      id: '1',
      at: '2026-01-02T03:04:05',
      born: '2026-01-02',
      seen: '2026-01-02T03:04:05Z',
    })
  })

  test('maps with SQL, filters and expires', async ({ target }) => {
    const pipeline = pipelineFolder(target, 'mysql', mysql, {
      tables: { [`${mysql.name}.track`]: {} },
    })
    pipeline.job('track', {
      source: { db: mysql.name, table: 'TRACK' },
      transform: [
        { uses: 'filter', with: { language: 'sql', expression: 'milliseconds IS NOT NULL' } },
        {
          uses: 'map',
          with: {
            language: 'sql',
            expression: {
              id: 'trackid',
              name: 'name',
              duration:
                "concat(floor(milliseconds / 60000), ':', floor(mod(milliseconds / 1000, 60)))",
              size: "concat(round(bytes / 1048576.0, 2), 'MB')",
            },
          },
        },
      ],
      output: [
        {
          uses: 'redis.write',
          with: {
            data_type: 'hash',
            key: { expression: "concat('track:', id)", language: 'sql' },
            expire: { expression: 'id + 100', language: 'sql' },
          },
        },
      ],
    })
    const { exitCode, stderr, report } = await pipeline.run()
    expect(exitCode, stderr).toBe(0)
    expect(report).toMatchObject({ recordsRead: 2, recordsWritten: 1, recordsFiltered: 1 })
    expect(await dataKeys(target.client)).toEqual(['track:16'])
    expect(await target.client.hgetall('track:16')).toEqual({
      id: '16',
      name: 'Hund',
      duration: '3:35.0',
      size: '6.71MB',
    })
    const ttl = await target.client.ttl('track:16')
    expect(ttl).toBeGreaterThan(100)
    expect(ttl).toBeLessThanOrEqual(116)
  })

  test('writes several outputs, two targets with a checkpoint each', async ({ target }) => {
    const pipeline = pipelineFolder(target, 'postgresql', postgres, {
      ...invoiceTable,
      targets: ['target', 'second'],
    })
    const country = { expression: "concat(['of:', BillingCountry])", language: 'jmespath' }
    const rank = { expression: '`rank`', language: 'jmespath' }
    pipeline.job('invoice', {
      source: { table: 'invoice' },
      output: [
        write({ data_type: 'set', key: country, args: { member: 'InvoiceId' } }),
        write({
          data_type: 'sorted_set',
          key: rank,
          args: { member: 'InvoiceId', score: 'Total' },
        }),
        write({ connection: 'second', data_type: 'hash' }),
      ],
    })
    const { exitCode, stderr, report } = await pipeline.run()
    expect(exitCode, stderr).toBe(0)
    expect(report?.jobs).toHaveLength(2)
    expect(await target.client.zcard('rank')).toBe(invoiceCount)
    expect(Number(await target.client.zscore('rank', '24'))).toBe(24.99)
    expect(await dataKeys(target.client)).toHaveLength(25)
    const second = new Redis(target.url.replace(/\/\d+$/, '/1'))
    try {
      expect(await dataKeys(second)).toHaveLength(invoiceCount)
    } finally {
      second.disconnect()
    }
    const status = await pipeline.folder.millrace(['status', 'p', '--json'])
    const { jobs } = JSON.parse(status.stdout) as { jobs: { state: string }[] }
    expect(jobs.map(({ state }) => state)).toEqual(['complete', 'complete'])
  })

  test('looks values up in Redis', async ({ target }) => {
    await target.client.hset('names', '1', 'Ada', '2', 'Bob')
    const pipeline = pipelineFolder(target, 'postgresql', postgres, {
      tables: { 'public.invoice': { snapshot_sql: 'SELECT * FROM invoice WHERE "InvoiceId" < 4' } },
    })
    const lookup = {
      connection: 'target',
      cmd: 'HGET',
      args: ['`names`', '"CustomerId"'],
      language: 'jmespath',
      field: 'customer',
    }
    pipeline.job('invoice', {
      source: { table: 'invoice' },
      transform: [{ uses: 'redis.lookup', with: lookup }],
      output: [{ uses: 'redis.write', with: { data_type: 'hash' } }],
    })
    const { exitCode, stderr } = await pipeline.run()
    expect(exitCode, stderr).toBe(0)
    expect(await target.client.hget('invoice:InvoiceId:2', 'customer')).toBe('Bob')
    expect(await target.client.hexists('invoice:InvoiceId:3', 'customer')).toBe(0)
  })

  test('lists rows whose expression fails, and replays them', async ({ target }) => {
    await target.client.set('bill:3', 'not a hash')
    const pipeline = pipelineFolder(target, 'postgresql', postgres, {
      tables: { 'public.invoice': { snapshot_sql: 'SELECT * FROM invoice WHERE "InvoiceId" < 6' } },
    })
    const shown = "InvoiceId == `2` && upper(InvoiceId) || 'fine'"
    pipeline.job('invoice', {
      source: { table: 'invoice' },
      transform: [
        { uses: 'add_field', with: { field: 'shown', language: 'jmespath', expression: shown } },
      ],
      output: [
        {
          uses: 'redis.write',
          with: {
            data_type: 'hash',
            key: { expression: "concat(['bill:', InvoiceId])", language: 'jmespath' },
          },
        },
      ],
    })
    const { exitCode, stderr, report } = await pipeline.run()
    expect(exitCode, stderr).toBe(0)
    expect(report).toMatchObject({ recordsRead: 5, recordsWritten: 3, recordsDirty: 2 })
    const file = String(report?.dirtyFile)
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
    const codes = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(new Set(codes.map(({ code }) => code))).toEqual(
      new Set(['TRANSFORM_FAILED', 'WRONG_TYPE']),
    )
    expect(JSON.stringify(codes)).toContain('upper')
    expect(await target.client.get('bill:3')).toBe('not a hash')
    await target.client.del('bill:3')
    const replayed = await pipeline.folder.millrace(['replay', file, '--job', 'p'])
    expect(replayed.exitCode, replayed.stderr).toBe(0)
    expect(await target.client.hget('bill:3', 'shown')).toBe('fine')
    expect(await target.client.exists('bill:2')).toBe(0)
  })
})

describe.concurrent('the command line, with a pipeline', () => {
  test('refuses flags that say the opposite of each other', async ({ target }) => {
    const pipeline = pipelineFolder(target, 'postgresql', postgres, invoiceTable)
    const flags = ['run', 'p', '--snapshot-only', '--until-current']
    const { exitCode, stderr } = await pipeline.folder.millrace(flags)
    expect(exitCode).toBe(2)
    expect(stderr).toContain('--until-current')
    expect(await target.isEmpty()).toBe(true)
  })

  test('checks every file at once', async ({ target }) => {
    const pipeline = pipelineFolder(target, 'postgresql', postgres, invoiceTable)
    pipeline.job('one', 'source:\n  tabel: invoice\n')
    pipeline.job('two', 'source:\n  table: invoise\n')
    const { exitCode, stdout } = await pipeline.folder.millrace(['check', 'p'])
    expect(exitCode).toBe(2)
    expect(stdout).toMatch(/jobs\/one\.yaml:2:3: error: .*tabel/)
    expect(stdout).toMatch(/jobs\/two\.yaml:2:10: error: .*invoise/)
    expect(stdout).toMatch(/Did you mean "table"/)
  })

  test('reports an expression that is wrong before anything is read', async ({ target }) => {
    const pipeline = pipelineFolder(target, 'postgresql', postgres, invoiceTable)
    pipeline.job(
      'invoice',
      'source:\n  table: invoice\ntransform:\n  - uses: filter\n    with:\n      language: jmespath\n      expression: lowwer(BillingCountry)\n',
    )
    const { exitCode, stdout } = await pipeline.folder.millrace(['check', 'p'])
    expect(exitCode, stdout).toBe(2)
    expect(stdout).toMatch(/jobs\/invoice\.yaml:7:\d+: error: .*lowwer/)
    expect(stdout).toContain('lower')
  })

  test('previews the commands of every table', async ({ target }) => {
    const pipeline = pipelineFolder(target, 'postgresql', postgres, { schemas: ['public'] })
    const { exitCode, stdout, stderr } = await pipeline.folder.millrace([
      'preview',
      'p',
      '--limit',
      '2',
    ])
    expect(exitCode, stderr).toBe(0)
    expect(stdout).toMatch(/HSET invoice:InvoiceId:1 /)
    expect(stdout).toMatch(/HSET sensor:id:1 /)
    expect(await target.isEmpty()).toBe(true)
  })

  test('tries a job on given rows', async ({ target }) => {
    const pipeline = pipelineFolder(target, 'postgresql', postgres, invoiceTable)
    pipeline.job('invoice', seedJob)
    pipeline.folder.write('rows.json', [{ InvoiceId: 7, BillingCountry: 'Peru', Total: '5.94' }])
    const args = ['preview', '--job-file', 'p/jobs/invoice.yaml', '--input', 'rows.json']
    const { exitCode, stdout, stderr } = await pipeline.folder.millrace([
      ...args,
      '--format',
      'json',
    ])
    expect(exitCode, stderr).toBe(0)
    const trial = JSON.parse(stdout) as {
      transformation: unknown
      output: { commands: string[][] }[]
    }
    expect(trial.transformation).toEqual([{ InvoiceId: 7, BillingCountry: 'Peru', Total: '5.94' }])
    expect(trial.output[0]?.commands[0]?.join(' ')).toBe(
      'XADD invoice:events * message_id 7 country Peru Total 5.94 op_code r',
    )
  })

  test('writes a folder from a live schema that runs as it is', async ({ target }) => {
    const pipeline = pipelineFolder(target, 'postgresql', postgres, invoiceTable)
    const { folder } = pipeline
    const made = await folder.millrace(['init', '--db', 'postgresql', postgres.url, '--dir', 'new'])
    expect(made.exitCode, made.stderr).toBe(0)
    expect(made.stdout).toContain('3 tables')
    const again = await folder.millrace([
      'init',
      '--db',
      'postgresql',
      postgres.url,
      '--dir',
      'new',
    ])
    expect(again.exitCode).toBe(2)
    const { hostname, port } = new URL(target.url)
    const config = folder
      .read('new/config.yaml')
      .replace(/(type: redis\n\s+host: )\S+(\n\s+port: )\d+/, `$1${hostname}$2${port}`)
    const database = Number(target.url.slice(target.url.lastIndexOf('/') + 1))
    folder.write(
      'new/config.yaml',
      `${config}millrace: {targets: {target: {database: ${database}}}}\n`,
    )
    const password = decodeURIComponent(new URL(postgres.url).password)
    const env = password === '' ? {} : { SOURCE_DB_PASSWORD: password }
    const ran = await folder.millrace(['run', 'new', '--snapshot-only'], { env })
    expect(ran.exitCode, ran.stderr).toBe(0)
    expect(await dataKeys(target.client)).toHaveLength(invoiceCount + 2)
  })
})
