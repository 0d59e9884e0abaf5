import { describe, expect, it } from 'vitest'
import {
  jmespath,
  job,
  output,
  routesOf,
  shown,
  sql,
  table,
  transformed,
  type RouteSetup,
  type Script,
} from '../../../test/route-fixture.ts'
import type { TransformBlock } from '../../model/table-job.ts'
import type { Row } from '@millrace/core/record'

const person = table('person', { id: 'int', name: 'string', city: 'string' })
const constantKey = output({ key: jmespath('`k`') })

async function run(
  blocks: readonly TransformBlock[],
  scripts: Readonly<Record<string, Script>>,
  rows: readonly Row[] = [['1', 'Ida', 'Oslo']],
  options: Partial<RouteSetup> & { readonly rowFormat?: 'full' } = {},
) {
  const { rowFormat = 'partial', ...others } = options
  const jobs = [job({ table: 'person', rowFormat, blocks, outputs: [constantKey] })]
  const result = await transformed({ jobs, scripts, ...others }, person, rows)
  return {
    rows: shown(result.batch),
    fields: result.output.fields.map(({ name }) => name),
    rejected: result.rejected,
    filtered: result.filtered,
    output: result.output,
  }
}

const add = (fields: Readonly<Record<string, string>>): TransformBlock => ({
  uses: 'add_field',
  fields: Object.entries(fields).map(([field, text]) => ({ field, expression: jmespath(text) })),
})

describe('add_field', () => {
  it('lets later fields see earlier ones', async () => {
    const { rows, fields } = await run([add({ upper: 'up(name)', twice: 'two(upper)' })], {
      'up(name)': (get) => get('name').toUpperCase(),
      'two(upper)': (get) => get('upper') + get('upper'),
    })
    expect(fields).toEqual(['id', 'name', 'city', 'upper', 'twice'])
    expect(rows).toEqual([{ id: '1', name: 'Ida', city: 'Oslo', upper: 'IDA', twice: 'IDAIDA' }])
  })

  it('makes the objects that a dotted name needs, and takes \\. for a dot', async () => {
    const { rows } = await run([add({ 'a.b.c': '`1`', 'a.d': '`2`', 'x\\.y': '`3`' })], {
      '`1`': () => 1,
      '`2`': () => 2,
      '`3`': () => 3,
    })
    expect(rows).toEqual([
      { id: '1', name: 'Ida', city: 'Oslo', a: '{"b":{"c":1},"d":2}', 'x.y': 3 },
    ])
  })

  it('rejects a row whose text would have to be an object, as it was read', async () => {
    const rows: Row[] = [
      ['1', 'Ida', 'Oslo'],
      ['2', null, 'Bergen'],
    ]
    const result = await run([add({ 'name.x': 'city' })], {}, rows)
    expect(result.rejected).toEqual([
      {
        row: rows[0],
        error: {
          code: 'TRANSFORM_FAILED',
          message:
            'block 1 (add_field): field name.x cannot be set to a text: name holds no object',
        },
      },
    ])
    expect(result.rows).toEqual([{ id: '2', name: '{"x":"Bergen"}', city: 'Bergen' }])
  })

  it('never changes a constant that expressions share', async () => {
    const shared = { n: 0 }
    const blocks = [add({ box: '`{}`' }), add({ 'box.n': 'id' })]
    const { rows } = await run(blocks, { '`{}`': () => shared }, [
      ['1', 'Ida', 'Oslo'],
      ['2', 'Odd', 'Oslo'],
    ])
    expect(rows.map((row) => row?.['box'])).toEqual(['{"n":1}', '{"n":2}'])
    expect(shared).toEqual({ n: 0 })
  })

  it('keeps an integer beyond 2^53 to the last digit', async () => {
    const { rows } = await run([add({ 'a.big': 'id' })], {}, [['9223372036854775807', '', '']])
    expect(rows[0]?.['a']).toBe('{"big":9223372036854775807}')
  })

  it('rejects only the row whose expression fails, and runs no further block on it', async () => {
    const rows: Row[] = [
      ['1', 'Ida', 'Oslo'],
      ['2', null, 'Bergen'],
    ]
    const seen: string[] = []
    const scripts: Record<string, Script> = {
      'up(name)': (get) => get('name').toUpperCase(),
      'note(city)': (get) => {
        seen.push(get('city'))
        return null
      },
    }
    const result = await run([add({ upper: 'up(name)' }), add({ x: 'note(city)' })], scripts, rows)
    expect(result.rows).toMatchObject([{ id: '1', upper: 'IDA' }])
    expect(result.rejected).toHaveLength(1)
    expect(result.rejected[0]?.row).toEqual(['2', null, 'Bergen'])
    expect(result.rejected[0]?.error.message).toMatch(
      /^block 1 \(add_field\), field upper: up\(name\): /,
    )
    expect(seen).toEqual(['Oslo'])
  })
})

describe('remove_field and rename_field', () => {
  it('leave out and rename columns without touching their cells', async () => {
    const { output: schema, rows } = await run(
      [
        { uses: 'remove_field', fields: [{ field: 'city' }, { field: 'nothing' }] },
        { uses: 'rename_field', fields: [{ from: 'id', to: 'number' }] },
        { uses: 'rename_field', fields: [{ from: 'missing', to: 'found' }] },
      ],
      {},
    )
    expect(schema.fields).toEqual([
      { ...person.fields[1] },
      { ...person.fields[0], name: 'number' },
    ])
    expect(rows).toEqual([{ number: '1', name: 'Ida' }])
  })

  it('move fields into objects and out of them', async () => {
    const { rows, fields } = await run(
      [
        { uses: 'rename_field', fields: [{ from: 'city', to: 'address.city' }] },
        add({ 'address.zip': '`z`' }),
        { uses: 'rename_field', fields: [{ from: 'address.zip', to: 'zip' }] },
        { uses: 'remove_field', fields: [{ field: 'address.none' }, { field: 'name' }] },
      ],
      { '`z`': () => '0150' },
    )
    expect(fields).toEqual(['id', 'address', 'zip'])
    expect(rows).toEqual([{ id: '1', address: '{"city":"Oslo"}', zip: '0150' }])
  })
})

describe('map', () => {
  it('replaces the record by objects of expressions', async () => {
    const {
      rows,
      fields,
      output: schema,
    } = await run(
      [
        {
          uses: 'map',
          expression: {
            fields: [
              { name: 'who', value: jmespath('name') },
              {
                name: 'at',
                value: { fields: [{ name: 'town', value: jmespath('up(city)') }] },
              },
            ],
          },
        },
        add({ again: 'two(who)' }),
      ],
      {
        'up(city)': (get) => get('city').toUpperCase(),
        'two(who)': (get) => get('who') + get('who'),
      },
    )
    expect(fields).toEqual(['who', 'at', 'again'])
    expect(schema.fields[0]).toEqual({ ...person.fields[1], name: 'who' })
    expect(rows).toEqual([{ who: 'Ida', at: '{"town":"OSLO"}', again: 'IdaIda' }])
  })

  it('takes an object from one expression, and rejects rows for which it gives none', async () => {
    const block: TransformBlock = { uses: 'map', expression: jmespath('{who: name}') }
    const scripts: Record<string, Script> = {
      '{who: name}': (get) => (get('name') === 'Odd' ? null : { who: get('name') }),
    }
    const result = await run([block], scripts, [
      ['1', 'Ida', 'Oslo'],
      ['2', 'Odd', 'Oslo'],
    ])
    expect(result.fields).toEqual(['who'])
    expect(result.rejected[0]?.error.message).toBe(
      'block 1 (map): the expression {who: name} gave null, expected an object',
    )
  })

  it('is refused where its fields cannot be known', async () => {
    const block: TransformBlock = { uses: 'map', expression: jmespath('merge(@, x)') }
    await expect(run([block], { 'merge(@, x)': () => ({}) })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('jobs/test.yaml:1:1'),
    })
    const { findings } = routesOf({ jobs: [job({ blocks: [block] })] })
    expect(findings).toMatchObject([{ severity: 'error', place: 'jobs/test.yaml:1:1' }])
  })
})

describe('filter', () => {
  it('counts what it drops', async () => {
    const rows: Row[] = [
      ['1', 'Ida', 'Oslo'],
      ['2', '', 'Oslo'],
      ['3', null, 'Oslo'],
    ]
    const result = await run([{ uses: 'filter', expression: jmespath('name') }], {}, rows)
    expect(result.rows).toEqual([{ id: '1', name: 'Ida', city: 'Oslo' }])
    expect(result.filtered).toBe(2)
    expect(result.rejected).toEqual([])
  })

  it('knows what is true in each language', async () => {
    const rows: Row[] = [['0', '', '']]
    const zero = await run([{ uses: 'filter', expression: jmespath('id') }], {}, rows)
    expect(zero.filtered).toBe(0)
    const none = await run([{ uses: 'filter', expression: sql('id') }], {}, rows)
    expect(none.filtered).toBe(1)
  })
})

describe('the full format', () => {
  it('writes after, and keeps what stands beside it', async () => {
    const blocks = [add({ scratch: 'opcode', 'after.code': 'scratch' })]
    const { rows, fields } = await run(blocks, {}, undefined, { rowFormat: 'full' })
    expect(fields).toEqual(['id', 'name', 'city', 'code'])
    expect(rows).toEqual([{ id: '1', name: 'Ida', city: 'Oslo', code: 'r' }])
  })

  it('takes the names of an object that replaces after from its expression', async () => {
    const text = '{name: `a`, level: `b`}'
    const scripts: Record<string, Script> = { [text]: () => ({ name: 'a', level: 'b' }) }
    const { rows, fields } = await run([add({ after: text })], scripts, undefined, {
      rowFormat: 'full',
    })
    expect(fields).toEqual(['id', 'name', 'city', 'level'])
    expect(rows).toEqual([{ name: 'a', level: 'b' }])
  })

  it('sees all columns where after is taken whole', async () => {
    const scripts: Record<string, Script> = {
      'merge(after)': (get) => ({ ...(get('after') as unknown as object) }),
    }
    const { rows } = await run([add({ after: 'merge(after)' })], scripts, undefined, {
      rowFormat: 'full',
    })
    expect(rows).toEqual([{ id: 1, name: 'Ida', city: 'Oslo' }])
  })

  it('rejects a row whose after has a field no column was foreseen for', async () => {
    const { rejected } = await run(
      [add({ after: 'from(x)' })],
      { 'from(x)': () => ({ surprise: 1 }) },
      undefined,
      { rowFormat: 'full' },
    )
    expect(rejected[0]?.error.message).toContain('after.surprise')
  })

  it('rejects a row with an opcode that is none', async () => {
    const { rejected } = await run([add({ opcode: '`t`' })], { '`t`': () => 't' }, undefined, {
      rowFormat: 'full',
    })
    expect(rejected[0]?.error.message).toBe('opcode is a text, expected one of r, c, u, d')
  })

  it('maps into after', async () => {
    const { rows, fields } = await run(
      [
        {
          uses: 'map',
          expression: { fields: [{ name: 'who', value: jmespath('after.name') }] },
        },
      ],
      { 'after.name': (get) => get('after.name') },
      undefined,
      { rowFormat: 'full' },
    )
    expect(fields).toEqual(['who'])
    expect(rows).toEqual([{ who: 'Ida' }])
  })
})
