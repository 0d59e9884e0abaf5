import { afterAll, beforeAll, describe, expect } from 'vitest'
import { expectClearError } from './support/clear-error.ts'
import { redisJob, type Parameters } from './support/jobs.ts'
import type { JobFolder } from './support/job-folder.ts'
import { freePort } from './support/private-redis.ts'
import { test, type RedisTarget } from './support/redis-test.ts'
import {
  dataSourceOf,
  makeMysqlDatabase,
  makePostgresDatabase,
  type TestDatabase,
} from './support/test-database.ts'
import { dataKeyCount, dataKeys } from './support/data-keys.ts'

let mysql: TestDatabase
let postgres: TestDatabase

beforeAll(async () => {
  mysql = await makeMysqlDatabase()
  postgres = await makePostgresDatabase()
  await mysql.execute(
    'CREATE TABLE moments (id int PRIMARY KEY, d date, t time, dt datetime, ts timestamp NULL)',
    "SET time_zone = '+00:00'",
    "INSERT INTO moments VALUES (1, '2026-02-02', '03:04:05', '2026-02-02 03:04:05', '2026-02-02 03:04:05')",
    'CREATE TABLE t_0 (id int NULL, `key` varchar(20))',
    'CREATE TABLE t_1 LIKE t_0',
    "INSERT INTO t_0 VALUES (1, 'a1'), (2, 'a2'), (3, 'a3'), (NULL, 'a null'), (40, 'a40')",
    "INSERT INTO t_1 VALUES (4, 'b4'), (5, 'b5'), (NULL, 'b null'), (2, 'b2')",
  )
  await postgres.execute(
    'CREATE TABLE "Things" (id bigint PRIMARY KEY, "Mixed Case" text, u uuid, j jsonb, a int[], n numeric)',
    `INSERT INTO "Things" VALUES (9007199254740993, 'é"x', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
      '{"b": [1, 2]}', '{1,2,null}', 1.50), (2, NULL, NULL, NULL, NULL, NULL)`,
    'CREATE TABLE moments (id int PRIMARY KEY, d date, t time, dt timestamp, ts timestamptz)',
    "INSERT INTO moments VALUES (1, '2026-02-02', '03:04:05', '2026-02-02 03:04:05', '2026-02-02 03:04:05+00')",
  )
})

afterAll(async () => {
  await mysql?.[Symbol.asyncDispose]()
  await postgres?.[Symbol.asyncDispose]()
})

function folder(target: RedisTarget): JobFolder {
  return target.folder({
    my: dataSourceOf('mysql', mysql),
    pg: dataSourceOf('postgresql', postgres),
  })
}

function read(stepType: 'mysql' | 'postgresql', parameter: Parameters) {
  return {
    stepType,
    parameter: { datasource: stepType === 'mysql' ? 'my' : 'pg', ...parameter },
  }
}

const joined = { writeMode: { type: 'string', mode: 'set', valueFieldDelimiter: '|' } }

describe.concurrent.each(['mysql', 'postgresql'] as const)('%s', (stepType) => {
  test('case 12: dates keep their text, an instant is shown in the zone of the job', async ({
    target,
  }) => {
    const reader = read(stepType, { table: 'moments', column: ['id', 'd', 't', 'dt', 'ts'] })
    const { exitCode, stderr } = await folder(target).run(redisJob({ reader, writer: joined }))
    expect(exitCode, stderr).toBe(0)
    expect(await target.client.get('1')).toBe(
      '2026-02-02|03:04:05|2026-02-02 03:04:05|2026-02-02 11:04:05',
    )
  })

  test('case 11: dateFormat applies to wall-clock values and instants', async ({ target }) => {
    const reader = read(stepType, { table: 'moments', column: ['id', 'dt', 'ts'] })
    const writer = { ...joined, dateFormat: "yyyy/MM/dd'T'HH:mm" }
    const { exitCode, stderr } = await folder(target).run(redisJob({ reader, writer }))
    expect(exitCode, stderr).toBe(0)
    expect(await target.client.get('1')).toBe('2026/02/02T03:04|2026/02/02T11:04')
  })

  test('the zone is UTC when the job names none, whatever TZ says', async ({ target }) => {
    const reader = read(stepType, { table: 'moments', column: ['id', 'ts'] })
    const { exitCode, stderr } = await folder(target).run(
      redisJob({ reader, setting: { common: undefined } }),
      { env: { TZ: 'America/New_York' } },
    )
    expect(exitCode, stderr).toBe(0)
    expect(await target.client.get('1')).toBe('2026-02-02 03:04:05')
  })
})

describe.concurrent('case 33: mysql', () => {
  test('reads constants, expressions, ranges of tables and split keys, every row once', async ({
    target,
  }) => {
    const reader = read('mysql', {
      connection: [{ datasource: 'my', table: ['t_[0-1]'] }],
      column: ['id', '`key`', "'x'", 'null', "date_format(now(), '%Y')"],
      splitPk: 'id',
      splitFactor: 2,
    })
    const job = redisJob({
      reader,
      writer: {
        keyIndexes: 1,
        writeMode: { type: 'list', mode: 'rpush', valueFieldDelimiter: '|' },
      },
      setting: { speed: { throttle: false, concurrent: 2 } },
    })
    const { exitCode, stderr, report } = await folder(target).run(job)
    expect(exitCode, stderr).toBe(0)
    expect(report).toMatchObject({ recordsRead: 9, recordsWritten: 9 })
    const found: Record<string, string[]> = {}
    for (const key of await dataKeys(target.client)) {
      found[key] = (await target.client.lrange(key, 0, -1)).map((text) =>
        text.replace(/\|\d{4}$/, '|YEAR'),
      )
    }
    expect(found).toEqual({
      a1: ['1|x||YEAR'],
      a2: ['2|x||YEAR'],
      a3: ['3|x||YEAR'],
      a40: ['40|x||YEAR'],
      'a null': ['|x||YEAR'],
      b4: ['4|x||YEAR'],
      b5: ['5|x||YEAR'],
      b2: ['2|x||YEAR'],
      'b null': ['|x||YEAR'],
    })
  })

  test('where takes a closing semicolon', async ({ target }) => {
    const reader = read('mysql', {
      table: ['t_0', 't_1'],
      column: ['key', 'id'],
      where: 'id>2;',
    })
    const { exitCode, stderr } = await folder(target).run(redisJob({ reader }))
    expect(exitCode, stderr).toBe(0)
    expect(await dataKeys(target.client)).toEqual(['a3', 'a40', 'b4', 'b5'])
  })

  test('case 36: where is filled from --set, a password with $ is left alone', async ({
    target,
  }) => {
    const user = await mysql.makeUser('p$a{b}${c}')
    const job = target.folder({
      my: dataSourceOf('mysql', mysql, { user, password: 'p$a{b}${c}' }),
    })
    const reader = read('mysql', { table: 't_0', column: ['key', 'id'], where: "id='${wanted}'" })
    const { exitCode, stderr } = await job.run(redisJob({ reader }), {
      flags: ['--set', 'wanted=3'],
    })
    expect(exitCode, stderr).toBe(0)
    expect(await dataKeys(target.client)).toEqual(['a3'])
  })
})

describe.concurrent('case 33: postgresql', () => {
  test('reads casts and quoted names', async ({ target }) => {
    const reader = read('postgresql', {
      table: 'public."Things"',
      column: ['id::text', '"Mixed Case"', "'c'::varchar"],
    })
    const { exitCode, stderr } = await folder(target).run(redisJob({ reader, writer: joined }))
    expect(exitCode, stderr).toBe(0)
    expect(await target.client.get('9007199254740993')).toBe('é"x|c')
    expect(await target.client.get('2')).toBe('|c')
  })

  test('types that DataX refuses become JSON strings', async ({ target }) => {
    const reader = read('postgresql', {
      table: '"Things"',
      column: ['id', 'u', 'j', 'a', 'n'],
    })
    const column = ['id', 'u', 'j', 'a', 'n'].map((name, index) => ({
      name,
      index,
      ...(name === 'id' ? { type: 'long' } : {}),
    }))
    const { exitCode, stderr } = await folder(target).run(redisJob({ reader, writer: { column } }))
    expect(exitCode, stderr).toBe(0)
    expect(await target.client.get('9007199254740993')).toBe(
      String.raw`{"id":9007199254740993,"u":"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11","j":"{\"b\": [1, 2]}","a":"[1,2,null]","n":"1.50"}`,
    )
    expect(await target.client.get('2')).toBe('{"id":2,"u":null,"j":null,"a":null,"n":null}')
  })

  test('several channels read a split table once, in one snapshot', async ({ target }) => {
    await postgres.execute(
      "CREATE TABLE many AS SELECT g AS id, 'v' || g AS v FROM generate_series(1, 5000) g",
      'ALTER TABLE many ADD PRIMARY KEY (id)',
    )
    const reader = read('postgresql', { table: 'many', column: ['id', 'v'], splitPk: 'id' })
    const writer = { writeMode: { type: 'list', mode: 'rpush' } }
    const setting = { speed: { throttle: false, concurrent: 3 } }
    const { exitCode, stderr, report } = await folder(target).run(
      redisJob({ reader, writer, setting }),
    )
    expect(exitCode, stderr).toBe(0)
    expect(report).toMatchObject({ recordsRead: 5000, recordsWritten: 5000 })
    expect(report?.consistency).toBe('one-snapshot')
    expect(report?.splits.total).toBeGreaterThan(1)
    expect(report?.splits.done).toBe(report?.splits.total)
    expect(await dataKeyCount(target.client)).toBe(5000)
    expect(await target.client.llen('4711')).toBe(1)
  })
})

describe.concurrent.each(['mysql', 'postgresql'] as const)(
  'case 34: querySql of %s',
  (stepType) => {
    const table = stepType === 'mysql' ? 't_0' : 'moments'
    const datasource = stepType === 'mysql' ? 'my' : 'pg'

    test('runs as it is; column, where and splitPk are ignored with a warning', async ({
      target,
    }) => {
      const reader = read(stepType, {
        connection: [{ querySql: ["select 'k', 'v';"], datasource, table: [] }],
        column: ['id'],
        where: 'no such thing',
        splitPk: 'id',
      })
      const setting = { speed: { throttle: false, concurrent: 2 } }
      const { exitCode, stderr, report } = await folder(target).run(redisJob({ reader, setting }))
      expect(exitCode, stderr).toBe(0)
      expect(await target.client.get('k')).toBe('v')
      expect(report?.splits.total).toBe(1)
      for (const key of ['column', 'where', 'splitPk']) {
        expect(stderr).toMatch(new RegExp(`warn: .*${key} is ignored`))
      }
    })

    test('beside a table is an error', async ({ target }) => {
      const reader = read(stepType, {
        connection: [{ querySql: ['select 1'], datasource, table: [table] }],
        column: ['id'],
      })
      const result = await folder(target).run(redisJob({ reader }))
      expectClearError(result, { exitCode: 2, mentions: ['table', 'querySql'] })
    })
  },
)

describe.concurrent.each(['mysql', 'postgresql'] as const)(
  'names of %s that are not there',
  (stepType) => {
    const column = ['id', 'd']

    test.for<[string, Parameters, string[]]>([
      ['a table', { table: 'momments', column }, ['momments', 'moments']],
      ['a column', { table: 'moments', column: ['id', 'dtt'] }, ['dtt', 'dt']],
      ['a split key', { table: 'moments', column, splitPk: 'idd' }, ['idd', 'id']],
    ])('%s', async ([, parameter, mentions], { target }) => {
      const result = await folder(target).run(redisJob({ reader: read(stepType, parameter) }))
      expectClearError(result, { exitCode: 2, mentions, code: 'SOURCE_OBJECT_MISSING' })
      expect(await target.isEmpty()).toBe(true)
    })

    test.for<[string, Parameters]>([
      ['where', { table: 'moments', column, where: 'id === 1' }],
      ['column', { table: 'moments', column: ['id', 'coalesce(d'] }],
      ['querySql', { querySql: ['select * frm moments'] }],
    ])('a statement the server refuses, by %s', async ([, parameter], { target }) => {
      const result = await folder(target).run(redisJob({ reader: read(stepType, parameter) }))
      expectClearError(result, { exitCode: 2, mentions: [], code: 'SOURCE_STATEMENT_INVALID' })
      expect(await target.isEmpty()).toBe(true)
    })

    test('check --connect finds what is wrong with the source and the target at once', async ({
      target,
    }) => {
      const dead = { type: 'redis', host: '127.0.0.1', port: await freePort() }
      const job = target.folder({
        my: dataSourceOf('mysql', mysql),
        pg: dataSourceOf('postgresql', postgres),
        dead,
      })
      const reader = read(stepType, { table: ['moments', 'nix'], column: ['id', 'dtt'] })
      const wrong = redisJob({ reader, writer: { datasource: 'dead' } })
      const result = await job.check(wrong, { flags: ['--connect'] })
      const mentions = [
        'SOURCE_OBJECT_MISSING',
        'nix',
        'dtt',
        'TARGET_UNREACHABLE',
        String(dead.port),
      ]
      expectClearError(result, { exitCode: 2, mentions })
    })

    test('check --connect finds them, and says what it found when all is well', async ({
      target,
    }) => {
      const job = folder(target)
      const missing = redisJob({ reader: read(stepType, { table: 'momments', column }) })
      expectClearError(await job.check(missing, { flags: ['--connect'] }), {
        exitCode: 2,
        mentions: ['momments', 'moments'],
      })
      const fine = redisJob({ reader: read(stepType, { table: 'moments', column }) })
      const { exitCode, stdout } = await job.check(fine, { flags: ['--connect'] })
      expect(exitCode, stdout).toBe(0)
      expect(stdout).toMatch(/source: .*moments.*id/)
      expect(stdout).toContain('target: reachable')
      expect(await target.isEmpty()).toBe(true)
    })
  },
)
