import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { quotedInteger, stringOrList } from '../plugin/quoted.ts'
import { findUnknownKeys } from './unknown-keys.ts'

const schema = z
  .looseObject({
    splitPk: z.string().optional(),
    batchSize: quotedInteger().optional(),
    connection: z
      .union([
        z.array(
          z.looseObject({ table: stringOrList().optional(), querySql: z.string().optional() }),
        ),
        z.null(),
      ])
      .optional(),
    writeMode: z
      .discriminatedUnion('type', [
        z.looseObject({ type: z.literal('string'), mode: z.string() }),
        z.looseObject({ type: z.literal('hash'), fields: z.array(z.string()).optional() }),
      ])
      .optional(),
    properties: z.record(z.string(), z.looseObject({ size: z.number().optional() })).optional(),
    anything: z.unknown().optional(),
    tree: z.looseObject({}).optional(),
  })
  .transform((value) => value)

const json = schema['~standard'].jsonSchema.input({ target: 'draft-2020-12' })
const unknown = (value: unknown) =>
  findUnknownKeys(json, value).map(({ path, nearest }) => [path.join('.'), nearest])

describe('findUnknownKeys', () => {
  it('tells misspelt keys from those that mean nothing', () => {
    expect(unknown({ splitPK: 'id', batchsize: 1, tableComment: '' })).toEqual([
      ['splitPK', 'splitPk'],
      ['batchsize', 'batchSize'],
      ['tableComment', undefined],
    ])
  })

  it('walks lists inside unions', () => {
    expect(unknown({ connection: [{ table: 't' }, { tables: ['t'], querysql: '' }] })).toEqual([
      ['connection.1.tables', 'table'],
      ['connection.1.querysql', 'querySql'],
    ])
  })

  it('takes the branch of a union that the value chooses', () => {
    expect(unknown({ writeMode: { type: 'hash', field: [] } })).toEqual([
      ['writeMode.field', 'fields'],
    ])
    expect(unknown({ writeMode: { type: 'string', mode: 'set', fields: [] } })).toEqual([
      ['writeMode.fields', undefined],
    ])
    expect(unknown({ writeMode: { type: 'lisst', mode: 'x', fields: [] } })).toEqual([])
  })

  it('lets keys of maps pass and walks their values', () => {
    expect(unknown({ properties: { any: { sise: 1 } } })).toEqual([['properties.any.sise', 'size']])
  })

  it('lets everything pass where the schema says nothing', () => {
    expect(unknown({ anything: { a: [{ b: 1 }] }, tree: { c: 1 } })).toEqual([])
  })

  it('follows references', () => {
    const recursive = {
      $defs: { node: { properties: { child: { $ref: '#/$defs/node' }, name: {} } } },
      $ref: '#/$defs/node',
    }
    const found = findUnknownKeys(recursive, { child: { child: { nmae: 1 } } })
    expect(found.map((one) => one.path)).toEqual([['child', 'child', 'nmae']])
  })
})
