import { describe, expect, it } from 'vitest'
import {
  jsonNull,
  type OperationCode,
  type RecordBatch,
  type Row,
  type TableSchema,
} from '@millrace/core/record'
import { previewCommands } from '../preview-commands.ts'
import { OutputEncoder } from './output-encoder.ts'
import type { WriterOutput } from './writer-output.ts'

const json = (text: string) => Buffer.from(text)

function schemaOf(documents: TableSchema['documents'], version = 1): TableSchema {
  return {
    table: 'people',
    version,
    key: [0],
    fields: ['_id', 'name', 'address', 'age'].map((name) => ({
      name,
      type: 'value',
      nullable: true,
      nativeType: 'bson',
    })),
    ...(documents && { documents }),
  }
}

function batchOf(schema: TableSchema, operation: OperationCode, rows: readonly Row[]): RecordBatch {
  return {
    schema,
    rows: [...rows],
    byteSize: 0,
    changes: {
      operations: rows.map(() => operation),
      before: rows.map(() => null),
      transactions: rows.map((_, at) => at),
      committedAtMs: rows.map(() => 0),
    },
  }
}

function commandsOf(
  output: WriterOutput,
  row: Row,
  operation: OperationCode = 'u',
  documents: TableSchema['documents'] = 'whole',
): readonly (readonly unknown[])[] {
  const schema = schemaOf(documents)
  const encoder = new OutputEncoder([output], schema, { isCluster: false })
  const encoded = encoder.encode(batchOf(schema, operation, [row]))
  expect(encoded.rejected).toEqual([])
  return previewCommands(encoded.payload).map((command) =>
    command.map((part) => (part instanceof Uint8Array ? Buffer.from(part).toString() : part)),
  )
}

const ada: Row = ['1', 'Ada', json('{"no":1}'), null]
const key = 'people:_id:1'

describe('documents', () => {
  it('leave no field of a hash behind that they do not have', () => {
    const fields = ['_id', '1', 'name', 'Ada', 'address', '{"no":1}']
    expect(commandsOf({ type: 'hash' }, ada)).toEqual([
      ['HSET', key, ...fields],
      ['HDEL', key, 'age'],
    ])
    const replaced = commandsOf({ type: 'hash' }, ada, 'u', 'replacement')
    expect(replaced.map(([name]) => name)).toEqual(['EVAL', 'HSET'])
    expect(replaced[0]?.slice(2)).toEqual(['1', key, '_id', 'name', 'address'])
    expect(commandsOf({ type: 'hash' }, ada, 'r', 'replacement')).toEqual(replaced)
    expect(commandsOf({ type: 'hash' }, ada, 'c', 'replacement')).toHaveLength(2)
  })

  it('leave fields of a hash alone that are none of a mapping: others may have written them', () => {
    const fields = ['name', 'age'].map((column) => ({ column, name: column }))
    for (const operation of ['u', 'r'] as const)
      expect(commandsOf({ type: 'hash', fields }, ada, operation, 'replacement')).toEqual([
        ['HSET', key, 'name', 'Ada'],
        ['HDEL', key, 'age'],
      ])
  })

  it('are removed where nothing is known of their transaction, though a field is null', () => {
    const row: Row = ['1', 'Ada', jsonNull, null]
    const [removal] = commandsOf({ type: 'hash' }, row, 'd')
    expect(removal?.[0]).toBe('EVAL')
    // What the hash has, and what it has not.
    expect(removal?.slice(2)).toEqual([
      '1',
      key,
      'hash',
      '2',
      '_id',
      '1',
      'name',
      'Ada',
      'address',
      'age',
    ])
    const string = commandsOf({ type: 'string', value: 'address' }, row, 'd')
    expect(string[0]?.slice(2)).toEqual(['1', key, 'string', '0', ''])
  })

  it('have fields that are null in JSON alone', () => {
    const row: Row = ['1', jsonNull, null, 5]
    expect(commandsOf({ type: 'hash' }, row)).toEqual([
      ['HSET', key, '_id', '1', 'age', '5'],
      ['HDEL', key, 'name', 'address'],
    ])
    expect(commandsOf({ type: 'stream' }, row)).toEqual([
      ['XADD', key, '*', '_id', '1', 'age', '5', 'op_code', 'u'],
    ])
    expect(commandsOf({ type: 'string', value: 'name' }, row)).toEqual([['DEL', key]])
    expect(commandsOf({ type: 'json' }, row)).toEqual([
      ['JSON.SET', key, '$', '{"_id":"1","name":null,"age":5}'],
    ])
  })

  it('have fields of any name, and no text that is none', () => {
    const schema = schemaOf('whole')
    const fields = schema.fields.map((field, at) => ({
      ...field,
      nativeType: 'bson',
      name: ['_id', '$key0', 'a.b', ''][at] as string,
    }))
    const own = { name: '$key0', type: 'value', nullable: true, nativeType: 'expression' } as const
    const named: TableSchema = { ...schema, fields: [...fields, own] }
    const encodedBy = (output: WriterOutput, row: Row) =>
      new OutputEncoder([output], named, { isCluster: false }).encode(
        batchOf(named, 'r', [[...row]]),
      )
    const row: Row = ['1', 'x', 'y', 'z', 'p:1']
    const outputs = (type: 'hash' | 'json') =>
      previewCommands(encodedBy({ type, key: { column: '$key0' } }, row).payload)
    expect(outputs('hash')).toEqual([
      ['HSET', 'p:1', '_id', '1', '$key0', 'x', 'a.b', 'y', '', 'z'],
    ])
    expect(outputs('json')).toEqual([
      ['JSON.SET', 'p:1', '$', '{"_id":"1","$key0":"x","a.b":"y","":"z"}'],
    ])
    const broken = encodedBy({ type: 'json', key: { column: '$key0' } }, [
      ...row.slice(0, 3),
      Buffer.from([0xff]),
      'p:1',
    ])
    expect(broken.rejected).toMatchObject([{ error: { code: 'INVALID_UTF8' } }])
  })

  it('are merged without what they no longer have, inside of fields, too', () => {
    const merge: WriterOutput = { type: 'json', onUpdate: 'merge' }
    const created = ['JSON.SET', key, '$', '{}', 'NX']
    const merged = ['JSON.MERGE', key, '$', '{"_id":"1","name":"Ada","address":{"no":1}}']
    expect(commandsOf(merge, ada)).toEqual([
      created,
      ['JSON.MERGE', key, '$', '{"address":null,"age":null}'],
      merged,
    ])
    expect(commandsOf(merge, ada, 'c')).toEqual([created, merged])
    expect(commandsOf({ ...merge, nativeMerge: false }, ada)).toEqual([
      created,
      ['JSON.SET', key, '$._id', '"1"'],
      ['JSON.SET', key, '$.name', '"Ada"'],
      ['JSON.SET', key, '$.address', '{"no":1}'],
      ['JSON.DEL', key, '$.age'],
    ])
  })

  it('of which a part was sent change that part', () => {
    const part: Row = ['1', undefined, null, 7]
    expect(commandsOf({ type: 'hash' }, part)).toEqual([
      ['HSET', key, '_id', '1', 'age', '7'],
      ['HDEL', key, 'address'],
    ])
    expect(commandsOf({ type: 'json' }, part)).toEqual([
      ['JSON.SET', key, '$', '{}', 'NX'],
      ['JSON.SET', key, '$._id', '"1"'],
      ['JSON.DEL', key, '$.address'],
      ['JSON.SET', key, '$.age', '7'],
    ])
  })

  it('replace the entry of a parent as a whole', () => {
    const nest: WriterOutput = {
      type: 'json',
      key: { template: 'p' },
      nest: { path: '$.Lines', column: '_id' },
    }
    expect(commandsOf(nest, ada)).toEqual([
      ['JSON.SET', 'p', '$', '{}', 'NX'],
      ['JSON.MERGE', 'p', '$', '{"Lines":{"1":null}}'],
      ['JSON.MERGE', 'p', '$', '{"Lines":{"1":{"_id":"1","name":"Ada","address":{"no":1}}}}'],
    ])
  })
})
