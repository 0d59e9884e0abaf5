import { describe, expect, it } from 'vitest'
import { redisWriter } from '../plugin.ts'
import { redisWriterConfig } from './schema.ts'
import { validateConfig } from './validate.ts'

const base = { datasource: 'r', keyIndexes: 0 }

function findingsOf(
  parameters: Record<string, unknown>,
  readerColumns: readonly string[] | undefined = ['a', 'b', 'c'],
  concurrency = 1,
) {
  const config = redisWriterConfig.parse({ ...base, ...parameters })
  return validateConfig(config, { readerColumns, concurrency }).map(
    ({ severity, path, message, hint }) =>
      `${severity} ${path.join('.')}: ${message} | ${hint ?? ''}`,
  )
}

describe('parameters', () => {
  it('have the defaults of the original', () => {
    expect(redisWriterConfig.parse(base)).toEqual({
      datasource: 'r',
      allowsEviction: false,
      kind: 'string/set',
      isCluster: false,
      key: { kind: 'indexes', indexes: [0], delimiter: '\u0001' },
      valueDelimiter: '\u0001',
      strictDelimiter: false,
      expiry: { kind: 'never' },
      batchSize: 1000,
      timeoutMs: 30_000,
      retryTimeoutMs: 300_000,
      findings: [],
    })
  })

  it('may be quoted', () => {
    const quoted = redisWriterConfig.parse({
      ...base,
      keyIndexes: '0',
      batchSize: '2',
      timeout: '1000',
      selectDatabase: '3',
      expireTime: { seconds: '60' },
    })
    expect(quoted).toEqual(
      redisWriterConfig.parse({
        ...base,
        batchSize: 2,
        timeout: 1000,
        selectDatabase: 3,
        expireTime: { seconds: 60 },
      }),
    )
    expect(redisWriterConfig.parse({ ...base, keyIndexes: ['1', 0] }).key).toMatchObject({
      indexes: [1, 0],
    })
  })

  it('print as JSON Schema with a description for every field', () => {
    const schema = redisWriter.config['~standard'].jsonSchema.input({ target: 'draft-2020-12' })
    const properties = schema['properties'] as Record<string, unknown>
    for (const name of [
      'datasource',
      'keyIndexes',
      'keyTemplate',
      'writeMode',
      'column',
      'expireTime',
      'retryTimeout',
    ]) {
      expect(JSON.stringify(properties[name]), name).toContain('"description"')
    }
  })

  it.each([
    [undefined, 'string/set'],
    [null, 'string/set'],
    [{ type: 'string' }, 'string/set'],
    [{ type: 'set' }, 'set/sadd'],
    [{ type: 'zset' }, 'zset/zadd'],
    [{ type: 'hash' }, 'hash/hset'],
    [{ type: 'hash', mode: 'hmset' }, 'hash/hset'],
    [{ type: 'hash', mode: 'row' }, 'hash/row'],
    [{ type: 'list', mode: 'lpush' }, 'list/lpush'],
  ])('writeMode %j is %s', (writeMode, kind) => {
    const config = redisWriterConfig.parse({ ...base, writeMode })
    expect(config.kind).toBe(kind)
    expect(config.findings).toEqual([])
  })

  it.each([
    [{ seconds: 0 }, { kind: 'never' }],
    [{ seconds: '' }, { kind: 'never' }],
    [0, { kind: 'never' }],
    ['0', { kind: 'never' }],
    [null, { kind: 'never' }],
    [{ seconds: '2592001' }, { kind: 'seconds', seconds: 2_592_001 }],
    [{ unixtime: '4102444800' }, { kind: 'unixtime', unixtime: 4_102_444_800 }],
  ])('expireTime %j', (expireTime, expiry) => {
    const config = redisWriterConfig.parse({ ...base, expireTime })
    expect(config.expiry).toEqual(expiry)
    expect(config.findings).toEqual([])
  })

  it.each(['', null, undefined, '  '])('redisMode %j is a single Redis', (redisMode) => {
    expect(findingsOf({ redisMode })).toEqual([])
  })
})

describe('validate', () => {
  it.each([
    [{ datasource: '' }, /^error datasource: no data source/],
    [{ keyIndexes: undefined }, /^error keyIndexes: is missing/],
    [{ keyIndexes: [] }, /^error keyIndexes: the list is empty/],
    [
      { keyIndexes: [5] },
      /^error keyIndexes: column index 5 is out of range: the reader has 3 columns/,
    ],
    [{ keyIndexes: [0, 5] }, /^error keyIndexes\.1: column index 5/],
    [{ keyIndexes: -1 }, /^error keyIndexes: expected the position/],
    [{ keyIndexes: 'x' }, /^error keyIndexes: expected the position/],
    [{ keyIndexes: [1, 1] }, /^error keyIndexes\.1: column 1 is listed twice/],
    [{ keyIndexes: [0, 1, 2] }, /^error keyIndexes: the key takes every column/],
    [{ keyTemplate: 'x#{a}' }, /^error keyTemplate: .*exclude each other/],
    [
      { keyIndexes: null, keyTemplate: 'x#{A}' },
      /^error keyTemplate: the reader has no column "A" \| Did you mean "a"/,
    ],
    [
      { keyIndexes: null, keyTemplate: 'x#{a}', keyFieldDelimiter: ':' },
      /^warning keyFieldDelimiter: has no effect beside keyTemplate.* \| .*"#\{a\}:#\{b\}"/,
    ],
    [{ keyIndexes: null, keyTemplate: 'x#{a' }, /^error keyTemplate: .*not closed/],
    [{ keyIndexes: null, keyTemplate: 'x##{a}' }, /^error keyTemplate: no column is named/],
    [{ keyFieldDelimiter: '' }, /^error keyFieldDelimiter: bad delimiter/],
    [{ keyFieldDelimiter: 7 }, /^error keyFieldDelimiter: bad delimiter/],
    [
      { writeMode: { type: 'set', valueFieldDelimiter: '' } },
      /^error writeMode\.valueFieldDelimiter: bad delimiter/,
    ],
    [
      { keyFieldDelimiter: 'u0001' },
      /^warning keyFieldDelimiter: delimiter is the text "u0001"; did you mean "\\u0001"\?/,
    ],
    [{ writeMode: { type: 'streams' } }, /^error writeMode\.type: expected "string"/],
    [{ writeMode: { type: 'hahs' } }, /Did you mean "hash"/],
    [{ writeMode: { mode: 'sadd' } }, /^error writeMode\.type: is missing.*Add "type": "set"/],
    [{ writeMode: { type: 'list' } }, /^error writeMode\.mode: is missing/],
    [{ writeMode: { type: 'list', mode: 'lpush|rpush' } }, /^error writeMode\.mode: .*choose one/],
    [
      { writeMode: { type: 'set', mode: 'lpush' } },
      /^error writeMode\.mode: .*Valid are string\/set, list\/lpush/,
    ],
    [
      { writeMode: { type: 'string', name: 'set' } },
      /^warning writeMode\.name: name is taken for mode/,
    ],
    [{ writeMode: { type: 'hash' }, column: [{ name: 'x', index: 0 }] }, /^error column: /],
    [
      { column: [{ name: 'x', index: '3' }] },
      /^error column\.0\.index: column index 3 is out of range/,
    ],
    [
      { column: [{ name: 'x', index: 0, type: 'date' }] },
      /^error column\.0\.type: expected string, int/,
    ],
    [
      {
        column: [
          { name: 'x', index: 0 },
          { name: 'x', index: 1 },
        ],
      },
      /^error column\.1\.name: .*twice/,
    ],
    [{ expireTime: { seconds: '-5' } }, /^error expireTime\.seconds: /],
    [{ expireTime: { seconds: 1, unixtime: 4102444800 } }, /^error expireTime: .*exclude/],
    [{ expireTime: { unixtime: '1' } }, /^error expireTime\.unixtime: .*in the past/],
    [
      { expireTime: { seconds: 2592001 }, compat: { expire30d: true } },
      /^error expireTime\.seconds: .*in the past/,
    ],
    [{ expireTime: 1000 }, /^error expireTime: .*Write \{"seconds": 1000\}/],
    [{ dateFormat: 'yyyy-bb' }, /^error dateFormat: .*letter b/],
    [{ redisMode: 'cluster' }, /^error redisMode: expected "ClusterMode"/],
    [
      { redisMode: 'ClusterMode', selectDatabase: '1' },
      /^error selectDatabase: a cluster has only database 0/,
    ],
  ])('%j', (parameters, expected) => {
    const findings = findingsOf(parameters)
    expect(findings).toHaveLength(1)
    expect(findings[0]).toMatch(expected)
  })

  it.each(['ClusterMode', 'clustermode', 'clusterDirectMode'])(
    'takes redisMode %s',
    (redisMode) => {
      expect(findingsOf({ redisMode })).toEqual([])
    },
  )

  it('knows what zset and hash need, what lists risk, and names that are there twice', () => {
    expect(findingsOf({ writeMode: { type: 'zset' } }, ['a', 'b'])[0]).toMatch(
      /^warning writeMode: zset needs exactly two/,
    )
    expect(findingsOf({ writeMode: { type: 'hash' } }, ['a', 'b', 'c', 'd'])[0]).toMatch(
      /^warning writeMode: hash needs/,
    )
    expect(findingsOf({ writeMode: { type: 'list', mode: 'rpush' } }, undefined, 4)[0]).toMatch(
      /^warning writeMode: several/,
    )
    expect(findingsOf({ writeMode: { type: 'hash', mode: 'row' } }, ['a', 'b', 'b'])[0]).toMatch(
      /^error writeMode: two columns/,
    )
  })

  it('says nothing of columns that are not known', () => {
    const config = redisWriterConfig.parse({ ...base, keyIndexes: 9 })
    expect(validateConfig(config, { readerColumns: undefined, concurrency: 1 })).toEqual([])
  })

  it.each([{ batchSize: 0 }, { timeout: 0 }, { retryTimeout: -1 }, { selectDatabase: -1 }])(
    '%j',
    (parameters) => {
      expect(redisWriterConfig.safeParse({ ...base, ...parameters }).success).toBe(false)
    },
  )
})
