import { describe, expect, it } from 'vitest'
import { mongodbConfig } from './mongodb-config.ts'
import { validateConfig } from './validate-config.ts'

const found = (parameters: object) =>
  validateConfig(mongodbConfig.parse({ datasource: 'docs', ...parameters })).map(
    ({ severity, path, message }) => `${severity} ${path.join('.')}: ${message}`,
  )

const tables = [{ schema: 'crm', table: 'people', excludeColumns: ['ssn'] }, { table: 'notes' }]

describe('parameters of whole documents', () => {
  it('are taken as pipelines send them', () => {
    const changes = { fullDocument: 'fields', beforeImages: false }
    expect(found({ tables, changes, extendedJson: 'canonical' })).toEqual([])
    const onlyTables = [{ schema: 'crm', table: 'people', matchesCase: true }]
    expect(found({ schemas: ['crm'], onlyTables, exceptTables: [{ table: 'notes' }] })).toEqual([])
  })

  it('exclude those that choose columns and documents of one collection', () => {
    expect(
      found({
        tables,
        collectionName: 'people',
        column: ['_id'],
        query: '{_id: 1}',
        hint: '_id_',
      }),
    ).toEqual([
      'error column: tables and column exclude each other, both are given',
      'error collectionName: tables and collectionName exclude each other, both are given',
      'error query: tables and query exclude each other, both are given',
      'error hint: tables and hint exclude each other, both are given',
    ])
    expect(found({ schemas: ['crm'], query: { _id: 1 } })).toEqual([
      'error query: schemas and query exclude each other, both are given',
    ])
  })

  it('refuse what only tables have', () => {
    const entry = { table: 'people', columns: ['a'], keys: ['a'], sql: 'select 1' }
    expect(found({ tables: [entry] })).toEqual(
      ['columns', 'keys', 'sql'].map(
        (key) => `error tables.0.${key}: does not go with documents, which are read whole`,
      ),
    )
  })

  it('say which others have no effect beside them', () => {
    const settings = {
      batchSize: 5,
      cursorTimeoutInMs: -1,
      splitFactor: '2',
      objectIdOutputType: 'json',
      enableJsonPrintNull: false,
      jsonFormat: 'plain',
      snapshot: true,
    }
    expect(found({ schemas: ['crm'], ...settings })).toEqual(
      Object.keys(settings).map(
        (key) => `warning ${key}: ${key} has no effect: documents of schemas are read whole`,
      ),
    )
    expect(found({ tables, batchSize: '', column: null, query: '' })).toEqual([])
  })

  it('say so where columns of one collection are read', () => {
    const job = { collectionName: 'people', column: ['_id'] }
    expect(
      found({
        ...job,
        changes: { fullDocument: 'lookup' },
        extendedJson: 'canonical',
        onlyTables: [{ table: 'a' }],
        exceptTables: [{ table: 'b' }],
      }),
    ).toEqual([
      'error onlyTables: onlyTables chooses collections of schemas, which are not given',
      'error exceptTables: exceptTables chooses collections of schemas, which are not given',
      'warning changes: changes has no effect: the job reads columns of one collection',
      'warning extendedJson: extendedJson has no effect: the job reads columns of one collection',
    ])
  })
})
