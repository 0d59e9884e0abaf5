import * as bson from 'bson'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  byteLengthOfCell,
  TextBatchBuilder,
  ZonedWallClock,
  type Cell,
} from '@millrace/core/record'
import {
  bytesOf,
  canonicalByLibrary,
  fieldName,
  randomDocument,
  readByLibrary,
  scalar,
} from '../../test-data/random-documents.ts'
import { fieldOf, namedFormOf, type DocumentColumn } from './column-form.ts'
import { DocumentDecoder } from './document-decoder.ts'
import { DocumentRows } from './document-rows.ts'

function column(
  name: string,
  typeName: string,
  more: Partial<DocumentColumn> = {},
): DocumentColumn {
  const named = namedFormOf(typeName)
  if (named === undefined) throw new Error(`no type ${typeName}`)
  return { name, nativeType: typeName, ...named, ...more }
}

const options = {
  json: { style: 'canonical', printsNulls: true },
  objectIds: 'hex',
  timeZone: 'UTC',
} as const

function schemaOf(columns: readonly DocumentColumn[]) {
  return { table: 't', version: 1, key: [], fields: columns.map(fieldOf) }
}

function rowOf(document: Buffer, columns: readonly DocumentColumn[], timeZone = 'UTC') {
  const decoder = new DocumentDecoder(columns, { ...options, timeZone })
  return new DocumentRows(decoder, schemaOf(columns)).rowOf(document)
}

/** What is at a name: the field of that very name, else where its parts lead. */
function valueAt(document: unknown, name: string): unknown {
  const own = memberOf(document, name)
  if (own !== undefined || !name.includes('.')) return own
  return name.split('.').reduce(memberOf, document)
}

function memberOf(value: unknown, name: string): unknown {
  const isEmbedded = typeof value === 'object' && value !== null && !isBsonValue(value)
  return isEmbedded && Object.hasOwn(value, name) && name !== 'length'
    ? (value as Record<string, unknown>)[name]
    : undefined
}

function isBsonValue(value: object): value is { _bsontype: string } {
  return '_bsontype' in value || value instanceof Date
}

/** The reference: a cell made of what the library reads. */
function cellOf(value: unknown, { form, splitter = '' }: DocumentColumn, timeZone: string): Cell {
  if (value === undefined || value === null) return null
  if (form === 'json') return canonicalByLibrary(value)
  if (form === 'bytes' && value instanceof bson.Binary) return contentOf(value)
  if (form === 'date' && value instanceof Date) return instantText(value)
  if (form === 'joined' && Array.isArray(value)) {
    const parts = value.map((item) => (item === null ? '' : asBytes(plainCell(item, timeZone))))
    return Buffer.concat(
      parts.flatMap((part, index) =>
        index === 0 ? [Buffer.from(part)] : [Buffer.from(splitter), Buffer.from(part)],
      ),
    )
  }
  return plainCell(value, timeZone)
}

function plainCell(value: unknown, timeZone: string): Cell {
  if (typeof value === 'string' || typeof value === 'boolean') return value
  if (value instanceof Date) return new ZonedWallClock(timeZone).fromUtc(instantText(value))
  if (value instanceof bson.Int32) return String(value.value)
  if (value instanceof bson.Double) return Object.is(value.value, -0) ? '-0' : String(value.value)
  if (value instanceof bson.Long || value instanceof bson.Decimal128) {
    // Timestamps are longs to the library.
    return value instanceof bson.Timestamp ? canonicalByLibrary(value) : value.toString()
  }
  if (value instanceof bson.ObjectId) return value.toHexString()
  if (value instanceof bson.BSONSymbol) return value.valueOf()
  if (value instanceof bson.Binary) {
    const isUuid = value.sub_type === 4 && value.position === 16
    return isUuid ? value.toUUID().toHexString(true) : contentOf(value)
  }
  return canonicalByLibrary(value)
}

function contentOf(value: bson.Binary): Uint8Array {
  return value.buffer.subarray(0, value.position)
}

function instantText(date: Date): string {
  const year = date.getUTCFullYear()
  const [, rest = ''] = /^[+-]?\d+(-.*)\.\d+Z$/.exec(date.toISOString()) ?? []
  const ms = date.getUTCMilliseconds()
  const fraction = ms === 0 ? '' : `.${String(ms).padStart(3, '0')}`
  const shownYear = String(year > 0 ? year : 1 - year).padStart(4, '0')
  return `${shownYear}${rest.replace('T', ' ')}${fraction}${year > 0 ? '' : ' BC'}`
}

function asBytes(cell: Cell): Uint8Array {
  return cell instanceof Uint8Array ? cell : Buffer.from(String(cell))
}

/** Cells are compared by their bytes: which of them are text is for their column to say. */
function comparable(cell: Cell): string {
  if (cell === null || cell === undefined) return 'null'
  if (typeof cell === 'boolean') return `bool ${cell}`
  return Buffer.from(asBytes(cell)).toString('hex')
}

const typeName = fc.constantFrom(
  '',
  'int',
  'long',
  'double',
  'string',
  'date',
  'bytes',
  'array',
  'arrays',
  'json',
  'document',
)

describe('DocumentDecoder', () => {
  it('makes the cells that a plain reading with the library gives', () => {
    const name = fc.oneof(
      fieldName,
      fc.tuple(fieldName, fieldName).map((names) => names.join('.')),
    )
    const columns = fc.array(
      fc.tuple(name, typeName).map(([field, type]) => column(field, type, { splitter: ', ' })),
      { minLength: 1, maxLength: 6 },
    )
    const documents = fc.array(randomDocument, { minLength: 1, maxLength: 4 })
    const zone = fc.constantFrom('UTC', 'Asia/Shanghai')
    fc.assert(
      fc.property(columns, documents, zone, (wanted, several, timeZone) => {
        const decoder = new DocumentDecoder(wanted, { ...options, timeZone })
        const rows = new DocumentRows(decoder, schemaOf(wanted))
        for (const document of several) {
          const bytes = bytesOf(document)
          const read = readByLibrary(bytes)
          const { row, byteSize } = rows.rowOf(bytes)
          const reference = wanted.map((one) => cellOf(valueAt(read, one.name), one, timeZone))
          expect(row.map(comparable)).toEqual(
            reference.map((cell) => comparable(typeof cell === 'boolean' ? String(cell) : cell)),
          )
          expect(byteSize).toBe(row.reduce<number>((sum, cell) => sum + byteLengthOfCell(cell), 0))
        }
      }),
      { numRuns: 500 },
    )
  })

  it('gives booleans as such, and what else stands in their column as its text', () => {
    fc.assert(
      fc.property(scalar, (value) => {
        const bytes = bytesOf({ flag: value })
        const columns = [column('flag', 'bool')]
        const { row, byteSize } = rowOf(bytes, columns)
        const read = readByLibrary(bytes)['flag']
        const isBool = typeof read === 'boolean'
        if (isBool || read === null) expect(row).toEqual([read])
        else expect(row.map(comparable)).toEqual([comparable(asBytes(plainCell(read, 'UTC')))])
        if (!isBool) expect(typeof row[0]).not.toBe('boolean')
        expect(byteSize).toBe(byteLengthOfCell(row[0]))
      }),
    )
  })

  it('takes the field of the very name before the one that its parts lead to', () => {
    const nested = bytesOf({ a: { b: 'path', c: { d: [10, { e: 'deep' }] } } })
    const literal = bytesOf(
      new Map<string, unknown>([
        ['a.b', 'literal'],
        ['a', { b: 'path' }],
      ]),
    )
    const columns = ['a.b', 'a.c.d.1.e', 'a.x.b'].map((name) => column(name, 'document.string'))
    expect(rowOf(nested, columns).row).toEqual(['path', 'deep', null])
    expect(rowOf(literal, columns).row).toEqual(['literal', null, null])
  })

  it('writes all other fields, or the whole document, as JSON', () => {
    const document = bytesOf({ _id: 1, a: 'x', b: { c: 2 }, n: null })
    const columns = [
      column('a', 'string'),
      column('rest', 'combine', { leftOut: ['a', '_id'] }),
      column('all', 'combine'),
    ]
    const relaxed = new DocumentDecoder(columns, {
      ...options,
      json: { style: 'relaxed', printsNulls: true },
    })
    expect(new DocumentRows(relaxed, schemaOf(columns)).rowOf(document).row).toEqual([
      'x',
      '{"b":{"c":2},"n":null}',
      '{"_id":1,"a":"x","b":{"c":2},"n":null}',
    ])
  })

  it('writes ids as JSON where it is told to', () => {
    const id = new bson.ObjectId('507f1f77bcf86cd799439011')
    const decoder = new DocumentDecoder([column('_id', 'string')], {
      ...options,
      objectIds: 'json',
    })
    const rows = new DocumentRows(decoder, schemaOf([column('_id', 'string')]))
    expect(rows.rowOf(bytesOf({ _id: id })).row).toEqual(['{"$oid":"507f1f77bcf86cd799439011"}'])
  })

  it('knows documents apart whose fields come in another order, or are others', () => {
    const columns = ['a', 'b', 'c'].map((name) => column(name, 'string'))
    const decoder = new DocumentDecoder(columns, options)
    const rows = new DocumentRows(decoder, schemaOf(columns))
    const cells = [
      { a: '1', b: '2', c: '3' },
      { c: '3', a: '1' },
      { ab: 'x', b: '2' },
      {},
      { a: '1', b: '2', c: '3' },
    ].map((document) => rows.rowOf(bytesOf(document)).row)
    expect(cells).toEqual([
      ['1', '2', '3'],
      ['1', null, '3'],
      [null, '2', null],
      [null, null, null],
      ['1', '2', '3'],
    ])
  })

  it('writes dates that a JavaScript date cannot hold', () => {
    const cells = [2n ** 63n - 1n, -(2n ** 63n), -62_135_596_800_001n, 253_402_300_800_000n].map(
      (ms) => {
        const bytes = bytesOf({ at: new Date(0) })
        bytes.writeBigInt64LE(ms, 4 + 1 + 3)
        return rowOf(bytes, [column('at', 'date')]).row[0]
      },
    )
    expect(cells).toEqual([
      '292278994-08-17 07:12:55.807',
      '292275056-05-16 16:47:04.192 BC',
      '0001-12-31 23:59:59.999 BC',
      '10000-01-01 00:00:00',
    ])
  })

  it('writes many rows into one batch as it writes each alone', () => {
    fc.assert(
      fc.property(fc.array(randomDocument, { minLength: 1, maxLength: 20 }), (documents) => {
        const columns = [column('a', 'string'), column('b', 'long'), column('rest', 'combine')]
        const decoder = new DocumentDecoder(columns, options)
        const builder = new TextBatchBuilder(schemaOf(columns), {
          maxRows: 100,
          maxBytes: Infinity,
        })
        const single = new DocumentRows(new DocumentDecoder(columns, options), schemaOf(columns))
        const alone = documents.map((document) => single.rowOf(bytesOf(document)).row)
        for (const document of documents)
          builder.endRow(decoder.decode(bytesOf(document), 0, builder))
        expect(builder.take().rows).toEqual(alone)
      }),
      { numRuns: 100 },
    )
  })
})
