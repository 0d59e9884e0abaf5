import { describe, expect, it } from 'vitest'
import {
  mongodbColumnNames,
  mongodbConfig,
  mongodbIdentity,
  type MongodbConfig,
} from './mongodb-config.ts'
import { validateConfig } from './validate-config.ts'

function configOf(parameters: object): MongodbConfig {
  return mongodbConfig.parse(parameters)
}

const right = { datasource: 'docs', collectionName: 'people', column: ['_id'] }
const found = (parameters: object) =>
  validateConfig(configOf(parameters)).map(
    ({ severity, path, message }) => `${severity} ${path.join('.')}: ${message}`,
  )

describe('mongodbConfig', () => {
  it('reads the parameters of DataWorks', () => {
    const config = configOf({
      datasource: 'docs',
      collectionName: 'people',
      envType: 1,
      column: [
        { name: '_id', type: 'string' },
        { name: 'tags', type: 'Array', splitter: ',' },
        { name: 'a.b', type: 'document.int' },
        { name: 'rest', type: 'combine' },
      ],
      query: "{'at': {'$gte': ISODate('2026-01-01T00:00:00Z')}}",
      batchSize: '500',
      cursorTimeoutInMs: -1,
      splitFactor: '4',
      hint: '{age: 1}',
      objectIdOutputType: '',
      useSplitVector: false,
      enableJsonPrintNull: 'false',
      tableComment: 'x',
    })
    expect(validateConfig(config)).toEqual([])
    expect(config).toMatchObject({
      reference: { path: ['datasource'], name: 'docs' },
      batchSize: 500,
      cursorTimeoutMs: -1,
      splitFactor: 4,
      hint: '{age: 1}',
      json: { style: 'relaxed', printsNulls: false },
      wantsSnapshot: true,
    })
    expect(config.collection.columns).toEqual([
      { name: '_id', type: 'string', form: 'text', nativeType: 'string' },
      { name: 'tags', type: 'string', form: 'joined', nativeType: 'array', splitter: ',' },
      { name: 'a.b', type: 'int', form: 'text', nativeType: 'document.int' },
      {
        name: 'rest',
        type: 'json',
        form: 'document',
        nativeType: 'combine',
        leftOut: ['_id', 'tags', 'a.b'],
      },
    ])
  })

  it('reads the parameters of DataX, with their connection', () => {
    const config = configOf({
      address: ['127.0.0.1:27017', '127.0.0.1:27018'],
      userName: 'reader',
      userPassword: 'secret',
      dbName: 'shop',
      authDb: 'admin',
      collectionName: 'people',
      column: [{ name: 'tags', type: 'Array', spliter: '|' }, { name: 'n' }],
    })
    expect(validateConfig(config)).toEqual([])
    expect(config.reference).toEqual({
      path: ['address'],
      inline: {
        type: 'mongodb',
        address: ['127.0.0.1:27017', '127.0.0.1:27018'],
        username: 'reader',
        password: 'secret',
        database: 'shop',
        authDb: 'admin',
      },
    })
    expect(config.collection.columns).toMatchObject([{ splitter: '|' }, { nativeType: 'any' }])
    expect(JSON.stringify(mongodbIdentity(config))).not.toContain('secret')
  })

  it('takes a query as JSON, and a document as one column', () => {
    const config = configOf({
      ...right,
      column: [{ name: 'all', type: 'combine' }],
      query: { n: { $gt: { $numberLong: '5' } } },
    })
    expect(config.query).toBe('{"n":{"$gt":{"$numberLong":"5"}}}')
    expect(mongodbColumnNames(config)).toEqual(['all'])
  })

  it('refuses digits of a query in JSON that are a number or a text', () => {
    const query = {
      a: { $in: ['9007199254740993', 'x9007199254740993', '900719925474099', 9007199254740991] },
      b: { $numberLong: '9007199254740993' },
      $or: [{ c: '-9223372036854775809' }, { _id: { $oid: '507199254740993507199254' } }],
    }
    const unclear = 'may be a number or a text, which an object in a job file does not tell apart'
    expect(found({ ...right, query })).toEqual([
      `error query.a.$in.0: 9007199254740993 ${unclear}`,
      `error query.$or.0.c: -9223372036854775809 ${unclear}`,
    ])
    expect(found({ ...right, query: JSON.stringify(query) })).toEqual([])
  })

  it('says what is wrong', () => {
    expect(found({})).toEqual([
      'error datasource: no data source is named',
      'error collectionName: no collection is named',
      'error column: no column is named',
    ])
    expect(
      found({
        ...right,
        column: [
          '',
          { name: 'a', type: 'strng' },
          { name: 'b', type: 'array' },
          { name: 'c', type: 'array', splitter: '' },
        ],
        query: '{a: ',
        hint: '{b',
        objectIdOutputType: 'bson',
      }),
    ).toEqual([
      'error column.0: the column is blank',
      'error column.1.type: there is no type "strng"',
      'error column.2: the array "b" has no splitter',
      'warning column.3.splitter: the splitter of "c" is empty: elements are joined with nothing between them',
      'error query: the query cannot be read: Unexpected token at line 2, column 1',
      'error hint: the hint cannot be read: Unexpected token at line 2, column 1',
      'warning objectIdOutputType: objectIdOutputType "bson" is not known: ids are written as 24 hexadecimal digits',
    ])
    expect(
      validateConfig(configOf({ ...right, column: [{ name: 'a', type: 'strng' }] })),
    ).toMatchObject([{ hint: 'Did you mean string?' }])
  })

  it('says which times of cursors have no effect', () => {
    const message =
      'cursorTimeoutInMs 5000 has no effect: the server keeps cursors for 600000, or for as long as they are read'
    expect(found({ ...right, cursorTimeoutInMs: '5000' })).toEqual([
      `warning cursorTimeoutInMs: ${message}`,
    ])
    for (const cursorTimeoutInMs of [-1, 600_000, 3_600_000])
      expect(found({ ...right, cursorTimeoutInMs })).toEqual([])
  })

  it('takes an index by its name', () => {
    expect(found({ ...right, hint: 'age_1' })).toEqual([])
  })
})
