import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { DataSource, WriterSession } from '@millrace/core/plugin'
import type { RecordBatch, TableSchema } from '@millrace/core/record'
import { changeBatch, readBatch, routed } from './change-batches.ts'
import { JsonServer } from './json-server.ts'
import { openWriter, TestLogger, writeBatch } from './write-rows.ts'

/** Where documents are written to and read from. */
interface Place {
  readonly source: Partial<DataSource>
  document(key: string): Promise<unknown>
  close(): Promise<void>
}

const { signal } = new AbortController()

async function open(source: Partial<DataSource>, outputs: Readonly<Record<string, object[]>>) {
  return await openWriter({ keyIndexes: undefined, outputs }, source, { logger: new TestLogger() })
}

/** Writes batches; gives what was dirty. */
async function send(session: WriterSession, ...batches: RecordBatch[]): Promise<string[]> {
  const dirty: string[] = []
  for (const batch of batches) {
    const { admitted, rejected } = await writeBatch(session, batch)
    for (const { row, error } of [...admitted, ...rejected]) dirty.push(`${row} ${error.code}`)
  }
  return dirty
}

const invoiceColumns = [
  ['InvoiceId', 'int'],
  ['City', 'string'],
  ['Total', 'decimal'],
  ['Note', 'string'],
] as const
const lineColumns = [
  ['InvoiceLineId', 'int'],
  ['InvoiceId', 'int'],
  ['Qty', 'int'],
] as const

describe('exact commands', () => {
  let server: JsonServer
  let source: Partial<DataSource>
  beforeEach(async () => {
    server = new JsonServer()
    source = { hosts: [{ host: '127.0.0.1', port: await server.listen() }] }
  })
  afterEach(async () => await server[Symbol.asyncDispose]())

  const writes = async (output: object, batch: RecordBatch) => {
    await using session = await open(source, { r: [{ type: 'json', ...output }] })
    await session.check([batch.schema], { signal })
    const dirty = await send(session, batch)
    return { commands: server.writes.map((command) => command.join(' ')), dirty }
  }
  const schema = routed('doc', invoiceColumns)
  const row = ['511', 'Oslo', '2.00', null]

  it('of a replaced document: types as RDI has them, nulls kept', async () => {
    const sensor = routed('sensor', [
      ['id', 'int'],
      ['ok', 'bool', 'boolean'],
      ['price', 'decimal'],
      ['seen', 'timestamptz', 'timestamp with time zone'],
      ['at', 'datetime', 'timestamp without time zone'],
      ['born', 'date'],
      ['meta', 'json', 'jsonb'],
      ['note', 'string'],
      ['ratio', 'float'],
      ['data', 'bytes'],
    ])
    const wall = '2026-01-02 03:04:05'
    const cells = [
      '1',
      true,
      '12.500',
      wall,
      wall,
      '2026-01-02',
      '{"a":[1.0,2]}',
      null,
      'NaN',
      Buffer.from('é'),
    ]
    const { commands } = await writes({}, readBatch(sensor, [cells]))
    expect(commands).toEqual([
      'JSON.SET sensor:id:1 $ {"id":1,"ok":true,"price":"12.500","seen":"2026-01-02T03:04:05.000000Z","at":1767323045000000,"born":20455,"meta":{"a":[1.0,2]},"note":null,"ratio":"NaN","data":"w6k="}',
    ])
  })

  it('of nested names, and of integers beyond 2^53', async () => {
    const fields = [
      { column: 'InvoiceId', name: 'id' },
      { column: 'City', name: 'address.city' },
      { column: 'Total', name: 'a\\.b' },
      { column: 'Note', name: 'address.note' },
    ]
    const batch = readBatch(schema, [['09007199254740993', 'a"é', '1', 'n']])
    const { commands } = await writes({ fields }, batch)
    expect(commands).toEqual([
      'JSON.SET doc:InvoiceId:09007199254740993 $ {"id":9007199254740993,"address":{"city":"a\\"é","note":"n"},"a.b":"1"}',
    ])
  })

  it.each<[object, unknown[], string[]]>([
    [
      {},
      row,
      ['JSON.SET doc:InvoiceId:511 $ {"InvoiceId":511,"City":"Oslo","Total":"2.00","Note":null}'],
    ],
    [
      { onUpdate: 'merge' },
      row,
      [
        'JSON.SET doc:InvoiceId:511 $ {} NX',
        'JSON.MERGE doc:InvoiceId:511 $ {"InvoiceId":511,"City":"Oslo","Total":"2.00","Note":null}',
      ],
    ],
    [
      { onUpdate: 'merge' },
      ['511', undefined, '2.00', 'x'],
      ['JSON.MERGE doc:InvoiceId:511 $ {"InvoiceId":511,"Total":"2.00","Note":"x"}'],
    ],
    [
      {},
      ['511', undefined, '2.00', null],
      [
        'JSON.SET doc:InvoiceId:511 $ {} NX',
        'JSON.SET doc:InvoiceId:511 $.InvoiceId 511',
        'JSON.SET doc:InvoiceId:511 $.Total "2.00"',
        'JSON.SET doc:InvoiceId:511 $.Note null',
      ],
    ],
  ])('of an update %j %j', async (output, cells, expected) => {
    const batch = changeBatch(schema, [{ operation: 'u', row: cells as never }])
    expect((await writes(output, batch)).commands).toEqual(expected)
  })

  it('of deletes and of keys that change', async () => {
    const { commands } = await writes(
      {},
      changeBatch(schema, [
        { operation: 'd', row: ['1', undefined, undefined, undefined] },
        { operation: 'u', row: ['3', 'a', '1', 'n'], before: ['2', 'a', '1', 'n'] },
      ]),
    )
    expect(commands).toEqual([
      'DEL doc:InvoiceId:1',
      'DEL doc:InvoiceId:2',
      'JSON.SET doc:InvoiceId:3 $ {"InvoiceId":3,"City":"a","Total":"1","Note":"n"}',
    ])
  })

  it('of a server that has none are missed before the first row', async () => {
    server.unknown.add('JSON.MERGE')
    const batch = readBatch(schema, [row])
    await expect(writes({ onUpdate: 'merge' }, batch)).rejects.toMatchObject({
      code: 'TARGET_UNFIT',
      message: expect.stringMatching(/no JSON\.MERGE.*2\.6/),
    })
    expect((await writes({ onUpdate: 'merge', nativeMerge: false }, batch)).dirty).toEqual([])
    server.unknown.add('JSON.SET')
    await expect(writes({}, batch)).rejects.toMatchObject({ code: 'TARGET_UNFIT' })
  })

  it('refused for a key of another type make a dirty row', async () => {
    server.strings.add('doc:InvoiceId:511')
    expect((await writes({}, readBatch(schema, [row]))).dirty).toEqual(['0 WRONG_TYPE'])
    expect(server.commands.some(([name]) => name === 'DEL')).toBe(false)
  })
})

async function recordedPlace(): Promise<Place> {
  const server = new JsonServer()
  const port = await server.listen()
  return {
    source: { hosts: [{ host: '127.0.0.1', port }] },
    document: async (key) => JSON.parse(server.document(key) ?? 'null'),
    close: async () => await server[Symbol.asyncDispose](),
  }
}

async function realPlace(href: string): Promise<Place> {
  const url = new URL(href)
  const redis = new Redis(href)
  return {
    source: {
      hosts: [{ host: url.hostname, port: Number(url.port || 6379) }],
      database: url.pathname.slice(1),
      ...(url.password === '' ? {} : { password: decodeURIComponent(url.password) }),
      ...(url.username === '' ? {} : { user: decodeURIComponent(url.username) }),
    },
    document: async (key) => JSON.parse(String(await redis.call('JSON.GET', key))),
    close: async () => {
      for (const prefix of prefixes) {
        const keys = await redis.keys(`${prefix}*`)
        if (keys.length > 0) await redis.del(...keys)
      }
      redis.disconnect()
    },
  }
}

const stackUrl = process.env['MILLRACE_TEST_REDIS_STACK_URL'] ?? ''
const prefixes: string[] = []
const places: [string, () => Promise<Place>][] = [['a server that records', recordedPlace]]
if (stackUrl !== '') places.push(['RedisJSON', async () => await realPlace(stackUrl)])

describe.each(places)('documents in %s', (_, makePlace) => {
  let place: Place
  let invoice: TableSchema
  let line: TableSchema
  let prefix: string
  beforeAll(async () => {
    place = await makePlace()
  })
  afterAll(async () => await place.close())
  beforeEach(() => {
    prefix = `millrace-test:${randomUUID()}:`
    prefixes.push(prefix)
    invoice = routed(`${prefix}Invoice`, invoiceColumns, { route: 'invoice' })
    line = routed(`${prefix}Line`, lineColumns, { route: 'line' })
  })
  const keyOf = (id: string) => `${prefix}Invoice:InvoiceId:${id}`
  const nested = (nativeMerge: boolean) => ({
    invoice: [{ type: 'json', onUpdate: 'merge', nativeMerge }],
    line: [
      {
        type: 'json',
        onUpdate: 'merge',
        nativeMerge,
        key: { template: keyOf('#{InvoiceId}') },
        nest: { path: '$.Lines', column: 'InvoiceLineId' },
      },
    ],
  })

  it.each([
    [{ onUpdate: 'replace' }, { InvoiceId: 511, City: 'Oslo', Total: '2.00', Note: null }],
    [{ onUpdate: 'merge' }, { InvoiceId: 511, extra: 1, City: 'Oslo', Total: '2.00' }],
    [
      { onUpdate: 'merge', nativeMerge: false },
      { InvoiceId: 511, Note: null, extra: 1, City: 'Oslo', Total: '2.00' },
    ],
  ])('are updated: %j', async (output, expected) => {
    const before = routed(
      'before',
      [
        ['doc', 'json'],
        ['InvoiceId', 'int'],
        ['extra', 'int'],
        ['Note', 'string'],
      ],
      { route: 'before' },
    )
    const fields = ['InvoiceId', 'extra', 'Note'].map((name) => ({ column: name, name }))
    await using session = await open(place.source, {
      before: [{ type: 'json', key: { template: keyOf('511') }, fields }],
      invoice: [{ type: 'json', ...output }],
    })
    const dirty = await send(
      session,
      readBatch(before, [['{}', '511', '1', 'old']]),
      changeBatch(invoice, [{ operation: 'u', row: ['511', 'Oslo', '2.00', null] }]),
    )
    expect(dirty).toEqual([])
    expect(await place.document(keyOf('511'))).toEqual(expected)
  })

  it('have no nulls after a merge, whether they were there or not', async () => {
    await using session = await open(place.source, nested(true))
    await send(session, readBatch(invoice, [['1', 'x', null, null]]))
    expect(await place.document(keyOf('1'))).toEqual({ InvoiceId: 1, City: 'x' })
  })

  it.each([true, false])('hold the entries of others (native merge: %s)', async (nativeMerge) => {
    await using session = await open(place.source, nested(nativeMerge))
    const old = ['12', '1', '5']
    const dirty = await send(
      session,
      // A child before its parent.
      changeBatch(line, [{ operation: 'c', row: ['11', '1', '3'] }]),
      changeBatch(invoice, [
        { operation: 'c', row: ['1', 'x', '1', 'n'] },
        { operation: 'c', row: ['2', 'y', '1', 'n'] },
      ]),
      changeBatch(line, [{ operation: 'c', row: old }]),
    )
    expect(dirty).toEqual([])
    expect(await place.document(keyOf('1'))).toMatchObject({
      City: 'x',
      Lines: {
        11: { InvoiceLineId: 11, InvoiceId: 1, Qty: 3 },
        12: { InvoiceLineId: 12, InvoiceId: 1, Qty: 5 },
      },
    })
    await send(
      session,
      changeBatch(line, [
        { operation: 'u', row: ['12', '2', '5'], before: old },
        { operation: 'd', row: ['11', '1', '3'] },
      ]),
      changeBatch(invoice, [{ operation: 'u', row: ['1', 'x', '9.00', 'n'] }]),
    )
    expect(await place.document(keyOf('1'))).toMatchObject({ Total: '9.00', Lines: {} })
    expect(Object.keys(((await place.document(keyOf('1'))) as { Lines: object }).Lines)).toEqual([])
    expect(await place.document(keyOf('2'))).toMatchObject({
      City: 'y',
      Lines: { 12: { InvoiceLineId: 12, InvoiceId: 2, Qty: 5 } },
    })
  })
})
