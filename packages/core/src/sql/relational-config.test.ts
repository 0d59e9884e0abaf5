import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  normalizeRelational,
  relationalColumnNames,
  relationalDataSources,
  relationalIdentity,
  type RelationalConfig,
} from './relational-config.ts'
import { relationalParameters } from './relational-parameters.ts'
import { validateRelational } from './validate-relational.ts'

const schema = z
  .looseObject(relationalParameters)
  .transform((parsed) => normalizeRelational(parsed, 'postgresql'))

function parse(parameters: unknown): RelationalConfig {
  return schema.parse(parameters)
}

describe('normalizeRelational', () => {
  it('reads the wizard form of DataWorks', () => {
    const config = parse({
      envType: 0,
      useSpecialSecret: 'false',
      column: ['id', 1, 'value'],
      tableComment: '',
      connection: [{ datasource: 'shop', table: ['t_[0-1]', 'u'], selectedDatabase: 'x' }],
      where: ' id > 2;；\n',
      splitPk: '',
      splitFactor: '2',
      encoding: 'UTF-8',
      socketTimeout: '3600000',
    })
    expect(config).toEqual({
      sources: [
        {
          reference: { path: ['connection', 0, 'datasource'], name: 'shop' },
          tables: ['t_0', 't_1', 'u'],
          queries: [],
          tablePath: ['connection', 0, 'table'],
          queryPath: ['connection', 0, 'querySql'],
        },
      ],
      columns: ['id', '1', 'value'],
      where: 'id > 2',
      splitFactor: 2,
      session: [],
      preSql: [],
      encoding: 'UTF-8',
      socketTimeoutMs: 3600000,
      ignoredKeys: [],
    })
  })

  it('reads tables with columns of their own, which are part of its identity', () => {
    const tables = [
      { schema: 's', table: 't', columns: ['a'], sql: ' SELECT 1 ; ' },
      { table: 'u' },
    ]
    const config = parse({ datasource: 'shop', tables, connection: [], column: [] })
    expect(config.named).toEqual({
      tables: [
        { schema: 's', table: 't', columns: ['a'], keys: [], sql: 'SELECT 1' },
        { table: 'u', keys: [] },
      ],
      conflictingKeys: [],
    })
    expect(validateRelational(config)).toEqual([])
    expect(relationalDataSources(config)).toEqual([{ path: ['datasource'], name: 'shop' }])
    expect(relationalColumnNames(config)).toBeUndefined()
    const identities = [
      { tables },
      { tables: tables.slice(1) },
      { tables: [{ ...tables[0], keys: ['a'] }, tables[1]] },
      { schemas: 's' },
      { schemas: ['s', 't'] },
    ].map((parameters) => JSON.stringify(relationalIdentity(parse(parameters))))
    expect(new Set(identities).size).toBe(5)
  })

  it('tells of one table what decides its rows', () => {
    const of = (parameters: object, table: { table: string; namespace?: string }) =>
      relationalIdentity(parse(parameters), table)
    const first = { schema: 's', table: 'T', columns: ['a'] }
    const tables = [first, { schema: 's', table: 'u' }]
    const own = of({ tables }, { namespace: 's', table: 't' })
    expect(own).toEqual({ table: { columns: ['a'], keys: [], sql: null }, encoding: null })
    expect(of({ tables: [first] }, { namespace: 'S', table: 'T' })).toEqual(own)
    expect(of({ tables: [{ ...first, keys: ['a'] }] }, { table: 't' })).not.toEqual(own)
    const whole = of({ schemas: ['s'] }, { namespace: 's', table: 'u' })
    expect(whole).toEqual(of({ tables }, { namespace: 's', table: 'u' }))
    expect(of({ tables }, { table: 'unknown' })).toEqual(relationalIdentity(parse({ tables })))
  })

  it('tells everything that is wrong with such tables', () => {
    const config = parse({
      datasource: 'shop',
      tables: [
        { schema: '', table: '', columns: [], keys: ['a', '', 'a'], sql: ';' },
        { table: 'u' },
        { table: 'u' },
      ],
      schemas: [],
      querySql: 'SELECT 1',
      connection: [{ table: 't' }],
    })
    expect(validateRelational(config).map(({ path }) => path?.join('.'))).toEqual([
      'querySql',
      'connection',
      'schemas',
      'schemas',
      'tables.0.schema',
      'tables.0.table',
      'tables.0.sql',
      'tables.0.columns',
      'tables.0.keys.1',
      'tables.0.keys.2',
      'tables.2',
    ])
  })

  it('reads the flat form', () => {
    const config = parse({ datasource: 'shop', table: 'public.t', column: '*', splitPk: ' id ' })
    expect(relationalDataSources(config)).toEqual([{ path: ['datasource'], name: 'shop' }])
    expect(config.sources[0]?.tables).toEqual(['public.t'])
    expect(config.splitPk).toBe('id')
    expect(config.splitFactor).toBe(5)
  })

  it('reads inline connections of DataX', () => {
    const config = parse({
      username: 'app',
      password: 'secret',
      mandatoryEncoding: 'gbk',
      column: ['id'],
      connection: [
        { jdbcUrl: ['jdbc:postgresql://a:5432/x', 'jdbc:postgresql://b/x'], table: ['t'] },
        { jdbcUrl: 'jdbc:postgresql://c/x', table: ['t'] },
      ],
    })
    expect(relationalDataSources(config)).toEqual([
      {
        path: ['connection', 0, 'jdbcUrl'],
        inline: {
          type: 'postgresql',
          jdbcUrl: ['jdbc:postgresql://a:5432/x', 'jdbc:postgresql://b/x'],
          username: 'app',
          password: 'secret',
        },
      },
      {
        path: ['connection', 1, 'jdbcUrl'],
        inline: {
          type: 'postgresql',
          jdbcUrl: ['jdbc:postgresql://c/x'],
          username: 'app',
          password: 'secret',
        },
      },
    ])
    expect(config.encoding).toBe('gbk')
  })

  it('lends the table and data source of the top to a connection that has none', () => {
    const config = parse({ datasource: 'shop', table: ['t'], connection: [{ table: [] }] })
    expect(config.sources).toMatchObject([
      { reference: { path: ['datasource'], name: 'shop' }, tables: ['t'], tablePath: ['table'] },
    ])
  })

  it('cuts the semicolons off statements', () => {
    const config = parse({ datasource: 'shop', querySql: 'select 1 ; ', session: 'set x = 1;' })
    expect(config.sources[0]?.queries).toEqual(['select 1'])
    expect(config.session).toEqual(['set x = 1'])
  })

  it('reports a range that is too large where it stands', () => {
    const result = schema.safeParse({ connection: [{ table: 't[0-99999999]' }] })
    expect(result.error?.issues[0]?.path).toEqual(['connection', 0, 'table'])
  })

  it('has JSON Schema with a description for every parameter', () => {
    const json = z.toJSONSchema(schema, { io: 'input' }) as {
      properties: Record<string, { description?: string }>
    }
    expect(Object.keys(json.properties)).toEqual(Object.keys(relationalParameters))
    for (const property of Object.values(json.properties)) expect(property.description).toBeTruthy()
  })
})

describe('relationalColumnNames', () => {
  it('gives names without quotes and expressions by their text', () => {
    const column = ['id', '"Na""me"', '`key`', 'now()', 'id::text', "'x'"]
    const config = parse({ datasource: 'a', table: 't', column })
    expect(relationalColumnNames(config)).toEqual([
      'id',
      'Na"me',
      'key',
      'now()',
      'id::text',
      "'x'",
    ])
  })

  it('does not know them for * and statements', () => {
    expect(relationalColumnNames(parse({ table: 't', column: ['*'] }))).toBeUndefined()
    expect(relationalColumnNames(parse({ querySql: 'select 1', column: ['a'] }))).toBeUndefined()
  })
})

describe('validateRelational', () => {
  it.each([
    [{ checkSlave: true }, ['checkSlave']],
    [{ checkSlave: 'true', tables: [{ table: 'u' }], table: undefined }, ['checkSlave']],
    [{ useReadOnly: 'true', slaveDelayLimit: '300' }, ['useReadOnly', 'slaveDelayLimit']],
    [{ useReadOnly: false, slaveDelayLimit: 300, checkSlave: 'false' }, []],
    [{ masterSlave: 'slave', canReadPrimary: true, guid: 'x', fetchSize: 100 }, []],
  ])('warns of a replica that nobody looks at: %j', (parameters, keys) => {
    const given = parse({ datasource: 'shop', table: 't', column: ['id'], ...parameters })
    const found = validateRelational(given).filter(({ severity }) => severity === 'warning')
    expect(found.map(({ path }) => path)).toEqual(keys.map((key) => [key]))
    for (const { message } of found) expect(message).toContain('has no effect')
  })

  const found = (parameters: object) =>
    validateRelational(parse({ datasource: 'shop', ...parameters })).map(
      ({ severity, path }) => `${severity} ${path.join('.')}`,
    )

  it.each<[string, object, string[]]>([
    ['nothing', { table: 't', column: ['id'] }, []],
    ['a missing data source', { datasource: '', table: 't', column: ['a'] }, ['error datasource']],
    ['no table', { connection: [{ table: [] }], column: ['a'] }, ['error connection.0.table']],
    [
      'both table and querySql',
      { connection: [{ table: ['t'], querySql: ['select 1'] }] },
      ['error connection.0.querySql'],
    ],
    ['an empty table beside querySql', { connection: [{ table: [], querySql: ['select 1'] }] }, []],
    [
      'connections of both kinds',
      { connection: [{ table: ['t'] }, { querySql: ['select 1'] }] },
      ['error connection.1.querySql'],
    ],
    [
      'column, where and splitPk beside querySql',
      { querySql: 'select 1', column: ['a'], where: 'x', splitPk: 'a' },
      ['warning column', 'warning where', 'warning splitPk'],
    ],
    ['no column', { table: 't', column: [] }, ['error column']],
    ['* alone', { table: 't', column: ['*'] }, ['warning column.0']],
    ['* beside others', { table: 't', column: ['a', '*'] }, ['error column.1']],
    ['a blank column', { table: 't', column: ['a', ' '] }, ['error column.1']],
    ['two split keys', { table: 't', column: ['a'], splitPk: 'a,b' }, ['error splitPk']],
    [
      'a table at the top beside connections',
      { table: 't', connection: [{ table: 'u' }], column: ['a'] },
      ['warning table'],
    ],
  ])('%s', (_, parameters, expected) => {
    expect(found(parameters)).toEqual(expected)
  })
})
