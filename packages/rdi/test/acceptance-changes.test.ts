import { describe, expect, it } from 'vitest'
import { change, everything, person } from './acceptance-rows.ts'
import { AcceptanceRedis } from './acceptance-redis.ts'

const place = new AcceptanceRedis()

describe('changes of keys', () => {
  it('remove what stood under the old primary key and write the new one', async () => {
    await place.run(everything, {
      tables: [person],
      changes: [
        change('c', ['1', 'Ida', 'Oslo']),
        change('u', ['2', 'Ida', 'Oslo'], { before: ['1', 'Ida', 'Oslo'] }),
      ],
    })
    expect(await place.keys()).toEqual(['in:Oslo', 'log', 'person:id:2'])
    expect(await place.client.hgetall('person:id:2')).toEqual({
      id: '2',
      name: 'Ida',
      city: 'Oslo',
    })
    expect(await place.client.smembers('in:Oslo')).toEqual(['2'])
  })

  it.each([
    ['in one batch', undefined],
    ['in batches of their own', 1],
  ])('let two rows swap their keys in one transaction, %s', async (_, batchSize) => {
    const swap = (from: string, to: string, name: string) =>
      change('u', [to, name, 'Oslo'], { before: [from, name, 'Oslo'], transaction: 9 })
    await place.run(
      everything,
      {
        tables: [person],
        changes: [
          change('c', ['1', 'Ida', 'Oslo'], { transaction: 7 }),
          change('c', ['2', 'Odd', 'Oslo'], { transaction: 8 }),
          swap('1', '3', 'Ida'),
          swap('2', '1', 'Odd'),
          swap('3', '2', 'Ida'),
        ],
      },
      batchSize === undefined ? {} : { batchSize },
    )
    expect(await place.keys()).toEqual(['in:Oslo', 'log', 'person:id:1', 'person:id:2'])
    expect(await place.client.hget('person:id:1', 'name')).toBe('Odd')
    expect(await place.client.hget('person:id:2', 'name')).toBe('Ida')
    expect((await place.client.smembers('in:Oslo')).sort()).toEqual(['1', '2'])
  })

  it('let two rows swap computed keys directly', async () => {
    const job = `source: {table: person}
output: [{uses: redis.write, with: {data_type: hash, key: {expression: "concat(['at:', city])", language: jmespath}}}]
`
    const move = (id: string, from: string, to: string) =>
      change('u', [id, 'n', to], { before: [id, 'n', from], transaction: 5 })
    await place.run(job, {
      tables: [person],
      changes: [
        change('c', ['1', 'n', 'Oslo'], { transaction: 3 }),
        change('c', ['2', 'n', 'Voss'], { transaction: 4 }),
        move('1', 'Oslo', 'Voss'),
        move('2', 'Voss', 'Oslo'),
      ],
    })
    expect(await place.keys()).toEqual(['at:Oslo', 'at:Voss'])
    expect(await place.client.hget('at:Voss', 'id')).toBe('1')
    expect(await place.client.hget('at:Oslo', 'id')).toBe('2')
  })

  it('take members of sets and sorted sets along', async () => {
    const job = `source: {table: person}
output:
  - {uses: redis.write, with: {data_type: set, key: {expression: "concat(['in:', city])", language: jmespath}, args: {member: name}}}
  - {uses: redis.write, with: {data_type: sorted_set, key: {expression: "concat(['rank:', city])", language: jmespath}, args: {member: name, score: id}}}
`
    await place.run(job, {
      tables: [person],
      changes: [
        change('c', ['1', 'Ida', 'Oslo']),
        change('c', ['2', 'Odd', 'Oslo']),
        change('u', ['1', 'Ida', 'Voss'], { before: ['1', 'Ida', 'Oslo'] }),
        change('u', ['2', 'Eva', 'Oslo'], { before: ['2', 'Odd', 'Oslo'] }),
      ],
    })
    expect(await place.keys()).toEqual(['in:Oslo', 'in:Voss', 'rank:Oslo', 'rank:Voss'])
    expect(await place.client.smembers('in:Oslo')).toEqual(['Eva'])
    expect(await place.client.smembers('in:Voss')).toEqual(['Ida'])
    expect(await place.client.zrange('rank:Oslo', '0', '-1', 'WITHSCORES')).toEqual(['Eva', '2'])
    expect(await place.client.zrange('rank:Voss', '0', '-1', 'WITHSCORES')).toEqual(['Ida', '1'])
  })
})

describe('values that changes do not bring', () => {
  const outputs = `output:
  - {uses: redis.write, with: {data_type: hash}}
  - {uses: redis.write, with: {data_type: string, key: {expression: "concat(['name:', id])", language: jmespath}, args: {value: name}}}
`
  it('never erase hashes and strings', async () => {
    const { dirty } = await place.run(`source: {table: person}\n${outputs}`, {
      tables: [person],
      changes: [change('c', ['1', 'Ida', 'Oslo']), change('u', ['1', undefined, 'Voss'])],
    })
    expect(dirty).toEqual([])
    expect(await place.client.hgetall('person:id:1')).toEqual({
      id: '1',
      name: 'Ida',
      city: 'Voss',
    })
    expect(await place.client.get('name:1')).toBe('Ida')
  })

  it('are filled from the image before where that is sent, and follow a key', async () => {
    await place.run(`source: {table: person}\n${outputs}`, {
      tables: [person],
      changes: [
        change('c', ['1', 'Ida', 'Oslo']),
        change('u', ['2', undefined, 'Voss'], { before: ['1', 'Ida', 'Oslo'] }),
      ],
    })
    expect(await place.keys()).toEqual(['name:2', 'person:id:2'])
    expect(await place.client.hgetall('person:id:2')).toEqual({
      id: '2',
      name: 'Ida',
      city: 'Voss',
    })
    expect(await place.client.get('name:2')).toBe('Ida')
  })

  it('never erase members: the row is dirty where they cannot be told', async () => {
    const job = `source: {table: person}
output:
  - {uses: redis.write, with: {data_type: set, key: {expression: "concat(['in:', city])", language: jmespath}, args: {member: name}}}
  - {uses: redis.write, with: {data_type: sorted_set, key: {expression: "\`rank\`", language: jmespath}, args: {member: name, score: id}}}
`
    const { dirty } = await place.run(job, {
      tables: [person],
      changes: [change('c', ['1', 'Ida', 'Oslo']), change('u', ['1', undefined, 'Oslo'])],
    })
    expect(dirty).toEqual([expect.stringMatching(/^CELL_NOT_SENT .*"name".*REPLICA IDENTITY FULL/)])
    expect(await place.client.smembers('in:Oslo')).toEqual(['Ida'])
    expect(await place.client.zrange('rank', '0', '-1')).toEqual(['Ida'])
  })

  it('are left out of messages', async () => {
    const job = `source: {table: person}
output: [{uses: redis.write, with: {data_type: stream, key: {expression: "\`log\`", language: jmespath}}}]
`
    await place.run(job, {
      tables: [person],
      changes: [change('c', ['1', 'Ida', 'Oslo']), change('u', ['1', undefined, 'Oslo'])],
    })
    expect(await place.messages('log')).toEqual([
      'id 1 name Ida city Oslo op_code c',
      'id 1 city Oslo op_code u',
    ])
  })

  it('never erase what a job makes of them', async () => {
    const job = `source: {table: person}
transform: [{uses: add_field, with: {field: loud, expression: upper(name), language: jmespath}}]
${outputs.replace('value: name', 'value: loud')}`
    const { dirty } = await place.run(job, {
      tables: [person],
      changes: [change('c', ['1', 'Ida', 'Oslo']), change('u', ['1', undefined, 'Voss'])],
    })
    expect(dirty).toEqual([])
    const expected = { id: '1', name: 'Ida', city: 'Voss', loud: 'IDA' }
    expect(await place.client.hgetall('person:id:1')).toEqual(expected)
    expect(await place.client.get('name:1')).toBe('IDA')
  })

  it('are told apart from null, which takes a field of a hash away', async () => {
    await place.run(`source: {table: person}\n${outputs}`, {
      tables: [person],
      changes: [change('c', ['1', 'Ida', 'Oslo']), change('u', ['1', 'Ida', null])],
    })
    expect(await place.client.hgetall('person:id:1')).toEqual({ id: '1', name: 'Ida' })
  })
})

describe('an expression that fails', () => {
  it('makes a dirty record that names block, expression and value, and spoils no other row', async () => {
    const add = (field: string, expression: string, language: string) =>
      `- {uses: add_field, with: {field: ${field}, expression: "${expression}", language: ${language}}}`
    const job = `source: {table: person}
transform:
  ${add('size', 'length(city)', 'jmespath')}
  ${add('part', "json_extract(name, '$.a')", 'sql')}
output: [{uses: redis.write, with: {data_type: hash}}]
`
    const long = `not JSON ${'x'.repeat(100)}`
    const { report, dirty } = await place.run(job, {
      tables: [
        {
          ...person,
          rows: [
            ['1', '{"a":1}', 'Oslo'],
            ['2', '{"a":2}', null],
            ['3', long, 'Voss'],
            ['4', '{"a":4}', 'Oslo'],
          ],
        },
      ],
    })
    expect(report).toMatchObject({ status: 'complete', recordsWritten: 2, recordsDirty: 2 })
    expect(await place.keys()).toEqual(['dlq:person', 'person:id:1', 'person:id:4'])
    expect(await place.client.hgetall('person:id:4')).toMatchObject({ size: '4', part: '4' })
    expect(dirty).toEqual([
      'TRANSFORM_FAILED block 1 (add_field), field size: length(city): length() takes a string, an array or an object as argument 1, but got null (city is null)',
      `TRANSFORM_FAILED block 2 (add_field), field part: SQLite cannot calculate json_extract(name, '$.a'): malformed JSON (name is the text "${long.slice(0, 40)}…")`,
    ])
  })
})

describe('a filter', () => {
  it('keeps rows out, and removes those that passed it', async () => {
    const job = `source: {table: person}
transform: [{uses: filter, with: {language: sql, expression: "city <> 'Oslo'"}}]
output: [{uses: redis.write, with: {data_type: hash}}]
`
    const { report } = await place.run(job, {
      tables: [person],
      changes: [
        change('c', ['1', 'Ida', 'Oslo']),
        change('c', ['2', 'Odd', 'Voss']),
        change('c', ['3', 'Eva', 'Voss']),
        change('d', ['3', 'Eva', 'Voss']),
      ],
    })
    expect(report).toMatchObject({ recordsRead: 4, recordsWritten: 3, recordsFiltered: 1 })
    expect(await place.keys()).toEqual(['person:id:2'])
  })
})

describe('a lookup', () => {
  const job = `source: {table: person}
transform:
  - uses: redis.lookup
    with:
      connection: target
      cmd: HGET
      args: ["concat(['city:', city])", '\`region\`']
      language: jmespath
      field: region
      when: {expression: "city != 'Mars'", language: jmespath}
output: [{uses: redis.write, with: {data_type: hash}}]
`
  it('adds what Redis holds; an error of Redis rejects its row alone', async () => {
    await place.client.hset('city:Oslo', 'region', 'east')
    await place.client.set('city:Voss', 'no hash')
    const { report, dirty } = await place.run(job, {
      tables: [
        {
          ...person,
          rows: ['Oslo', 'Voss', 'Mars', 'Bodø'].map((city, at) => [`${at}`, 'n', city]),
        },
      ],
    })
    expect(report).toMatchObject({ recordsWritten: 3, recordsDirty: 1 })
    expect(dirty).toEqual([expect.stringMatching(/WRONGTYPE/)])
    expect(await place.client.hgetall('person:id:0')).toMatchObject({
      city: 'Oslo',
      region: 'east',
    })
    expect(await place.client.hgetall('person:id:2')).toEqual({ id: '2', name: 'n', city: 'Mars' })
    expect(await place.client.hgetall('person:id:3')).toEqual({ id: '3', name: 'n', city: 'Bodø' })
  })
})
