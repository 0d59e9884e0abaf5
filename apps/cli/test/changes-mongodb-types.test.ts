import { Binary, Decimal128, Double, Long, MinKey, ObjectId, Timestamp, UUID } from 'mongodb'
import { expect } from 'vitest'
import { makeMongoDatabase } from './support/mongo-database.ts'
import { jmespath, pipelineFolder, write } from './support/pipeline-folder.ts'
import { test } from './support/redis-test.ts'

/** A value of each type, and its field of a hash. */
const types: Readonly<Record<string, readonly [value: unknown, field: string | undefined]>> = {
  text: ['é 名\n', 'é 名\n'],
  empty: ['', ''],
  int: [7, '7'],
  long: [Long.fromString('-9223372036854775808'), '-9223372036854775808'],
  double: [new Double(0.1), '0.1'],
  whole: [new Double(3), '3'],
  negativeZero: [new Double(-0), '-0'],
  decimal: [
    Decimal128.fromString('1234567890.123456789012345678'),
    '1234567890.123456789012345678',
  ],
  yes: [true, '1'],
  nothing: [null, undefined],
  before: [new Date('1969-12-31T23:59:59.123Z'), '1969-12-31T23:59:59.123Z'],
  day: [new Date('2026-03-29T01:30:00Z'), '2026-03-29T01:30:00Z'],
  id: [new ObjectId('65a1b2c3d4e5f60718293a4b'), '65a1b2c3d4e5f60718293a4b'],
  uuid: [new UUID('00112233-4455-6677-8899-aabbccddeeff'), '00112233-4455-6677-8899-aabbccddeeff'],
  bytes: [new Binary(Buffer.from([0xfb, 0xff])), '+/8='],
  time: [new Timestamp({ t: 1, i: 2 }), '{"$timestamp":{"t":1,"i":2}}'],
  pattern: [/^a/i, '{"$regularExpression":{"pattern":"^a","options":"i"}}'],
  least: [new MinKey(), '{"$minKey":1}'],
  nested: [
    { a: [1, { b: Decimal128.fromString('2.0') }, new Date(0)], c: null },
    '{"a":[1,{"b":"2.0"},"1970-01-01T00:00:00Z"],"c":null}',
  ],
  list: [[Long.fromString('9007199254740993'), null, 'x'], '[9007199254740993,null,"x"]'],
}

const values = Object.fromEntries(Object.entries(types).map(([name, [value]]) => [name, value]))
const fields = Object.fromEntries(
  Object.entries(types).flatMap(([name, [, field]]) =>
    field === undefined ? [] : [[name, field]],
  ),
)

test('every type of MongoDB has the same bytes in changes as in the snapshot, in every time zone', async ({
  target,
}) => {
  for (const TZ of ['UTC', 'Asia/Kathmandu', 'America/New_York']) {
    await using database = await makeMongoDatabase()
    const collection = database.db.collection<{ _id: string }>('types')
    await collection.insertMany([
      { _id: 'read', ...values },
      { _id: 'updated' },
      { _id: 'replaced' },
    ])
    const pipeline = pipelineFolder(target, 'mongodb', database, {
      tables: { [`${database.name}.types`]: {} },
    })
    pipeline.job('types', {
      source: { table: 'types' },
      output: [
        write({ data_type: 'hash' }),
        write({ data_type: 'stream', key: jmespath("concat(['changes:', _id])") }),
      ],
    })
    const env = { TZ }
    const begun = await pipeline.catchUp([], { env })
    expect(begun.exitCode, begun.stderr).toBe(0)
    await collection.insertOne({ _id: 'inserted', ...values })
    await collection.updateOne({ _id: 'updated' }, { $set: values })
    await collection.replaceOne({ _id: 'replaced' }, values)
    const followed = await pipeline.catchUp([], { env })
    expect(followed.exitCode, followed.stderr).toBe(0)
    expect(followed.report).toMatchObject({ recordsWritten: 3, recordsDirty: 0 })
    for (const _id of ['read', 'inserted', 'updated', 'replaced']) {
      expect(await target.client.hgetall(`types:_id:${_id}`), _id).toEqual({ _id, ...fields })
      const [last] = await target.client.xrevrange(`changes:${_id}`, '+', '-', 'COUNT', 1)
      const message = Object.fromEntries(pairs(last?.[1] ?? []))
      expect(message, _id).toEqual({ _id, ...fields, op_code: message['op_code'] })
    }
    await target.clear()
  }
})

function pairs(flat: readonly string[]): [string, string][] {
  return flat.flatMap((name, at): [string, string][] =>
    at % 2 === 0 ? [[name, flat[at + 1] ?? '']] : [],
  )
}
