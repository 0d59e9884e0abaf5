import { Binary, BSON, Decimal128, Double, type Document } from 'mongodb'
import { describe, expect } from 'vitest'
import { startMongoSource } from './support/mongo-source.ts'
import { jmespath, pipelineFolder, write } from './support/pipeline-folder.ts'
import { test } from './support/redis-test.ts'

/** `{_id, text}` with a text that is not UTF-8, and a name that is there twice. */
function brokenDocument(_id: number): Uint8Array {
  const bytes = Buffer.from(BSON.serialize({ _id, text: 'caf??', one: 1, two: 2 }))
  bytes.set([0xff, 0xfe], bytes.indexOf('??'))
  bytes.write('two', bytes.indexOf('one'), 'latin1')
  return bytes
}

const brokenText = Buffer.from([0x63, 0x61, 0x66, 0xff, 0xfe])

describe('documents out of the ordinary', () => {
  test('have keys whatever their _id is, also when it goes', async ({ target }) => {
    await using source = await startMongoSource()
    const ids: unknown[] = [
      null,
      Number.NaN,
      new Double(-0),
      Decimal128.fromString('1.50'),
      new Binary(Buffer.from([255, 1])),
      new Map<string, unknown>([
        ['z', 1],
        ['y', [new Map<string, unknown>([['b', null]])]],
        ['x', 'x'],
      ]),
      '',
      'a b:c{d}',
      true,
      new Date(0),
    ]
    // By a command: the driver would put an ObjectId in the place of null.
    const insert = async (_id: unknown) =>
      await source.db.command({
        insert: 'people',
        documents: [
          new Map([
            ['_id', _id],
            ['n', ids.findIndex((id) => Object.is(id, _id))],
          ]),
        ],
      })
    for (const id of ids.slice(0, 6)) await insert(id)
    const pipeline = pipelineFolder(target, 'mongodb', source, { tables: { 'shop.people': {} } })
    pipeline.job('people', {
      source: { table: 'people' },
      output: [
        write({ data_type: 'hash' }),
        write({ data_type: 'set', key: jmespath('`people`'), args: { member: '_id' } }),
      ],
    })
    const first = await pipeline.catchUp()
    expect(first.exitCode, first.stderr).toBe(0)
    for (const id of ids.slice(6)) await insert(id)
    await source.db.collection('people').updateMany({}, { $set: { seen: true } })
    const second = await pipeline.catchUp()
    expect(second.exitCode, second.stderr).toBe(0)
    // The empty one makes no key; it came, and was changed.
    expect(second.report).toMatchObject({ recordsDirty: 2 })
    const shown = {
      'people:_id:null': '0',
      'people:_id:NaN': '1',
      'people:_id:-0': '2',
      'people:_id:1.50': '3',
      'people:_id:/wE=': '4',
      'people:_id:{"z":1,"y":[{"b":null}],"x":"x"}': '5',
      'people:_id:a b:c{d}': '7',
      'people:_id:1': '8',
      'people:_id:1970-01-01T00:00:00Z': '9',
    }
    const keys = (await target.client.keys('people:_id:*')).sort()
    expect(keys).toEqual(Object.keys(shown).sort())
    for (const [key, n] of Object.entries(shown))
      expect(await target.client.hmget(key, 'n', 'seen')).toEqual([n, '1'])
    await source.db.collection('people').deleteMany({})
    const third = await pipeline.catchUp()
    expect(third.exitCode, third.stderr).toBe(0)
    expect(await target.client.keys('people*')).toEqual([])
  })

  test('of one _id in two types have keys of their own where an expression says so', async ({
    target,
  }) => {
    await using source = await startMongoSource()
    const people = source.db.collection<{ _id: number | string | boolean }>('people')
    await people.insertMany([{ _id: 7 }, { _id: '7' }, { _id: true }, { _id: 1 }])
    const pipeline = pipelineFolder(target, 'mongodb', source, { tables: { 'shop.people': {} } })
    pipeline.job('people', {
      source: { table: 'people' },
      output: [
        write({ data_type: 'hash', key: jmespath("concat(['people:', type(_id), ':', _id])") }),
      ],
    })
    expect((await pipeline.catchUp()).exitCode).toBe(0)
    await people.deleteOne({ _id: 7 })
    const { exitCode, stderr } = await pipeline.catchUp()
    expect(exitCode, stderr).toBe(0)
    expect((await target.client.keys('people*')).sort()).toEqual([
      'people:boolean:True',
      'people:number:1',
      'people:string:7',
    ])
  })

  test('keep fields whatever their names are', async ({ target }) => {
    await using source = await startMongoSource()
    const fields: [string, string][] = [
      ['$price', '5'],
      ['$key0', 'mine'],
      ['$expire0', 'mine'],
      ['a.b', 'dot'],
      ['', 'empty'],
      ['(', 'bracket'],
      ['__proto__', 'p'],
      ['constructor', 'c'],
      ['имя', 'Ада'],
      ['名前', 'エイダ'],
      ['🙂 x', 'smile'],
    ]
    const document = (_id: number) =>
      new Map<string, unknown>([['_id', _id], ...fields, ['a', { b: 1 }]])
    await source.db.command({ insert: 'people', documents: [document(1)] })
    const pipeline = pipelineFolder(target, 'mongodb', source, { tables: { 'shop.people': {} } })
    pipeline.job('people', {
      source: { table: 'people' },
      transform: [{ uses: 'add_field', with: { field: 'own', ...jmespath('"a.b" || `none`') } }],
      output: [
        write({ data_type: 'hash', key: jmespath("concat(['p:', _id])"), expire: 1000 }),
        write({
          data_type: 'stream',
          key: jmespath('`stream`'),
          mapping: ['$price', { имя: 'name' }],
        }),
      ],
    })
    const first = await pipeline.catchUp()
    expect(first.exitCode, first.stderr).toBe(0)
    await source.db.command({ insert: 'people', documents: [document(2)] })
    await source.db.collection<{ _id: number }>('people').updateOne({ _id: 2 }, {
      $unset: { имя: 1 },
    } as Document)
    const { exitCode, stderr } = await pipeline.catchUp()
    expect(exitCode, stderr).toBe(0)
    const written = (id: string, without?: string) =>
      [['_id', id], ...fields, ['a', '{"b":1}'], ['own', 'dot']]
        .filter(([name]) => name !== without)
        .map((field) => field.join('='))
    const held = async (key: string) =>
      Object.entries(await target.client.hgetall(key)).map((field) => field.join('='))
    expect(new Set(await held('p:1'))).toEqual(new Set(written('1')))
    expect(new Set(await held('p:2'))).toEqual(new Set(written('2', 'имя')))
    expect(await target.client.ttl('p:2')).toBeGreaterThan(900)
    const [[, message] = []] = await target.client.xrange('stream', '-', '+')
    expect(message).toEqual(['$price', '5', 'name', 'Ада', 'op_code', 'r'])
  })

  test('keep bytes that are no text, and the last of two fields of one name', async ({
    target,
  }) => {
    await using source = await startMongoSource()
    const namespace = { database: 'shop', collection: 'people' }
    source.server.control.putBytes(namespace, brokenDocument(1))
    const pipeline = pipelineFolder(target, 'mongodb', source, { tables: { 'shop.people': {} } })
    const first = await pipeline.catchUp()
    expect(first.exitCode, first.stderr).toBe(0)
    source.server.control.putBytes(namespace, brokenDocument(2))
    const second = await pipeline.catchUp()
    expect(second.exitCode, second.stderr).toBe(0)
    expect(second.report).toMatchObject({ recordsDirty: 0 })
    for (const key of ['people:_id:1', 'people:_id:2']) {
      expect(await target.client.hgetBuffer(key, 'text')).toEqual(brokenText)
      expect(await target.client.hget(key, 'two')).toBe('2')
    }
    // An expression is given text, the field stays what it is.
    pipeline.job('people', {
      source: { table: 'people' },
      transform: [{ uses: 'add_field', with: { field: 'up', ...jmespath('upper(text)') } }],
      output: [write({ data_type: 'hash' })],
    })
    const anew = await pipeline.catchUp(['--restart'])
    expect(anew.exitCode, anew.stderr).toBe(0)
    expect(anew.report).toMatchObject({ recordsDirty: 0 })
    expect(await target.client.hget('people:_id:1', 'up')).toBe('CAF\uFFFD\uFFFD')
    expect(await target.client.hgetBuffer('people:_id:1', 'text')).toEqual(brokenText)
  })
})
