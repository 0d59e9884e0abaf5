import {
  BSONRegExp,
  Decimal128,
  Double,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  type Document,
} from 'mongodb'
import { expect, it } from 'vitest'
import { everyType } from './every-type.ts'
import { serve, type Served } from './served.ts'

const idNames = everyType.map(([name]) => name)

async function withEveryType(served: Served) {
  const collection = served.collection()
  const shuffled = everyType.map(([name, value]) => ({ _id: value, name, value }))
  shuffled.reverse()
  // Else the driver puts an ObjectId in place of null.
  await collection.insertMany(shuffled, { forceServerObjectId: true })
  return collection
}

const namesOf = async (found: { toArray(): Promise<Document[]> }) =>
  (await found.toArray()).map((document) => document['name'] as string)

it('orders values of all types as MongoDB does, in _id and in other fields', async () => {
  const collection = await withEveryType(await serve())
  expect(await namesOf(collection.find({}, { sort: { _id: 1 } }))).toEqual(idNames)
  expect(await namesOf(collection.find({}, { hint: { _id: 1 } }))).toEqual(idNames)
  expect(await namesOf(collection.find({}, { sort: { _id: -1 } }))).toEqual(idNames.toReversed())
  expect(await namesOf(collection.find({}, { sort: { value: 1 } }))).toEqual(idNames)
  expect(await namesOf(collection.aggregate([{ $sort: { value: -1, name: 1 } }]))).toEqual(
    idNames.toReversed(),
  )
})

it('gives documents in the order they came in when no order is asked for', async () => {
  const collection = await withEveryType(await serve())
  expect(await namesOf(collection.find())).toEqual(idNames.toReversed())
})

it.each(['_id', 'value'])('compares %s within the type of the bound', async (field) => {
  const collection = await withEveryType(await serve())
  const between = (first: string, last: string) =>
    idNames.slice(idNames.indexOf(first), idNames.indexOf(last) + 1)
  const find = (condition: object) =>
    namesOf(collection.find({ [field]: condition }, { sort: { _id: 1 } }))
  expect(await find({ $gt: 1 })).toEqual(between('one and a half', 'infinity'))
  expect(await find({ $gte: new Decimal128('1.0') })).toEqual(between('one', 'infinity'))
  expect(await find({ $lt: Long.fromNumber(0) })).toEqual(between('minus infinity', 'minus one'))
  expect(await find({ $lte: new Double(Number.NaN) })).toEqual(['nan'])
  expect(await find({ $gt: '' })).toEqual(between('text A', 'text 🂡'))
  expect(await find({ $lt: 'b' })).toEqual(between('empty text', 'text ab'))
  expect(await find({ $gte: new Date(0) })).toEqual(['date'])
  expect(await find({ $gt: new ObjectId('5e0be1000000000000000001') })).toEqual(['later object id'])
  expect(await find({ $gt: { a: 1 } })).toEqual(between('document a: 1, b: 1', 'document a: text'))
  expect(await find({ $gte: new MinKey() })).toEqual(idNames)
  expect(await find({ $gt: new MinKey(), $lt: new MaxKey() })).toEqual(idNames.slice(1, -1))
  expect(await find({ $gte: false, $lte: true })).toEqual(['false', 'true'])
  expect(await find({ $eq: new Decimal128('9007199254740993') })).toEqual(['2^53 + 1'])
  expect(await find({ $in: [1.5, 'a', null, new Date(1)] })).toEqual([
    'null',
    'one and a half',
    'text a',
    'date',
  ])
  expect(await find({ $type: 'number' })).toEqual(between('nan', 'infinity'))
  expect(await find({ $type: 'decimal' })).toEqual([
    'minus two',
    'a tenth as a decimal',
    'large decimal',
  ])
  expect(await find({ $type: ['long', 8] })).toContain('false')
  expect(await find({ $type: 'objectId', $gt: new ObjectId('5e0be1000000000000000001') })).toEqual([
    'later object id',
  ])
  expect(await find({ $ne: 1, $type: 'long' })).not.toContain('one')
  expect(await find({ $regex: '^a' })).toEqual(['text a', 'text a, zero', 'text ab'])
})

it('keeps every type as it was sent', async () => {
  const collection = await withEveryType(await serve())
  const options = { promoteValues: false, bsonRegExp: true, sort: { _id: 1 } } as const
  const found = await collection.find({}, options).toArray()
  expect(found.map(({ value }) => value)).toEqual(everyType.map(([, value]) => value))
  const pattern = new BSONRegExp('^a', 'i')
  await collection.insertOne({ _id: 'pattern', pattern })
  await collection.updateOne({ _id: 'pattern' }, { $set: { other: Long.ONE } })
  expect(await collection.findOne({ _id: 'pattern' }, options)).toEqual({
    _id: 'pattern',
    pattern,
    other: Long.ONE,
  })
})

it('takes numbers of different types for the same _id', async () => {
  const collection = (await serve()).collection()
  await collection.insertOne({ _id: new Int32(1) })
  for (const same of [Long.ONE, new Double(1), new Decimal128('1.00')])
    await expect(collection.insertOne({ _id: same })).rejects.toMatchObject({ code: 11000 })
  await collection.insertOne({ _id: '1' })
  expect(await collection.countDocuments()).toBe(2)
})

it('cuts mixed types into buckets that meet', async () => {
  const collection = await withEveryType(await serve())
  const buckets = await collection
    .aggregate([{ $bucketAuto: { groupBy: '$_id', buckets: 8 } }], { promoteValues: false })
    .toArray()
  expect(buckets).toHaveLength(8)
  for (const [index, { _id: id }] of buckets.slice(1).entries())
    expect(id.min).toEqual(buckets[index]?._id.max)
  expect(buckets.reduce((sum, { count }) => sum + Number(count), 0)).toBe(everyType.length)
})

it('looks into arrays, and sorts by their least or greatest member', async () => {
  const collection = (await serve()).collection()
  await collection.insertMany([
    { _id: 1, a: [5, 1] },
    { _id: 2, a: [] },
    { _id: 3 },
    { _id: 4, a: 3 },
    { _id: 5, a: [{ b: 7 }, { b: [8, 9] }] },
    { _id: 6, a: [[30]] },
  ])
  const ids = async (filter: object) =>
    (await collection.find(filter, { sort: { _id: 1 } }).toArray()).map(({ _id: id }) => id)
  expect(await ids({ a: 5 })).toEqual([1])
  expect(await ids({ a: null })).toEqual([3])
  expect(await ids({ 'a.b': { $gt: 8 } })).toEqual([5])
  expect(await ids({ 'a.0': { $gt: 4 } })).toEqual([1])
  expect(await ids({ 'a.0': [30] })).toEqual([6])
  expect(await ids({ 'a.0.b': { $exists: true } })).toEqual([5])
  expect(await ids({ 'a.0.b': null, _id: { $lt: 5 } })).toEqual([3, 4])
  expect(await ids({ a: { $elemMatch: { $gt: 1, $lt: 6 } } })).toEqual([1])
  expect(await ids({ a: { $elemMatch: { $gt: 20 } } })).toEqual([])
  expect(await ids({ a: { $elemMatch: { $not: { $gt: 1 } } } })).toEqual([1, 5, 6])
  expect(await ids({ a: { $elemMatch: { b: 9 } } })).toEqual([5])
  expect(await ids({ a: { $elemMatch: { b: null } } })).toEqual([6])
  expect(await ids({ a: { $elemMatch: { 0: 30 } } })).toEqual([6])
  expect(await ids({ 'a.b': { $elemMatch: { $gt: 1 } } })).toEqual([5])
  expect(await ids({ 'a.b': { $elemMatch: { $lt: 8 } } })).toEqual([])
  expect(await ids({ a: { $size: 1 } })).toEqual([6])
  expect(await ids({ a: { $size: 2 } })).toEqual([1, 5])
  expect(await ids({ a: { $type: 'array' } })).toEqual([1, 2, 5, 6])
  expect(await ids({ a: { $exists: false } })).toEqual([3])
  expect(await ids({ $expr: { $gt: ['$a', 4] }, _id: { $lt: 3 } })).toEqual([1, 2])
  expect(await collection.distinct('a.b')).toEqual([7, 8, 9])
  const sorted = await collection.find({}, { sort: { a: 1, _id: 1 } }).toArray()
  expect(sorted.map(({ _id: id }) => id)).toEqual([2, 3, 1, 4, 5, 6])
})
