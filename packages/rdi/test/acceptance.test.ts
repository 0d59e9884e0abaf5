import { describe, expect, it } from 'vitest'
import { change, invoice, tableOf } from './acceptance-rows.ts'
import { AcceptanceRedis } from './acceptance-redis.ts'
import { makePipeline } from './pipeline-run.ts'

const place = new AcceptanceRedis()

describe('the acceptance cases of RDI', () => {
  const feed = `name: bill feed
source: {schema: public, table: INVOICE}
output:
  - uses: redis.write
    with:
      connection: target
      data_type: stream
      key: {expression: "\`bill:feed\`", language: jmespath}
      mapping: [{InvoiceId: message_id}, {BillingCountry: country}, Total]
      expire: 100
`
  const bill = ['501', '7', 'Tromso', 'Norway', '14.85', null]

  it.each([
    ['a row of the snapshot', { tables: [{ ...invoice, rows: [bill] }] }],
    ['an operation r', { tables: [invoice], changes: [change('r', bill)] }],
  ])('1: a stream with a mapping, from %s', async (_, input) => {
    const { report } = await place.run(feed, input)
    expect(report).toMatchObject({ status: 'complete', recordsRead: 1, recordsWritten: 1 })
    expect(await place.messages('bill:feed')).toEqual([
      'message_id 501 country Norway Total 14.85 op_code r',
    ])
    expect(await place.client.ttl('bill:feed')).toBeGreaterThan(95)
    expect(await place.client.ttl('bill:feed')).toBeLessThanOrEqual(100)
    expect(await place.keys()).toEqual(['bill:feed'])
  })

  it('2: a stream of all columns under a key made of one', async () => {
    const job = `source: {schema: public, table: invoice}
output: [{uses: redis.write, with: {data_type: stream, key: {expression: "concat(['bill:', BillingCountry])", language: jmespath}}}]
`
    const row = ['503', '9', 'Abeche', 'Chad', '1.98', null]
    await place.run(job, { tables: [invoice], changes: [change('c', row), change('d', row)] })
    const fields = 'InvoiceId 503 CustomerId 9 BillingCity Abeche BillingCountry Chad Total 1.98'
    expect(await place.messages('bill:Chad')).toEqual([
      `${fields} op_code c`,
      `${fields} op_code d`,
    ])
    expect(await place.client.ttl('bill:Chad')).toBe(-1)
    expect(await place.keys()).toEqual(['bill:Chad'])
  })

  it('3: no job, hashes: every value as text', async () => {
    const sensor = tableOf('sensor', {
      id: 'int',
      ok: ['bool', 'boolean'],
      price: 'decimal',
      seen: ['timestamptz', 'timestamp with time zone'],
      at: ['datetime', 'timestamp without time zone'],
      born: 'date',
      meta: ['json', 'jsonb'],
      note: 'string',
      data: 'bytes',
    })
    const wall = '2026-01-02 03:04:05'
    const row = [
      '1',
      true,
      '12.500',
      wall,
      wall,
      '2026-01-02',
      '{"a":[1,2]}',
      null,
      Buffer.from('é'),
    ]
    await place.run({}, { tables: [sensor], changes: [change('c', row)] })
    expect(await place.client.hgetall('sensor:id:1')).toEqual({
      id: '1',
      ok: '1',
      price: '12.500',
      seen: '2026-01-02T03:04:05.000000Z',
      at: '1767323045000000',
      born: '20455',
      meta: '{"a":[1,2]}',
      data: 'w6k=',
    })
  })

  it('5: a sorted set', async () => {
    const job = `source: {schema: public, table: invoice}
output: [{uses: redis.write, with: {data_type: sorted_set, key: {expression: "\`invs:rank\`", language: jmespath}, args: {score: Total, member: InvoiceId}}}]
`
    const row = (id: string, total: string | null) => [id, '7', 'Oslo', 'Norway', total, null]
    const { report, dirty } = await place.run(job, {
      tables: [invoice],
      changes: [
        change('c', row('530', '3.10')),
        change('c', row('531', '20.00')),
        change('u', row('530', '25.50'), { before: row('530', '3.10') }),
        change('d', row('531', '20.00')),
        change('c', row('532', null)),
      ],
    })
    expect(await place.client.zrevrange('invs:rank', 0, -1, 'WITHSCORES')).toEqual(['530', '25.5'])
    expect(report).toMatchObject({ status: 'complete', recordsWritten: 4, recordsDirty: 1 })
    expect(dirty).toEqual([expect.stringContaining('Total')])
  })

  it('7: the default job, for tables that have none of their own', async () => {
    const others = `source: {table: "*", row_format: full}
transform: [{uses: add_field, with: {fields: [{field: after.app, expression: "\`x1\`", language: jmespath}]}}]
output: [{uses: redis.write, with: {data_type: hash, key: {expression: "concat(['p#', table, '#', keys(key)[0], '#', values(key)[0]])", language: jmespath}}}]
`
    const album = tableOf('album', { albumid: 'int', title: 'string', artistid: 'int' })
    const genre = tableOf('genre', { genreid: 'int', name: 'string' })
    await place.run(
      {
        others,
        album: 'source: {table: album}\noutput: [{uses: redis.write, with: {data_type: hash}}]\n',
      },
      {
        tables: [genre, album],
        changes: [
          change('r', ['4', 'Fjord Jazz']),
          change('r', ['42', 'Vinter', '3'], { dataset: 1 }),
          change('r', ['5', 'Polka']),
          change('d', ['5', 'Polka']),
        ],
      },
    )
    expect(await place.keys()).toEqual(['album:albumid:42', 'p#genre#genreid#4'])
    expect(await place.client.hgetall('p#genre#genreid#4')).toEqual({
      genreid: '4',
      name: 'Fjord Jazz',
      app: 'x1',
    })
    expect(await place.client.hgetall('album:albumid:42')).toEqual({
      albumid: '42',
      title: 'Vinter',
      artistid: '3',
    })
  })

  it('8: a removal that leaves a mark', async () => {
    const job = `source: {schema: public, table: employee, row_format: full}
transform:
  - uses: add_field
    with:
      fields:
        - {field: after.status, language: jmespath, expression: "opcode == 'd' && 'inactive' || 'active'"}
        - {field: opcode, language: jmespath, expression: "opcode == 'd' && 'u' || opcode"}
`
    const employee = tableOf('employee', { id: 'int', name: 'string' })
    const ida = ['5', 'Ida']
    const pipeline = await makePipeline(place.setup(job))
    await pipeline.run({ tables: [employee], changes: [change('c', ida)] })
    expect(await place.client.hgetall('employee:id:5')).toEqual({
      id: '5',
      name: 'Ida',
      status: 'active',
    })
    await pipeline.run({ tables: [employee], changes: [change('d', ida)] })
    expect(await place.client.hgetall('employee:id:5')).toEqual({
      id: '5',
      name: 'Ida',
      status: 'inactive',
    })
  })

  it('9: a map in SQL', async () => {
    const job = `source: {db: chinook, table: track}
transform:
  - uses: map
    with:
      language: sql
      expression: {id: trackid, name: name, duration: "concat(floor(milliseconds / 60000), ':', floor(mod(milliseconds / 1000, 60)))", size: "concat(round(bytes / 1048576.0, 2), 'MB')"}
output: [{uses: redis.write, with: {data_type: hash, key: {expression: "concat('track:', id)", language: sql}}}]
`
    const columns = { trackid: 'int', name: 'string', milliseconds: 'int', bytes: 'int' } as const
    const track = tableOf('track', columns, [['16', 'Hund', '215196', '7040000']], 'chinook')
    await place.run(job, { tables: [track] }, { sourceType: 'mysql' })
    expect(await place.keys()).toEqual(['track:16'])
    expect(await place.client.hgetall('track:16')).toEqual({
      id: '16',
      name: 'Hund',
      duration: '3:35.0',
      size: '6.71MB',
    })
  })

  it('10: an expiry from a column', async () => {
    const job = `source: {table: token}
output: [{uses: redis.write, with: {data_type: hash, expire: {expression: "ends_ms / 1000 - STRFTIME('%s', 'now')", language: sql}}}]
`
    const nowMs = Date.now()
    const token = tableOf('token', { id: 'int', ends_ms: ['int', 'bigint'] }, [
      ['1', String(nowMs + 90_500)],
      ['2', String(nowMs - 1000)],
      ['3', null],
    ])
    const { report } = await place.run(job, { tables: [token] })
    expect(report).toMatchObject({ status: 'complete', recordsWritten: 3, recordsDirty: 0 })
    expect(await place.keys()).toEqual(['token:id:1', 'token:id:3'])
    const seconds = await place.client.ttl('token:id:1')
    expect(seconds).toBeGreaterThanOrEqual(85)
    expect(seconds).toBeLessThanOrEqual(91)
    expect(await place.client.ttl('token:id:3')).toBe(-1)
  })
})
