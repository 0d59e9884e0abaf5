import { mkdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { describe, expect } from 'vitest'
import { expectClearError, recognisablePassword } from './support/clear-error.ts'
import { redisJob, streamRows, type Parameters } from './support/jobs.ts'
import { test } from './support/redis-test.ts'
import { dataKeys } from './support/data-keys.ts'

const reader = streamRows(['string', 'string', 'string'], [['k', 'v', 'w']])

describe.concurrent('case 26: wrong parameters of the writer', () => {
  const cases: [string, Parameters, (string | RegExp)[]][] = [
    ['missing keyIndexes', { keyIndexes: undefined }, ['keyIndexes', 'keyTemplate']],
    ['keyIndexes out of range', { keyIndexes: [5] }, ['keyIndexes', '5', /3|0 to 2/]],
    ['negative keyIndexes', { keyIndexes: [-1] }, ['keyIndexes', '-1', 'at least 0']],
    ['keyIndexes twice', { keyIndexes: [0, 0] }, ['keyIndexes', 'twice']],
    ['keyIndexes covering every column', { keyIndexes: [0, 1, 2] }, ['keyIndexes']],
    ['keyIndexes beside keyTemplate', { keyTemplate: 'k:#{x}' }, ['keyTemplate', 'keyIndexes']],
    ['an unknown type', { writeMode: { type: 'strin' } }, ['writeMode', '"strin"', '"string"']],
    ['a type of no use', { writeMode: { type: 'streams' } }, ['writeMode', '"streams"', 'zset']],
    ['a list without mode', { writeMode: { type: 'list' } }, ['"lpush" or "rpush"']],
    [
      'both modes of the sample',
      { writeMode: { type: 'list', mode: 'lpush|rpush' } },
      ['lpush|rpush', 'rpush'],
    ],
    [
      'a mode of another type',
      { writeMode: { type: 'set', mode: 'lpush' } },
      ['lpush', 'set', 'sadd'],
    ],
    ['an unknown redisMode', { redisMode: 'cluster' }, ['redisMode', 'cluster', 'ClusterMode']],
    [
      'a database of a cluster',
      { redisMode: 'ClusterMode', selectDatabase: '1' },
      ['selectDatabase', 'cluster'],
    ],
    [
      'JSON columns of a hash',
      {
        writeMode: { type: 'hash', mode: 'hset' },
        column: [{ name: 'a', index: 0 }],
      },
      ['column', 'hash'],
    ],
    ['a JSON column out of range', { column: [{ name: 'a', index: 3 }] }, ['column', '3']],
    ['batchSize 0', { batchSize: 0 }, ['batchSize', 'at least 1', '0']],
    ['a batchSize of text', { batchSize: 'many' }, ['batchSize', 'many']],
    [
      'expiry in seconds and unixtime',
      { expireTime: { seconds: 1, unixtime: 4_102_444_800 } },
      ['expireTime', 'seconds', 'unixtime'],
    ],
    ['case 9: a unixtime in the past', { expireTime: { unixtime: '1' } }, ['unixtime', 'past']],
    ['case 10: negative seconds', { expireTime: { seconds: '-5' } }, ['seconds', '-5']],
    [
      'case 10: more than 30 days where old releases took an instant',
      { expireTime: { seconds: '2592001' }, compat: { expire30d: true } },
      ['past'],
    ],
    ['a bad date pattern', { dateFormat: 'yyyy-QQ-dd' }, ['dateFormat', 'Q']],
    ['an open quote in a date pattern', { dateFormat: "yyyy 'T" }, ['dateFormat']],
    ['an empty delimiter', { keyFieldDelimiter: '' }, ['keyFieldDelimiter', 'delimiter']],
    ['a delimiter that is no text', { keyFieldDelimiter: 1 }, ['keyFieldDelimiter', 'delimiter']],
    [
      'an empty value delimiter',
      { writeMode: { type: 'string', mode: 'set', valueFieldDelimiter: '' } },
      ['valueFieldDelimiter', 'delimiter'],
    ],
    ['a near-miss of a key', { keyindexes: 0 }, ['keyindexes', 'keyIndexes']],
    ['a wrong type', { expireTime: ['1'] }, ['expireTime']],
  ]

  test.for(cases)('%s', async ([, writer, mentions], { target }) => {
    const result = await target.folder().run(redisJob({ reader, writer }))
    expectClearError(result, { exitCode: 2, mentions: [/job\.json:\d+:\d+: error: /, ...mentions] })
    expect(result.report).toMatchObject({ status: 'failed', code: 'CONFIG_INVALID', exitCode: 2 })
    expect(result.report).toMatchObject({ recordsRead: 0, recordsWritten: 0 })
    expect(result.stderr).toContain('nothing was read or written')
    expect(await target.isEmpty()).toBe(true)
  })

  test('all of them come at once, in the order of the file', async ({ target }) => {
    const writer = { keyIndexes: [9], batchSize: 0, dateFormat: 'QQQQ' }
    const { exitCode, stdout } = await target.folder().check(redisJob({ reader, writer }))
    expect(exitCode).toBe(2)
    const lines = stdout.split('\n').filter((line) => line.includes(': error: '))
    expect(lines.length).toBeGreaterThanOrEqual(2)
    const numbers = lines.map((line) => Number(/job\.json:(\d+):/.exec(line)?.[1]))
    expect(numbers).toEqual([...numbers].sort((left, right) => left - right))
  })
})

describe.concurrent('wrong job files', () => {
  test.for<[string, string, (string | RegExp)[]]>([
    ['no JSON at all', 'hello', [/job\.json:1:\d+: error: /]],
    ['an open brace', '{"type": "job", "version": "2.0"', [/job\.json:1:\d+: error: /]],
    [
      'a missing comma',
      '{"type": "job"\n "version": "2.0"}',
      [/job\.json:2:\d+: error: /, 'expected ","'],
    ],
    ['two commas', '{"type": "job",,\n "version": "2.0"}', [/job\.json:1:\d+: error: /]],
    ['a text with two ends', '{"type": "job"", "steps": []}', [/job\.json:1:\d+: error: /]],
    ['an empty file', '', ['job.json']],
    ['a list', '[]', ['job.json']],
    ['no steps', '{"type": "job", "version": "2.0"}', ['steps']],
    [
      'another version',
      JSON.stringify({ ...redisJob({ reader }), version: '3.0' }),
      ['version', '3.0', '2.0'],
    ],
  ])('%s', async ([, text, mentions], { target }) => {
    const result = await target.folder().run(text)
    expectClearError(result, { exitCode: 2, mentions })
    expect(await target.isEmpty()).toBe(true)
  })

  test('a file that is not there', async ({ target }) => {
    const folder = target.folder()
    folder.write('orders.json', {})
    const result = await folder.millrace(['run', 'order.json'])
    expectClearError(result, { exitCode: 2, mentions: ['order.json'] })
  })

  test('an unknown key near a known one is an error, another one a warning', async ({ target }) => {
    const near = { ...redisJob({ reader }), setings: {} }
    const far = { ...redisJob({ reader }), department: 'sales' }
    const folder = target.folder()
    expectClearError(await folder.check(near), {
      exitCode: 2,
      mentions: [/job\.json:\d+:\d+: error: .*setings/, 'setting'],
    })
    const result = await folder.check(far)
    expect(result.exitCode, result.stdout).toBe(0)
    expect(result.stdout).toMatch(/job\.json:\d+:\d+: warning: .*department/)
    expectClearError(await folder.check(far, { flags: ['--strict'] }), {
      exitCode: 2,
      mentions: [/error: .*department/],
    })
  })

  test('querysql is refused, not ignored', async ({ target }) => {
    const mysql = {
      stepType: 'mysql',
      parameter: {
        datasource: 'mysql://app@127.0.0.1/shop',
        table: 't',
        column: ['a', 'b'],
        querysql: ['select 1'],
        splitPK: 'a',
      },
    }
    const result = await target.folder().check(redisJob({ reader: mysql }))
    expectClearError(result, {
      exitCode: 2,
      mentions: [/error: .*querysql/, 'querySql', 'splitPk'],
    })
  })

  test('a missing plugin comes with its install command', async ({ target }) => {
    const odps = { stepType: 'odps', parameter: {} }
    const result = await target.folder().run(redisJob({ reader: odps }))
    expectClearError(result, {
      exitCode: 2,
      mentions: [/job\.json:\d+:\d+/, /npm install (@millrace\/|millrace-)reader-odps/],
    })
  })

  test('a mistyped plugin comes with the nearest one', async ({ target }) => {
    const mistyped = { stepType: 'mysq', parameter: {} }
    const result = await target.folder().run(redisJob({ reader: mistyped }))
    expectClearError(result, { exitCode: 2, mentions: ['"mysq"', 'mysql'] })
  })

  test('two readers', async ({ target }) => {
    const job = redisJob({ reader })
    const steps = job['steps'] as unknown[]
    const result = await target.folder().run({ ...job, steps: [...steps, steps[0]] })
    expectClearError(result, { exitCode: 2, mentions: ['reader'] })
  })

  test('a hop to a step that is not there', async ({ target }) => {
    const order = { hops: [{ from: 'Reader', to: 'Writter' }] }
    const result = await target.folder().run({ ...redisJob({ reader }), order })
    expectClearError(result, { exitCode: 2, mentions: ['Writter', 'Writer'] })
  })

  test.for<[string, Parameters, string[]]>([
    ['a throttle without mbps', { speed: { throttle: true } }, ['throttle', 'mbps']],
    ['a negative errorLimit', { errorLimit: { record: -1 } }, ['errorLimit', '-1']],
    ['a percentage above 1', { errorLimit: { percentage: 20 } }, ['percentage', '20']],
    [
      'a time zone that is none',
      { common: { column: { timeZone: 'Mars/Base' } } },
      ['timeZone', 'Mars/Base'],
    ],
    ['no channels', { speed: { concurrent: 0 } }, ['concurrent', '0']],
  ])('%s', async ([, setting, mentions], { target }) => {
    const result = await target.folder().run(redisJob({ reader, setting }))
    expectClearError(result, { exitCode: 2, mentions: [/job\.json:\d+:\d+/, ...mentions] })
  })
})

describe.concurrent('data sources', () => {
  test('an unknown name comes with the nearest one', async ({ target }) => {
    const folder = target.folder({ cache: { type: 'redis', url: target.server.url } })
    const result = await folder.run(redisJob({ reader, writer: { datasource: 'cach' } }))
    expectClearError(result, { exitCode: 2, mentions: [/job\.json:\d+:\d+/, 'cach', 'cache'] })
  })

  test('a name without any file says where one belongs', async ({ target }) => {
    const folder = target.folder()
    const result = await folder.run(redisJob({ reader, writer: { datasource: 'cache' } }), {
      flags: ['--datasources', 'nowhere.yaml'],
    })
    expectClearError(result, { exitCode: 2, mentions: ['nowhere.yaml'] })
  })

  test('one of another type is refused', async ({ target }) => {
    const folder = target.folder({ shop: { type: 'mysql', host: '127.0.0.1', database: 'shop' } })
    const result = await folder.run(redisJob({ reader, writer: { datasource: 'shop' } }))
    expectClearError(result, { exitCode: 2, mentions: ['shop', 'mysql', 'redis'] })
  })

  test('a password from an environment variable that is not set names the variable', async ({
    target,
  }) => {
    const folder = target.folder({
      cache: { type: 'redis', url: target.server.url, password: '${env:MILLRACE_CLI_ABSENT}' },
    })
    const result = await folder.run(redisJob({ reader, writer: { datasource: 'cache' } }))
    expectClearError(result, { exitCode: 2, mentions: ['MILLRACE_CLI_ABSENT'] })
  })

  test('a mistake in the file shows no password', async ({ target }) => {
    const folder = target.folder({
      cache: { type: 'redis', host: 'x', port: 'nine', password: recognisablePassword },
      other: { type: 'redis', url: `redis://:${recognisablePassword}@[x` },
    })
    for (const datasource of ['cache', 'other']) {
      const result = await folder.run(redisJob({ reader, writer: { datasource } }))
      expectClearError(result, { exitCode: 2, mentions: ['datasources.yaml'] })
    }
  })
})

describe.concurrent('case 36: placeholders', () => {
  test('one without a value is named', async ({ target }) => {
    const job = redisJob({ reader, writer: { keyFieldDelimiter: '${glue}', keyIndexes: [0, 1] } })
    const folder = target.folder()
    const result = await folder.run(job)
    expectClearError(result, { exitCode: 2, mentions: ['${glue}', '--set glue=value'] })
    const set = await folder.run(job, { flags: ['--set', 'glue=+'] })
    expect(set.exitCode, set.stderr).toBe(0)
    expect(await dataKeys(target.client)).toEqual(['k+v'])
  })

  test('dates come from --scheduled-at', async ({ target }) => {
    const writer = { keyIndexes: [0, 1], keyFieldDelimiter: '$[yyyymmdd]:$bizdate:${yyyymmdd}' }
    const flags = ['--scheduled-at', '2025-11-01T00:00:00+08:00']
    const { exitCode, stderr } = await target.folder().run(redisJob({ reader, writer }), { flags })
    expect(exitCode, stderr).toBe(0)
    expect(await dataKeys(target.client)).toEqual(['k20251101:20251031:20251031v'])
  })
})

describe.concurrent('the command line', () => {
  test.for<[string, string[], string[]]>([
    ['an unknown flag', ['run', 'job.json', '--reprot', 'x'], ['--reprot', '--report']],
    ['an unknown command', ['rnu', 'job.json'], ['rnu', 'run']],
    ['no job', ['run'], ['job']],
    ['a package of no kind', ['create', 'thing', 'acme'], ['thing', 'reader, writer']],
    [
      'flags that contradict each other',
      ['run', 'job.json', '--resume', '--restart'],
      ['--resume', '--restart'],
    ],
    [
      'a percentage that is none',
      ['run', 'job.json', '--max-dirty-percent', '101'],
      ['101', '100'],
    ],
    ['a count that is none', ['run', 'job.json', '--concurrent', '0'], ['0', 'at least 1']],
    ['a setting without value', ['run', 'job.json', '--set', 'x'], ['--set', 'name=value']],
    [
      'a flag of job files to init',
      ['init', '--db', 'mysql', 'mysql://x', '--set', 'a=b'],
      ['--set', 'unknown option'],
    ],
    [
      'a name for init',
      ['init', '--db', 'mysql', 'mysql://x', '--name', 'n'],
      ['--name', 'unknown option'],
    ],
    [
      'a limit for rows that are given',
      ['preview', '--job-file', 'j.yaml', '--input', 'rows.json', '--limit', '3'],
      ['--limit has no effect'],
    ],
    [
      'a setting for rows that are given',
      ['preview', '--job-file', 'j.yaml', '--input', 'rows.json', '--set', 'a=b'],
      ['--set has no effect'],
    ],
    [
      'channels for a replay',
      ['replay', 'd.jsonl', '--job', 'job.json', '--concurrent', '4'],
      ['--concurrent has no effect'],
    ],
    [
      '--snapshot-only of a job file',
      ['check', 'job.json', '--connect', '--snapshot-only'],
      ['--snapshot-only', 'pipeline'],
    ],
    [
      'a time for a pipeline',
      ['run', 'p', '--scheduled-at', '2026-01-01'],
      ['--scheduled-at', 'has no effect on a pipeline'],
    ],
    ['a time that is none', ['run', 'job.json', '--scheduled-at', 'noon'], ['noon', 'ISO']],
  ])('%s', async ([, args, mentions], { target }) => {
    const folder = target.folder()
    folder.write('job.json', redisJob({ reader }))
    mkdirSync(folder.pathOf('p'))
    folder.write('p/config.yaml', '')
    expectClearError(await folder.millrace(args), { exitCode: 2, mentions })
    expect(await target.isEmpty()).toBe(true)
  })
})

test('check opens no connection', async ({ target }) => {
  let connections = 0
  const server = createServer((socket) => {
    connections += 1
    socket.destroy()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const folder = target.folder({ spy: { type: 'redis', host: '127.0.0.1', port } })
  const mysql = {
    stepType: 'mysql',
    parameter: {
      datasource: `mysql://app@127.0.0.1:${port}/shop`,
      table: 't',
      column: ['a', 'b'],
    },
  }
  const result = await folder.check(redisJob({ reader: mysql, writer: { datasource: 'spy' } }))
  server.close()
  expect(result.exitCode, result.stdout).toBe(0)
  expect(connections).toBe(0)
})
