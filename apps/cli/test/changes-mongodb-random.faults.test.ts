import fc from 'fast-check'
import { BSON } from 'mongodb'
import { describe, expect } from 'vitest'
import { differences, foundContents, setText, type Contents } from './support/change-contents.ts'
import { changeStream } from './support/change-pipeline.ts'
import { readMessages, streamDifferences, withoutVersion } from './support/change-stream-order.ts'
import {
  documentContent,
  jsonPrefix,
  startJsonProxy,
  throughProxy,
  withDocuments,
} from './support/json-proxy.ts'
import { documentText, fieldText, jsonText } from './support/mongo-contents.ts'
import { makeMongoDatabase, type MongoDatabase } from './support/mongo-database.ts'
import { mongoLogEnd, readMongoLog } from './support/mongo-log.ts'
import { randomCollections, randomDocumentTransactions } from './support/mongo-random.ts'
import { RandomDocuments } from './support/mongo-random-writer.ts'
import type { MongoCapture } from './support/mongo-pipeline.ts'
import { jmespath, write, pipelineFolder, type PipelineFolder } from './support/pipeline-folder.ts'
import { test, type RedisTarget } from './support/redis-test.ts'
import { isLong, SeededRandom } from './support/seeded-random.ts'

const rounds = isLong
  ? { images: 200, lookups: 200, fields: 200 }
  : { images: 30, lookups: 10, fields: 15 }

/** Keys of `item` besides its hash: made of fields that change where the server keeps what they were. */
const itemKeys = {
  images: {
    name: (grp: unknown, id: string) => `name:${String(grp)}:${id}`,
    nameExpression: "concat(['name:', grp, ':', _id])",
    group: (grp: unknown) => `grp:${String(grp)}`,
    groupExpression: "concat(['grp:', grp])",
  },
  lookups: {
    name: (_: unknown, id: string) => `name:${id}`,
    nameExpression: "concat(['name:', _id])",
    group: () => 'items',
    groupExpression: '`items`',
  },
} as const

const toStream = (name: string) =>
  write({
    data_type: 'stream',
    key: jmespath(`\`${changeStream}\``),
    mapping: [{ _id: name }, 'version'],
  })

function randomPipeline(
  target: RedisTarget,
  database: MongoDatabase,
  capture: MongoCapture,
): PipelineFolder {
  const pipeline = pipelineFolder(target, 'mongodb', database, {
    tables: Object.fromEntries(randomCollections.map((name) => [`${database.name}.${name}`, {}])),
    ...(capture === 'images' && {
      settings: {
        'capture.mode': 'change_streams_update_full_with_pre_image',
        'capture.mode.full.update.type': 'post_image',
      },
    }),
  })
  const keys = itemKeys[capture]
  pipeline.job('item', {
    source: { table: 'item' },
    output: [
      write({ data_type: 'hash' }),
      write({
        data_type: 'string',
        key: jmespath(keys.nameExpression),
        args: { value: 'version' },
      }),
      write({ data_type: 'set', key: jmespath(keys.groupExpression), args: { member: '_id' } }),
      write({ data_type: 'json', key: jmespath(`concat(['${jsonPrefix}', _id])`) }),
      toStream('item'),
    ],
  })
  pipeline.job('paper', {
    source: { table: 'paper' },
    output: [write({ data_type: 'hash' }), toStream('paper')],
  })
  return pipeline
}

async function contentsOfCollections(
  { db }: MongoDatabase,
  capture: MongoCapture,
): Promise<Contents> {
  const contents: Contents = new Map()
  const groups = new Map<string, string[]>()
  for (const document of await db.collection('item').find().toArray()) {
    const id = fieldText(document._id)
    contents.set(`item:_id:${id}`, documentText(document))
    contents.set(`${jsonPrefix}${id}`, documentContent(jsonText(document)))
    contents.set(itemKeys[capture].name(document['grp'], id), `string ${document['version']}`)
    const group = itemKeys[capture].group(document['grp'])
    groups.set(group, [...(groups.get(group) ?? []), id])
  }
  for (const [group, members] of groups) contents.set(group, setText(members))
  for (const document of await db.collection('paper').find().toArray())
    contents.set(`paper:_id:${fieldText(document._id)}`, documentText(document))
  return contents
}

test(
  `random changes of MongoDB that bring fields alone leave the collections in hashes and documents, ${rounds.fields} times`,
  { timeout: rounds.fields * 10_000 },
  async ({ target }) => {
    const { seed } = new SeededRandom('random changes of mongodb by fields')
    await using database = await makeMongoDatabase()
    const documents = new RandomDocuments(database, false)
    await documents.begin()
    const tables = Object.fromEntries(
      randomCollections.map((name) => [`${database.name}.${name}`, {}]),
    )
    const settings = { 'capture.mode': 'change_streams' }
    await using redis = await startJsonProxy(target.server.port, 'item:')
    const through = throughProxy(target, redis)
    const pipeline = pipelineFolder(through, 'mongodb', database, { tables, settings })
    pipeline.job('item', { source: { table: 'item' }, output: [write({ data_type: 'json' })] })
    const property = fc.asyncProperty(randomDocumentTransactions, async (transactions) => {
      for (const transaction of transactions) await documents.carryOut(transaction)
      const { exitCode, stderr, report } = await pipeline.catchUp()
      expect(exitCode, stderr).toBe(0)
      expect(report).toMatchObject({ guarantee: 'exactly-once', recordsDirty: 0 })
      const expected: Contents = new Map()
      for (const document of await database.db.collection('item').find().toArray())
        expected.set(`item:_id:${fieldText(document._id)}`, documentContent(jsonText(document)))
      for (const document of await database.db.collection('paper').find().toArray())
        expected.set(`paper:_id:${fieldText(document._id)}`, documentText(document))
      const found = await withDocuments(await foundContents(target.client), target.client)
      expect(
        differences(expected, found),
        BSON.EJSON.stringify(transactions, { relaxed: false }),
      ).toEqual([])
    })
    // One goes on where the one before has stopped, so that a failure cannot be made smaller.
    await fc.assert(property, { seed, numRuns: rounds.fields, endOnFailure: true })
  },
)

describe.concurrent.each(['images', 'lookups'] as const)(
  'random changes of MongoDB with %s',
  (capture) => {
    const seeds = rounds[capture]
    test(
      `leave the collections in Redis, ${seeds} times`,
      { timeout: seeds * 10_000 },
      async ({ target }) => {
        const { seed } = new SeededRandom(`random changes of mongodb with ${capture}`)
        await using database = await makeMongoDatabase()
        const documents = new RandomDocuments(database, capture === 'images')
        const began = await mongoLogEnd(database)
        await documents.begin()
        await using redis = await startJsonProxy(target.server.port)
        const pipeline = randomPipeline(throughProxy(target, redis), database, capture)
        const first = await pipeline.catchUp()
        expect(first.exitCode, first.stderr).toBe(0)
        const property = fc.asyncProperty(randomDocumentTransactions, async (transactions) => {
          for (const transaction of transactions) await documents.carryOut(transaction)
          const { exitCode, stderr, report } = await pipeline.catchUp()
          expect(exitCode, stderr).toBe(0)
          expect(report).toMatchObject({ guarantee: 'exactly-once', recordsDirty: 0 })
          const expected = await contentsOfCollections(database, capture)
          const found = await withDocuments(await foundContents(target.client), target.client)
          expect(
            differences(expected, found),
            BSON.EJSON.stringify(transactions, { relaxed: false }),
          ).toEqual([])
        })
        // One goes on where the one before has stopped, so that a failure cannot be made smaller.
        await fc.assert(property, { seed, numRuns: seeds, endOnFailure: true })
        const keys = new Map(randomCollections.map((name) => [name, ['_id']]))
        const messages = await readMessages(target.client, keys)
        const log = await readMongoLog(database, began)
        expect(messages.filter(({ operation }) => operation === 'r')).toHaveLength(4)
        const differing =
          capture === 'images'
            ? streamDifferences(messages, log)
            : // What looked-up documents say of a change is as they were later.
              streamDifferences(withoutVersion(messages), withoutVersion(log))
        expect(differing).toEqual([])
        expect(messages.length).toBeGreaterThan(10 * seeds)
      },
    )
  },
)
