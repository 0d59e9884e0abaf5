import { markTransformed } from '@millrace/core/dialect'
import { describe, expect, it } from 'vitest'
import {
  batchOf,
  changesOf,
  compiled,
  jmespath,
  job,
  output,
  routesOf,
  shown,
  table,
  transformed,
  type Change,
  type RouteSetup,
  type Script,
} from '../../test/route-fixture.ts'
import type { TransformBlock } from '../model/table-job.ts'

const person = table('person', { id: 'int', name: 'string', city: 'string' })
const byCity: RouteSetup = {
  jobs: [job({ table: 'person', outputs: [output({ key: jmespath('key(city)') })] })],
  scripts: { 'key(city)': (get) => `in:${get('city')}` },
}

describe('changes', () => {
  it('compute keys for the images before, too', async () => {
    const { batch } = await transformed(byCity, person, [
      ['u', ['1', 'Ida', 'Bergen'], ['1', 'Ida', 'Oslo']],
      ['c', ['2', 'Odd', 'Oslo']],
      ['d', ['3', 'Eva', 'Oslo']],
    ])
    expect(shown(batch).map((row) => row?.['$key0'])).toEqual(['in:Bergen', 'in:Oslo', 'in:Oslo'])
    expect(shown(batch, batch.changes?.before)).toEqual([
      { id: '1', name: 'Ida', city: 'Oslo', $key0: 'in:Oslo' },
      null,
      null,
    ])
    expect(batch.changes?.operations).toEqual(['u', 'c', 'd'])
  })

  it('take what was not sent from the other image, and leave the cells absent', async () => {
    const { batch } = await transformed(byCity, person, [
      ['u', ['1', 'Ida', undefined], ['1', 'Eva', 'Oslo']],
      ['u', ['2', 'Odd', 'Bergen'], ['1', undefined, undefined]],
    ])
    expect(shown(batch)).toEqual([
      { id: '1', name: 'Ida', $key0: 'in:Oslo' },
      { id: '2', name: 'Odd', city: 'Bergen', $key0: 'in:Bergen' },
    ])
    expect(shown(batch, batch.changes?.before)[1]).toEqual({ id: '1', $key0: 'in:Bergen' })
  })

  it('keep what is known of rows that go on beside those that do not', async () => {
    const setup: RouteSetup = {
      jobs: [
        job({
          table: 'person',
          blocks: [{ uses: 'filter', expression: jmespath('name') }],
          outputs: [output({ key: jmespath('fail(city)') })],
        }),
      ],
      scripts: {
        'fail(city)': (get) => {
          if (get('city') === 'Oslo') throw new Error('Oslo is full')
          return get('city')
        },
      },
    }
    const { batch, rejected, filtered } = await transformed(setup, person, [
      ['c', ['1', '', 'Bergen']],
      ['c', ['2', 'Odd', 'Oslo']],
      ['u', ['3', 'Eva', 'Voss'], ['3', '', 'Voss']],
      ['u', ['4', 'Ida', 'Voss'], ['4', 'Ida', 'Oslo']],
      ['c', ['5', 'Ola', 'Bodø']],
    ])
    expect(filtered).toBe(1)
    expect(rejected.map(({ row }) => row[0])).toEqual(['2', '4'])
    expect(rejected[0]).toEqual({
      row: ['2', 'Odd', 'Oslo'],
      error: {
        code: 'TRANSFORM_FAILED',
        message: 'the key of output 1: fail(city): Oslo is full',
        detail: '(city is the text "Oslo")',
      },
    })
    expect(shown(batch).map((row) => row?.['id'])).toEqual(['3', '5'])
    expect(batch.changes?.committedAtMs).toEqual([1002, 1004])
    expect(batch.changes?.transactions).toEqual([2, 4])
    expect(batch.changes?.before.map((row) => row?.[0])).toEqual(['3', undefined])
  })
})

describe('cells that the source did not send', () => {
  const run = async (
    blocks: TransformBlock[],
    changes: readonly Change[],
    key = '`k`',
    rowFormat: 'partial' | 'full' = 'partial',
  ) => {
    const scripts: Record<string, Script> = {
      'up(name)': (get) => String(get('name')).toUpperCase(),
      'two(upper)': (get) => String(get('upper')) + String(get('upper')),
      '{n: name, c: city}': (get) => ({ n: get('name') ?? null, c: get('city') }),
      'up(after.name)': (get) => String(get('after.name')).toUpperCase(),
    }
    const outputs = [output({ key: jmespath(key) })]
    const jobs = [job({ table: 'person', rowFormat, blocks, outputs })]
    const result = await transformed({ jobs, scripts }, person, changes)
    return { ...result, rows: shown(result.batch) }
  }
  const add = (fields: Readonly<Record<string, string>>): TransformBlock => ({
    uses: 'add_field',
    fields: Object.entries(fields).map(([field, text]) => ({ field, expression: jmespath(text) })),
  })
  const update: Change = ['u', ['1', undefined, 'Oslo']]

  it('leave fields made of them absent', async () => {
    const { rows } = await run(
      [add({ upper: 'up(name)', twice: 'two(upper)', city2: 'city' })],
      [update],
    )
    expect(rows).toEqual([{ id: '1', city: 'Oslo', city2: 'Oslo' }])
    const full = await run([add({ 'after.upper': 'up(after.name)' })], [update], '`k`', 'full')
    expect(full.rows).toEqual([{ id: '1', city: 'Oslo' }])
  })

  it('leave fields of a map absent', async () => {
    const fields = [
      { name: 'who', value: jmespath('name') },
      { name: 'loud', value: jmespath('up(name)') },
      { name: 'at', value: jmespath('city') },
    ]
    const object = await run([{ uses: 'map', expression: { fields } }], [update])
    expect(object.rows).toEqual([{ at: 'Oslo' }])
    const text = await run([{ uses: 'map', expression: jmespath('{n: name, c: city}') }], [update])
    expect(text.rows).toEqual([{ c: 'Oslo' }])
  })

  it('reject a row whose key is made of them', async () => {
    const { rejected } = await run([], [update, ['d', ['2', undefined, undefined]]], 'name')
    expect(rejected.map(({ error }) => error.message)).toEqual([
      'the key of output 1: the source did not send name with this change; PostgreSQL does with REPLICA IDENTITY FULL, MongoDB with changeStreamPreAndPostImages',
      'the key of output 1: the source did not send name with this change; PostgreSQL does with REPLICA IDENTITY FULL, MongoDB with changeStreamPreAndPostImages',
    ])
  })

  it('never let a filter hide a removal, nor decide over a change', async () => {
    const { rows, rejected } = await run(
      [{ uses: 'filter', expression: jmespath('name') }],
      [update, ['d', ['2', undefined, undefined]]],
    )
    expect(rows).toEqual([{ id: '2' }])
    expect(rejected[0]?.error.message).toContain('block 1 (filter): the source did not send name')
  })
})

describe('opcode', () => {
  const steered = (expression: string): RouteSetup => ({
    jobs: [
      job({
        table: 'person',
        rowFormat: 'full',
        blocks: [
          {
            uses: 'add_field',
            fields: [{ field: 'opcode', expression: jmespath(expression) }],
          },
        ],
        outputs: [output({ key: jmespath('`k`') })],
      }),
    ],
    scripts: { '`c`': () => 'c', '`d`': () => 'd' },
  })

  it('makes changes of snapshot rows', async () => {
    await using transforms = await compiled(routesOf(steered('`c`')), [person])
    const position = { token: 7, label: 'seven' }
    const { batch } = await transforms.apply({
      ...batchOf(person, [['1', 'Ida', 'Oslo']]),
      position,
    })
    expect(batch.changes).toEqual({
      operations: ['c'],
      before: [null],
      transactions: [0],
      committedAtMs: [0],
    })
    expect(batch.position).toBe(position)
  })

  it('leaves snapshot rows what they are otherwise', async () => {
    const { batch } = await transformed(steered('opcode'), person, [['1', 'Ida', 'Oslo']])
    expect(batch.changes).toBeUndefined()
  })

  it('removes what stood there before a change', async () => {
    const { batch } = await transformed(steered('`d`'), person, [
      ['u', ['1', 'Ida', 'Bergen'], ['1', 'Ida', 'Oslo']],
    ])
    expect(batch.changes?.operations).toEqual(['d'])
    expect(batch.changes?.before).toEqual([null])
    expect(shown(batch)).toEqual([{ id: '1', name: 'Ida', city: 'Oslo' }])
  })

  it('needs something to write where it revives a removed row', async () => {
    const { batch, rejected } = await transformed(steered('`c`'), person, [
      ['d', ['1', 'Ida', 'Oslo']],
    ])
    expect(batch.rows).toEqual([])
    expect(rejected[0]?.error.message).toBe('after is null, expected the fields to write')
  })
})

describe('a batch of the dirty file', () => {
  it('passes as it is where its rows are behind the transforms', async () => {
    await using transforms = await compiled(routesOf(byCity), [person])
    const batch = changesOf(transforms.outputOf(person), [['c', ['1', 'Ida', 'Oslo', 'in:Voss']]])
    markTransformed(batch)
    expect(await transforms.apply(batch)).toEqual({ batch, rejected: [], filtered: 0 })
  })

  it('is transformed where its rows are as they were read', async () => {
    await using transforms = await compiled(routesOf(byCity), [person])
    const { batch } = await transforms.apply(changesOf(person, [['c', ['1', 'Ida', 'Oslo']]]))
    expect(shown(batch)).toEqual([{ id: '1', name: 'Ida', city: 'Oslo', $key0: 'in:Oslo' }])
  })
})
