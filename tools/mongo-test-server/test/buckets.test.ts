import fc from 'fast-check'
import { MinKey } from 'mongodb'
import { expect, it } from 'vitest'
import { serve, type AnyId } from './served.ts'

it('gives the same buckets of _id by its order as of any other field', async () => {
  const { collection } = await serve()
  const id: fc.Arbitrary<AnyId> = fc.oneof(
    fc.integer({ min: 0, max: 40 }),
    fc.string({ maxLength: 2 }),
  )
  const ids = fc.uniqueArray(id, { maxLength: 30 })
  await fc.assert(
    fc.asyncProperty(ids, fc.integer({ min: 1, max: 9 }), async (values, buckets) => {
      await collection().drop()
      if (values.length > 0)
        await collection().insertMany(values.map((value) => ({ _id: value, same: value })))
      const by = (groupBy: string) =>
        collection()
          .aggregate([{ $bucketAuto: { groupBy, buckets } }])
          .toArray()
      expect(await by('$_id')).toEqual(await by('$same'))
    }),
    { numRuns: 30 },
  )
})

it('bounds a bucket by the least of the next, null too', async () => {
  const { collection } = await serve()
  const values = [new MinKey(), null, 1]
  const documents = values.map((value) => ({ _id: value, same: value }))
  await collection().insertMany(documents, { forceServerObjectId: true })
  for (const groupBy of ['$_id', '$same']) {
    const stage = { $bucketAuto: { groupBy, buckets: 3 } }
    expect(await collection().aggregate([stage]).toArray()).toEqual([
      { _id: { min: new MinKey(), max: null }, count: 1 },
      { _id: { min: null, max: 1 }, count: 1 },
      { _id: { min: 1, max: 1 }, count: 1 },
    ])
  }
})
