import fc from 'fast-check'
import { MongoClient, type Collection, type Document } from 'mongodb'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sortKey } from '../src/order/sort-key.ts'
import { startMongoTestServer, type MongoTestServer } from '../src/index.ts'
import { everyType } from './every-type.ts'
import type { AnyDocument } from './served.ts'

/** What the test server answers, compared with an engine that others wrote; `npm run test:matrix` starts one. */
const backend = process.env['MILLRACE_TEST_DOCUMENTDB_URL'] ?? ''

const database = `compared_${process.pid}`
const servers: { readonly server: MongoTestServer; readonly client: MongoClient }[] = []

beforeAll(async () => {
  if (backend === '') return
  for (const options of [{}, { backend }]) {
    const server = await startMongoTestServer(options)
    servers.push({ server, client: await new MongoClient(server.url).connect() })
  }
})

afterAll(async () => {
  for (const { server, client } of servers) {
    await client.db(database).dropDatabase()
    await client.close()
    await server.close()
  }
})

const lossless = { promoteValues: false, bsonRegExp: true } as const

type Question = (items: Collection<AnyDocument>) => Promise<unknown>

/** Every question is asked of both servers, with the same documents there. */
async function expectSameAnswers(
  documents: readonly object[],
  questions: readonly Question[],
): Promise<void> {
  const answers: unknown[][] = []
  for (const { client } of servers) {
    const items = client.db(database).collection<AnyDocument>('items')
    await items.drop()
    const numbered = documents.map((document, _id) => ({ _id, ...document }))
    if (numbered.length > 0)
      await items.insertMany(numbered, { ignoreUndefined: true, forceServerObjectId: true })
    const given: unknown[] = []
    for (const ask of questions) given.push(await ask(items))
    answers.push(given)
  }
  const [ours, theirs] = answers
  expect(ours).toEqual(theirs)
}

const value: fc.Arbitrary<unknown> = fc.constantFrom(...everyType.map(([, one]) => one))
const member = fc.oneof(
  { weight: 5, arbitrary: value },
  { weight: 1, arbitrary: fc.array(value, { minLength: 1, maxLength: 2 }) },
)
const list = fc.array(member, { maxLength: 3 })
const fieldOf = (lists: fc.Arbitrary<unknown>) =>
  fc.option(fc.oneof({ weight: 4, arbitrary: value }, { weight: 1, arbitrary: lists }), {
    nil: undefined,
  })
const documentsOf = (field: fc.Arbitrary<unknown>) => {
  const inner = fc.record({ c: field })
  const outer = fc.oneof(inner, fc.array(inner, { minLength: 1, maxLength: 2 }), value)
  const b = fc.option(outer, { nil: undefined })
  return fc.array(fc.record({ a: field, b }), { maxLength: 12 })
}
const documents = documentsOf(fieldOf(list))

const comparison = fc
  .tuple(fc.constantFrom('$eq', '$ne', '$gt', '$gte', '$lt', '$lte'), value)
  .map(([name, bound]) => ({ [name]: bound }))
/** In `$in`, DocumentDB takes a decimal and a double of the same value for different ones. */
const listed = value.filter(
  (one) => !['Decimal128', 'Double'].includes(String(Object(one)._bsontype)),
)
const types = [
  'number',
  'int',
  'long',
  'double',
  'decimal',
  'string',
  'object',
  'array',
  'null',
  'bool',
]
const condition: fc.Arbitrary<Document> = fc.oneof(
  comparison,
  fc.tuple(comparison, comparison).map(([one, other]) => ({ ...one, ...other })),
  comparison.map(($not) => ({ $not })),
  comparison.map(($elemMatch) => ({ $elemMatch })),
  comparison.map(($not) => ({ $elemMatch: { $not } })),
  comparison.map((inner) => ({ $elemMatch: { c: inner } })),
  fc
    .tuple(fc.constantFrom('$in', '$nin', '$all'), fc.array(listed, { minLength: 1, maxLength: 3 }))
    .map(([name, wanted]) => ({ [name]: wanted })),
  fc.boolean().map(($exists) => ({ $exists })),
  fc.integer({ min: 0, max: 3 }).map(($size) => ({ $size })),
  fc.constantFrom(...types).map(($type) => ({ $type })),
  fc.constantFrom('^a', '^$').map(($regex) => ({ $regex })),
)
const onField = fc
  .tuple(fc.constantFrom('a', 'b', 'b.c', 'a.0', 'a.a', 'b.0.c', 'b.c.0'), condition)
  .map(([path, inner]): Document => ({ [path]: inner }))
const filter = fc.oneof(
  { weight: 4, arbitrary: onField },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom('$and', '$or', '$nor'), fc.tuple(onField, onField))
      .map(([name, both]): Document => ({ [name]: both })),
  },
)

const ids = async (found: { toArray(): Promise<Document[]> }) =>
  (await found.toArray()).map((document) => document['_id'] as unknown)

describe.skipIf(backend === '')('the test server and DocumentDB', () => {
  it('find the same documents', { timeout: 120_000 }, async () => {
    const filters = fc.array(filter, { minLength: 20, maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(documents, filters, async (held, asked) => {
        const questions = asked.flatMap((one): Question[] => [
          async (items) => [one, await ids(items.find(one, { sort: { _id: 1 } }))],
          (items) => items.countDocuments(one),
        ])
        await expectSameAnswers(held, questions)
      }),
      { numRuns: 40 },
    )
  })

  it('sort alike', { timeout: 120_000 }, async () => {
    // An empty array comes before null in MongoDB; in DocumentDB it is as null is.
    const sorted = documentsOf(fieldOf(fc.array(member, { minLength: 1, maxLength: 3 })))
    await fc.assert(
      fc.asyncProperty(sorted, async (held) => {
        const orders = ['a', 'b', 'b.c'].flatMap((path) => [{ [path]: 1 }, { [path]: -1 }] as const)
        const questions = orders.map((order): Question => async (items) => [
          order,
          await ids(items.find({}, { sort: { ...order, _id: 1 } })),
        ])
        await expectSameAnswers(held, questions)
      }),
      { numRuns: 40 },
    )
  })

  it('project alike, types and order of fields as they are', { timeout: 120_000 }, async () => {
    const projections = [
      { a: 1 },
      { a: 0 },
      { _id: 0 },
      { _id: 1 },
      { 'b.c': 1 },
      { 'b.c': 0 },
      { 'b.c': 1, a: 1, _id: 0 },
      { 'b.c': 1, 'b.d': 1 },
      { 'a.a': 1 },
      { 'a.a': 0 },
      { 'a.0': 1 },
    ]
    await fc.assert(
      fc.asyncProperty(documents, async (held) => {
        const questions = projections.flatMap((projection): Question[] => [
          (items) => items.find({}, { ...lossless, projection, sort: { _id: 1 } }).toArray(),
          (items) =>
            items.aggregate([{ $sort: { _id: 1 } }, { $project: projection }], lossless).toArray(),
        ])
        await expectSameAnswers(held, questions)
      }),
      { numRuns: 30 },
    )
  })

  it('name the same different values', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(documents, async (held) => {
        // Which of several equal numbers is named is up to the server.
        const questions = ['a', 'b.c'].map(
          (path): Question =>
            async (items) =>
              (await items.distinct(path, {}, lossless)).map((one) => sortKey(one)).sort(),
        )
        await expectSameAnswers(held, questions)
      }),
      { numRuns: 40 },
    )
  })

  it(
    'cut the same buckets where documents can be shared out evenly',
    { timeout: 120_000 },
    async () => {
      const cut = fc
        .tuple(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 5 }))
        .chain(([buckets, size]) =>
          fc
            .shuffledSubarray([...everyType], {
              minLength: buckets * size,
              maxLength: buckets * size,
            })
            .map((values) => ({
              buckets,
              values: values.map(([, one]) => ({ _id: one, a: one })),
            })),
        )
      await fc.assert(
        fc.asyncProperty(cut, async ({ buckets, values }) => {
          const questions = ['$_id', '$a'].map(
            (groupBy): Question =>
              (items) =>
                items.aggregate([{ $bucketAuto: { groupBy, buckets } }], lossless).toArray(),
          )
          await expectSameAnswers(values, questions)
        }),
        { numRuns: 40 },
      )
    },
  )
})
