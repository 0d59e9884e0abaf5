import { describe, expect, it } from 'vitest'
import {
  compiled,
  changesOf,
  jmespath,
  job,
  output,
  routesOf,
  shown,
  sql,
  table,
  transformed,
  type RouteSetup,
} from '../../test/route-fixture.ts'

const invoice = table('invoice', {
  InvoiceId: 'int',
  CustomerId: 'int',
  BillingCity: 'string',
  BillingCountry: 'string',
  Total: 'decimal',
  Note: 'string',
})

describe('the acceptance cases of RDI, as far as transforms go', () => {
  it('1: a stream under a constant key, with a mapping and an expiry', async () => {
    const setup: RouteSetup = {
      jobs: [
        job({
          name: 'bill feed',
          match: { schema: 'public', table: 'INVOICE', isCaseInsensitive: true },
          outputs: [
            output({
              dataType: 'stream',
              key: jmespath('`bill:feed`'),
              mapping: [
                { column: 'InvoiceId', alias: 'message_id' },
                { column: 'BillingCountry', alias: 'country' },
                { column: 'Total', alias: 'Total' },
              ],
              expire: 100,
            }),
          ],
        }),
      ],
    }
    expect(routesOf(setup).outputs['bill feed']).toEqual([
      {
        type: 'stream',
        key: { template: 'bill:feed' },
        fields: [
          { column: 'InvoiceId', name: 'message_id' },
          { column: 'BillingCountry', name: 'country' },
          { column: 'Total', name: 'Total' },
        ],
        expire: { seconds: 100 },
      },
    ])
    const row = ['501', '7', 'Tromso', 'Norway', '14.85', null]
    const { batch, output: schema } = await transformed(setup, invoice, [row])
    expect(schema).toEqual({ ...invoice, route: 'bill feed' })
    expect(batch.schema).toBe(schema)
    expect(batch.rows).toEqual([row])
  })

  it('2: a stream under a key made of a column', async () => {
    const text = "concat(['bill:', BillingCountry])"
    const setup: RouteSetup = {
      jobs: [job({ outputs: [output({ dataType: 'stream', key: jmespath(text) })] })],
      scripts: {
        [text]: (get) => `bill:${get('BillingCountry')}`,
      },
    }
    expect(routesOf(setup).outputs['invoice']).toEqual([
      { type: 'stream', key: { column: '$key0' } },
    ])
    const { batch } = await transformed(setup, invoice, [
      ['c', ['503', '9', 'Abeche', 'Chad', '1.98', null]],
    ])
    expect(shown(batch)).toEqual([
      {
        InvoiceId: '503',
        CustomerId: '9',
        BillingCity: 'Abeche',
        BillingCountry: 'Chad',
        Total: '1.98',
        Note: null,
        $key0: 'bill:Chad',
      },
    ])
    expect(batch.schema.fields.slice(0, 6)).toEqual(invoice.fields)
    expect(batch.changes?.operations).toEqual(['c'])
  })

  it('3: no job at all', async () => {
    const setup: RouteSetup = { jobs: [], settings: { targetDataType: 'json' } }
    expect(routesOf(setup).outputs).toEqual({ default: [{ type: 'json', onUpdate: 'replace' }] })
    const sensor = table('sensor', { id: 'int', price: 'decimal', meta: 'json' })
    const { output: schema } = await transformed(setup, sensor, [['1', '12.500', '{"a":[1,2]}']])
    expect(schema).toEqual({ ...sensor, route: 'default' })
  })

  it('4: JSON that is merged, natively or not', () => {
    const merge = output({ dataType: 'json', onUpdate: 'merge' })
    const jobs = [job({ outputs: [merge] })]
    expect(routesOf({ jobs }).outputs['invoice']).toEqual([{ type: 'json', onUpdate: 'merge' }])
    const legacy = routesOf({ jobs, settings: { usesNativeJsonMerge: false } })
    expect(legacy.outputs['invoice']).toEqual([
      { type: 'json', onUpdate: 'merge', nativeMerge: false },
    ])
  })

  it('5: a sorted set', async () => {
    const setup: RouteSetup = {
      jobs: [
        job({
          outputs: [
            output({
              dataType: 'sorted_set',
              key: jmespath('`invs:rank`'),
              arguments: { score: 'Total', member: 'InvoiceId' },
            }),
          ],
        }),
      ],
    }
    expect(routesOf(setup).outputs['invoice']).toEqual([
      { type: 'zset', key: { template: 'invs:rank' }, score: 'Total', member: 'InvoiceId' },
    ])
    const gone = ['531', null, null, null, '20.00', null]
    const { batch } = await transformed(setup, invoice, [['d', gone]])
    expect(batch.rows).toEqual([gone])
    expect(batch.changes?.operations).toEqual(['d'])
  })

  it('6: children inside the document of their parent', () => {
    const nest = {
      parentTable: 'Invoice',
      parentKey: 'InvoiceId',
      childKey: 'InvoiceId',
      nestingKey: 'InvoiceLineId',
      path: '$.Lines',
    }
    const line = job({
      name: 'line',
      table: 'InvoiceLine',
      outputs: [output({ dataType: 'json', onUpdate: 'merge', nest, expire: 50 })],
    })
    expect(routesOf({ jobs: [line] }).outputs['line']).toEqual([
      {
        type: 'json',
        onUpdate: 'merge',
        key: { template: 'Invoice:InvoiceId:#{InvoiceId}' },
        nest: { path: '$.Lines', column: 'InvoiceLineId' },
        expire: { seconds: 50 },
      },
    ])
  })

  it('7: the default job, in the full format', async () => {
    const text = "concat(['p#', table, '#', keys(key)[0], '#', values(key)[0]])"
    const byDefault = job({
      name: 'others',
      table: '*',
      rowFormat: 'full',
      blocks: [
        { uses: 'add_field', fields: [{ field: 'after.app', expression: jmespath('`x1`') }] },
      ],
      outputs: [output({ key: jmespath(text) })],
    })
    const album = table('album', { albumid: 'int', title: 'string' })
    const genre = table('genre', { genreid: 'int', name: 'string' })
    const routes = routesOf({
      jobs: [byDefault, job({ name: 'album', table: 'album' })],
      scripts: {
        '`x1`': () => 'x1',
        [text]: (get) => {
          const [[name, value] = []] = Object.entries(get('key') as unknown as object)
          return `p#${get('table')}#${String(name)}#${String(value)}`
        },
      },
    })
    await using transforms = await compiled(routes, [genre, album])
    expect(transforms.outputOf(album).route).toBe('album')
    const { batch } = await transforms.apply(
      changesOf(genre, [
        ['r', ['4', 'Fjord Jazz']],
        ['d', ['5', 'Polka']],
      ]),
    )
    expect(batch.schema.route).toBe('others')
    expect(shown(batch)).toEqual([
      { genreid: '4', name: 'Fjord Jazz', app: 'x1', $key0: 'p#genre#genreid#4' },
      { genreid: '5', name: 'Polka', app: 'x1', $key0: 'p#genre#genreid#5' },
    ])
    expect(batch.changes?.operations).toEqual(['r', 'd'])
  })

  it('8: a removal that becomes a mark', async () => {
    const status = "opcode == 'd' && 'inactive' || 'active'"
    const opcode = "opcode == 'd' && 'u' || opcode"
    const setup: RouteSetup = {
      jobs: [
        job({
          table: 'employee',
          rowFormat: 'full',
          blocks: [
            {
              uses: 'add_field',
              fields: [
                { field: 'after.status', expression: jmespath(status) },
                { field: 'opcode', expression: jmespath(opcode) },
              ],
            },
          ],
        }),
      ],
      scripts: {
        [status]: (get) => (get('opcode') === 'd' ? 'inactive' : 'active'),
        [opcode]: (get) => (get('opcode') === 'd' ? 'u' : get('opcode')),
      },
    }
    const employee = table('employee', { id: 'int', name: 'string' })
    const { batch } = await transformed(setup, employee, [
      ['c', ['5', 'Ida']],
      ['d', ['5', 'Ida']],
    ])
    expect(shown(batch)).toEqual([
      { id: '5', name: 'Ida', status: 'active', $key0: 'employee:id:5' },
      { status: 'inactive', $key0: 'employee:id:5' },
    ])
    expect(batch.changes?.operations).toEqual(['c', 'u'])
    expect(batch.changes?.before).toEqual([null, null])
  })

  it('9: a map in SQL', async () => {
    const duration = "concat(floor(milliseconds / 60000), ':')"
    const setup: RouteSetup = {
      jobs: [
        job({
          table: 'track',
          blocks: [
            {
              uses: 'map',
              expression: {
                fields: [
                  { name: 'id', value: sql('trackid') },
                  { name: 'name', value: sql('name') },
                  { name: 'duration', value: sql(duration) },
                ],
              },
            },
          ],
          outputs: [output({ key: sql("concat('track:', id)") })],
        }),
      ],
      scripts: {
        [duration]: (get) => `${Math.floor(Number(get('milliseconds')) / 60_000)}:`,
        "concat('track:', id)": (get) => `track:${get('id')}`,
      },
    }
    const track = table('track', {
      trackid: 'int',
      name: 'string',
      milliseconds: 'int',
      bytes: 'int',
    })
    const { batch } = await transformed(setup, track, [['16', 'Hund', '215196', '7040000']])
    expect(shown(batch)).toEqual([{ id: '16', name: 'Hund', duration: '3:', $key0: 'track:16' }])
    expect(batch.schema.fields.map(({ name, type }) => [name, type])).toEqual([
      ['id', 'int'],
      ['name', 'string'],
      ['duration', 'value'],
      ['$key0', 'string'],
    ])
  })

  it('10: an expiry from a column', async () => {
    const text = "ends_ms / 1000 - STRFTIME('%s', 'now')"
    const setup: RouteSetup = {
      jobs: [job({ table: 'token', outputs: [output({ expire: sql(text) })] })],
      scripts: {
        [text]: (get) => (get('ends_ms') === null ? null : Number(get('ends_ms')) / 1000 - 1000),
      },
    }
    expect(routesOf(setup).outputs['invoice']).toEqual([
      { type: 'hash', expire: { column: '$expire0' } },
    ])
    const token = table('token', { id: 'int', ends_ms: 'int' })
    const { batch } = await transformed(setup, token, [
      ['1', '1090500'],
      ['2', '999000'],
      ['3', null],
    ])
    expect(batch.rows).toEqual([
      ['1', '1090500', 90],
      ['2', '999000', -1],
      ['3', null, null],
    ])
    expect(batch.schema.key).toEqual([0])
  })
})
