import { Decimal128, Double, Int32, Long } from 'mongodb'
import { expect, it } from 'vitest'
import { serve } from './served.ts'

it('inserts, and says which documents it has not', async () => {
  const items = (await serve()).collection()
  await items.insertOne({ _id: 2 })
  await expect(
    items.insertMany([{ _id: 1 }, { _id: 2 }, { _id: 3 }], { ordered: false }),
  ).rejects.toMatchObject({ code: 11000, insertedCount: 2 })
  await expect(items.insertMany([{ _id: 4 }, { _id: 2 }, { _id: 5 }])).rejects.toMatchObject({
    insertedCount: 1,
  })
  expect(await items.distinct('_id')).toEqual([1, 2, 3, 4])
  await items.insertOne({ a: 1, _id: 'late' })
  expect(Object.keys((await items.findOne({ _id: 'late' })) ?? {})).toEqual(['_id', 'a'])
})

it('keeps the types of numbers it calculates with', async () => {
  const items = (await serve()).collection()
  await items.insertOne({
    _id: 1,
    int: new Int32(2147483647),
    long: Long.fromString('9007199254740993'),
    double: new Double(1),
    decimal: new Decimal128('1.5'),
  })
  await items.updateOne({ _id: 1 }, { $inc: { int: 1, long: 1, double: 1, decimal: 1, fresh: 3 } })
  expect(await items.findOne({ _id: 1 }, { promoteValues: false })).toEqual({
    _id: new Int32(1),
    int: Long.fromNumber(2147483648),
    long: Long.fromString('9007199254740994'),
    double: new Double(2),
    decimal: new Decimal128('2.5'),
    fresh: new Int32(3),
  })
  await items.updateOne({ _id: 1 }, { $set: { text: 'x' } })
  await expect(items.updateOne({ _id: 1 }, { $inc: { text: 1 } })).rejects.toMatchObject({
    code: 14,
  })
})

it('updates with operators, pipelines, replacements and upserts', async () => {
  const items = (await serve()).collection()
  expect(
    await items.updateOne(
      { _id: 7, kind: 'a' },
      { $set: { n: 1 }, $setOnInsert: { made: true } },
      { upsert: true },
    ),
  ).toMatchObject({ upsertedCount: 1, upsertedId: 7 })
  await items.updateOne(
    { _id: 7 },
    {
      $setOnInsert: { made: false },
      $push: { l: { $each: [3, 1, 2], $sort: 1, $slice: 2 } } as never,
    },
  )
  expect(await items.findOne()).toEqual({ _id: 7, kind: 'a', n: 1, made: true, l: [1, 2] })
  await items.updateOne({ _id: 7 }, [{ $set: { n: { $add: ['$n', 4] } } }, { $unset: 'made' }])
  expect(await items.findOne()).toEqual({ _id: 7, kind: 'a', n: 5, l: [1, 2] })
  await items.replaceOne({ _id: 7 }, { only: 1 })
  expect(await items.findOne()).toEqual({ _id: 7, only: 1 })
  await items.insertMany([{ _id: 8 }, { _id: 9 }])
  expect(await items.updateMany({ _id: { $gt: 7 } }, { $set: { x: 1 } })).toMatchObject({
    matchedCount: 2,
    modifiedCount: 2,
  })
  await expect(items.replaceOne({ _id: 8 }, { _id: 80 } as never)).rejects.toMatchObject({
    code: 66,
  })
  expect(await items.deleteMany({ x: 1 })).toMatchObject({ deletedCount: 2 })
})

it('changes one document and gives it back', async () => {
  const items = (await serve()).collection()
  await items.insertMany([
    { _id: 1, n: 3 },
    { _id: 2, n: 4 },
  ])
  expect(await items.findOneAndUpdate({}, { $inc: { n: 1 } }, { sort: { n: -1 } })).toEqual({
    _id: 2,
    n: 4,
  })
  expect(
    await items.findOneAndUpdate({ _id: 2 }, { $inc: { n: 1 } }, { returnDocument: 'after' }),
  ).toEqual({ _id: 2, n: 6 })
  expect(await items.findOneAndDelete({ _id: 1 })).toEqual({ _id: 1, n: 3 })
  expect(await items.findOneAndDelete({ _id: 1 })).toBeNull()
  expect(
    await items.findOneAndReplace({ _id: 5 }, { n: 1 }, { upsert: true, returnDocument: 'after' }),
  ).toEqual({ _id: 5, n: 1 })
})

it('takes bulk writes', async () => {
  const items = (await serve()).collection()
  const result = await items.bulkWrite([
    { insertOne: { document: { _id: 1 } } },
    { updateOne: { filter: { _id: 1 }, update: { $set: { a: 1 } } } },
    { deleteOne: { filter: { _id: 1 } } },
    { replaceOne: { filter: { _id: 2 }, replacement: { b: 1 }, upsert: true } },
  ])
  expect(result).toMatchObject({
    insertedCount: 1,
    modifiedCount: 1,
    deletedCount: 1,
    upsertedCount: 1,
  })
})
