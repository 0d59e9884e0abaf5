import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { change, invoice, tableOf } from './acceptance-rows.ts'
import { realPlace, recordedPlace, type JsonPlace } from './json-place.ts'
import { runPipeline, type PipelineSetup, type RunInput } from './pipeline-run.ts'

const sensor = (name: string) =>
  tableOf(name, {
    id: 'int',
    ok: ['bool', 'boolean'],
    price: 'decimal',
    seen: ['timestamptz', 'timestamp with time zone'],
    at: ['datetime', 'timestamp without time zone'],
    born: 'date',
    meta: ['json', 'jsonb'],
    note: 'string',
  })
const wall = '2026-01-02 03:04:05'
const sensorRow = ['1', true, '12.500', wall, wall, '2026-01-02', '{"a":[1,2]}', null]
const invoiceRow = ['511', '7', 'Oslo', 'Norway', '2.00', null]
const documentJob = (prefix: string, onUpdate: string) => `source: {schema: public, table: invoice}
output:
  - uses: redis.write
    with: {data_type: json, on_update: ${onUpdate}, key: {expression: "concat(['${prefix}:', InvoiceId])", language: jmespath}}
`
const parentJob = (parent: string) => `source: {schema: public, table: ${parent}}
output: [{uses: redis.write, with: {data_type: json, on_update: merge}}]
`
const lineJob = (parent: string, line: string) => `source: {schema: public, table: ${line}}
output:
  - uses: redis.write
    with: {data_type: json, on_update: merge, expire: 50, nest: {parent: {table: ${parent}}, parent_key: InvoiceId, nesting_key: InvoiceLineId, path: $.Lines, structure: map}}
`
const parentTable = (name: string) => tableOf(name, { InvoiceId: 'int', Total: 'decimal' })
const lineTable = (name: string) =>
  tableOf(name, { InvoiceLineId: 'int', InvoiceId: 'int', Qty: 'int' })
const onLine = { dataset: 1 }

describe('exact commands', () => {
  const commandsOf = async (setup: Omit<PipelineSetup, 'target'>, input: RunInput) => {
    const place = await recordedPlace()
    onTestFinished(() => place[Symbol.asyncDispose]())
    const { report, dirty } = await runPipeline({ ...setup, target: place.target }, input)
    expect(report).toMatchObject({ status: 'complete', recordsDirty: 0, errors: [] })
    expect(dirty).toEqual([])
    // What is tried for a checkpoint is no write.
    const writes = place.server.writes.filter((command) => !command.includes('millrace:{shop}'))
    return writes.map((command) => command.join(' '))
  }

  it('3: no job: types as RDI has them', async () => {
    const processors = ['target_data_type: json']
    const input = { tables: [sensor('sensor')], changes: [change('c', sensorRow)] }
    expect(await commandsOf({ jobs: {}, processors }, input)).toEqual([
      'JSON.SET sensor:id:1 $ {"id":1,"ok":true,"price":"12.500","seen":"2026-01-02T03:04:05.000000Z","at":1767323045000000,"born":20455,"meta":{"a":[1,2]},"note":null}',
    ])
  })

  const document =
    '{"InvoiceId":511,"CustomerId":7,"BillingCity":"Oslo","BillingCountry":"Norway","Total":"2.00","Note":null}'
  it.each([
    ['replace', [], [`JSON.SET doc:511 $ ${document}`]],
    ['merge', [], ['JSON.SET doc:511 $ {} NX', `JSON.MERGE doc:511 $ ${document}`]],
    [
      'merge',
      ['use_native_json_merge: false'],
      [
        'JSON.SET doc:511 $ {} NX',
        'JSON.SET doc:511 $.InvoiceId 511',
        'JSON.SET doc:511 $.CustomerId 7',
        'JSON.SET doc:511 $.BillingCity "Oslo"',
        'JSON.SET doc:511 $.BillingCountry "Norway"',
        'JSON.SET doc:511 $.Total "2.00"',
        'JSON.SET doc:511 $.Note null',
      ],
    ],
  ])('4: %s %j', async (onUpdate, processors, expected) => {
    const input = { tables: [invoice], changes: [change('u', invoiceRow)] }
    expect(await commandsOf({ jobs: documentJob('doc', onUpdate), processors }, input)).toEqual(
      expected,
    )
  })

  it('6: a child that moves to another parent, and one that goes', async () => {
    const jobs = { invoice: parentJob('Invoice'), line: lineJob('Invoice', 'InvoiceLine') }
    const input = {
      tables: [parentTable('Invoice'), lineTable('InvoiceLine')],
      changes: [
        change('u', ['12', '2', '1'], { ...onLine, before: ['12', '1', '1'] }),
        change('d', ['11', '1', '3'], onLine),
      ],
    }
    expect(await commandsOf({ jobs }, input)).toEqual([
      'JSON.DEL Invoice:InvoiceId:1 $.Lines["12"]',
      'JSON.SET Invoice:InvoiceId:2 $ {} NX',
      'JSON.MERGE Invoice:InvoiceId:2 $ {"Lines":{"12":{"InvoiceLineId":12,"InvoiceId":2,"Qty":1}}}',
      'JSON.DEL Invoice:InvoiceId:1 $.Lines["11"]',
      // Sets the expiry of what is a document.
      expect.stringMatching(/^EVAL .*'EXPIRE'.* 1 Invoice:InvoiceId:2 ReJSON-RL 50$/s),
    ])
  })
})

const stackUrl = process.env['MILLRACE_TEST_REDIS_STACK_URL'] ?? ''
const mark = `T${randomUUID().slice(0, 8)}`
const places: [string, () => Promise<JsonPlace>][] = [['a server that records', recordedPlace]]
if (stackUrl !== '') places.push(['RedisJSON', async () => await realPlace(stackUrl, mark)])

describe.each(places)('documents in %s', (_, makePlace) => {
  let place: JsonPlace
  beforeAll(async () => {
    place = await makePlace()
  })
  afterAll(async () => await place[Symbol.asyncDispose]())
  let runs = 0
  /** Names that no other test has. */
  const unique = (name: string) => `${name}${mark}${(runs += 1)}`
  const run = async (setup: Omit<PipelineSetup, 'target'>, input: RunInput) => {
    const { report, dirty } = await runPipeline({ ...setup, target: place.target }, input)
    expect(report).toMatchObject({ status: 'complete', recordsDirty: 0, errors: [] })
    expect(dirty).toEqual([])
  }

  it('3: hold every type', async () => {
    const name = unique('sensor')
    const processors = ['target_data_type: json']
    await run(
      { jobs: {}, processors },
      { tables: [sensor(name)], changes: [change('c', sensorRow)] },
    )
    expect(await place.document(`${name}:id:1`)).toEqual({
      id: 1,
      ok: true,
      price: '12.500',
      seen: '2026-01-02T03:04:05.000000Z',
      at: 1_767_323_045_000_000,
      born: 20_455,
      meta: { a: [1, 2] },
      note: null,
    })
  })

  const written = {
    InvoiceId: 511,
    CustomerId: 7,
    BillingCity: 'Oslo',
    BillingCountry: 'Norway',
    Total: '2.00',
  }
  it.each([
    ['replace', [], { ...written, Note: null }],
    ['merge', [], { ...written, extra: 1 }],
    ['merge', ['use_native_json_merge: false'], { ...written, Note: null, extra: 1 }],
  ])('4: %s %j', async (onUpdate, processors, expected) => {
    const prefix = unique('doc')
    await place.put(`${prefix}:511`, { InvoiceId: 511, Note: 'old', extra: 1 })
    const input = { tables: [invoice], changes: [change('u', invoiceRow)] }
    await run({ jobs: documentJob(prefix, onUpdate), processors }, input)
    expect(await place.document(`${prefix}:511`)).toEqual(expected)
  })

  it.each(['replace', 'merge'])('%s: keep what a change does not bring', async (onUpdate) => {
    const prefix = unique('doc')
    const absent = ['511', '7', 'Voss', 'Norway', undefined, 'n']
    const input = {
      tables: [invoice],
      changes: [change('c', invoiceRow), change('u', absent)],
    }
    await run({ jobs: documentJob(prefix, onUpdate) }, input)
    const expected = { ...written, BillingCity: 'Voss', Note: 'n' }
    expect(await place.document(`${prefix}:511`)).toEqual(expected)
  })

  it('move with their key, and go with their row', async () => {
    const prefix = unique('doc')
    const named = (id: string) => [id, ...invoiceRow.slice(1)]
    const input = {
      tables: [invoice],
      changes: [
        change('c', named('1')),
        change('u', named('2'), { before: named('1') }),
        change('c', named('3')),
        change('d', named('3')),
      ],
    }
    await run({ jobs: documentJob(prefix, 'replace') }, input)
    expect(await place.document(`${prefix}:1`)).toBeUndefined()
    expect(await place.document(`${prefix}:2`)).toMatchObject({ InvoiceId: 2 })
    expect(await place.document(`${prefix}:3`)).toBeUndefined()
  })

  it('keep JSON columns that a map passes on', async () => {
    const name = unique('sensor')
    const job = `source: {table: ${name}}
transform: [{uses: map, with: {expression: "{id: id, data: meta, loud: upper(note), big: big}", language: jmespath}}]
output: [{uses: redis.write, with: {data_type: json, key: {expression: "concat(['${name}:', id])", language: jmespath}}}]
`
    const columns = { id: 'int', meta: ['json', 'jsonb'], note: 'string', big: 'int' } as const
    const rows = [['1', '{"a":[1,2]}', 'x', '7']]
    await run({ jobs: job }, { tables: [tableOf(name, columns, rows)] })
    const expected = { id: 1, data: { a: [1, 2] }, loud: 'X', big: 7 }
    expect(await place.document(`${name}:1`)).toEqual(expected)
  })

  it('lose only the fields of a row that goes, where several jobs write them', async () => {
    const prefix = unique('person')
    const address = tableOf('address', { person_id: 'int', street: 'string' })
    const job = `source: {table: address, row_format: full}
transform:
  - uses: add_field
    with:
      fields:
        - {field: after, language: jmespath, expression: "(opcode != 'd' && after) || from_entries(to_entries(before)[?key != 'person_id'].{key: key, value: \`null\`})"}
        - {field: opcode, language: jmespath, expression: "opcode == 'd' && 'u' || opcode"}
output:
  - uses: redis.write
    with: {data_type: json, on_update: merge, key: {expression: "concat(['${prefix}:', after.person_id || before.person_id])", language: jmespath}}
`
    await place.put(`${prefix}:7`, { person_id: 7, name: 'Ida' })
    const changes = [change('c', ['7', 'Gata 1'])]
    await run({ jobs: job }, { tables: [address], changes })
    const whole = { person_id: 7, name: 'Ida', street: 'Gata 1' }
    expect(await place.document(`${prefix}:7`)).toEqual(whole)
    await run({ jobs: job }, { tables: [address], changes: [change('d', ['7', 'Gata 1'])] })
    expect(await place.document(`${prefix}:7`)).toEqual({ person_id: 7, name: 'Ida' })
  })

  const nested = () => {
    const parent = unique('Invoice')
    const line = unique('InvoiceLine')
    return {
      setup: { jobs: { invoice: parentJob(parent), line: lineJob(parent, line) } },
      tables: [parentTable(parent), lineTable(line)],
      documentOf: async (id: number) => await place.document(`${parent}:InvoiceId:${id}`),
    }
  }
  const entry = (line: number, invoiceId: number, quantity: number) => ({
    InvoiceLineId: line,
    InvoiceId: invoiceId,
    Qty: quantity,
  })
  const first = [
    change('c', ['1', '5.00']),
    change('c', ['2', '6.00']),
    change('c', ['11', '1', '3'], onLine),
    change('c', ['12', '1', '1'], onLine),
  ]

  it('6: hold children of a parent', async () => {
    const { setup, tables, documentOf } = nested()
    await run(setup, { tables, changes: first })
    expect(await documentOf(1)).toEqual({
      InvoiceId: 1,
      Total: '5.00',
      Lines: { 11: entry(11, 1, 3), 12: entry(12, 1, 1) },
    })
  })

  it('6: lose children that move or go, and keep the rest', async () => {
    const { setup, tables, documentOf } = nested()
    const later = [
      change('u', ['12', '2', '1'], { ...onLine, before: ['12', '1', '1'] }),
      change('d', ['11', '1', '3'], onLine),
      change('u', ['1', '9.00'], { before: ['1', '5.00'] }),
    ]
    await run(setup, { tables, changes: [...first, ...later] })
    expect(await documentOf(1)).toEqual({ InvoiceId: 1, Total: '9.00', Lines: {} })
    expect(await documentOf(2)).toEqual({
      InvoiceId: 2,
      Total: '6.00',
      Lines: { 12: entry(12, 2, 1) },
    })
  })

  it('6: take a child that comes before its parent', async () => {
    const { setup, tables, documentOf } = nested()
    const changes = [change('c', ['11', '1', '3'], onLine), change('c', ['1', '5.00'])]
    await run(setup, { tables, changes })
    expect(await documentOf(1)).toEqual({
      InvoiceId: 1,
      Total: '5.00',
      Lines: { 11: entry(11, 1, 3) },
    })
  })
})
