import { Long } from 'mongodb'
import { expect, vi } from 'vitest'
import {
  documentContent,
  jsonCommands,
  startJsonProxy,
  throughProxy,
  withDocuments,
} from './support/json-proxy.ts'
import { makeMongoDatabase } from './support/mongo-database.ts'
import { jmespath, write, pipelineFolder } from './support/pipeline-folder.ts'
import { test } from './support/redis-test.ts'

interface Person {
  readonly _id: string
  readonly name?: string
  readonly address?: object
}

/** What documents become, in the snapshot and by each change. */
const documentCommands = {
  replace: [
    ['JSON.SET json:ada $ {"_id":"ada","name":"Ada","address":{"city":"Oslo","no":1}}'],
    ['JSON.SET json:ada $ {"_id":"ada","name":"Ada","address":{"city":"Rome","no":1}}'],
    ['JSON.SET json:ada $ {"_id":"ada","address":{"city":"Rome"},"tags":["x",null]}'],
    ['JSON.SET json:ada $ {"_id":"ada","tags":["x",null],"big":9223372036854775807}'],
    ['JSON.SET json:bob $ {"_id":"bob","age":null}'],
    ['DEL json:ada'],
  ],
  merge: [
    [
      'JSON.SET json:ada $ {} NX',
      'JSON.MERGE json:ada $ {"address":null}',
      'JSON.MERGE json:ada $ {"_id":"ada","name":"Ada","address":{"city":"Oslo","no":1}}',
    ],
    [
      'JSON.SET json:ada $ {} NX',
      'JSON.MERGE json:ada $ {"address":null}',
      'JSON.MERGE json:ada $ {"_id":"ada","name":"Ada","address":{"city":"Rome","no":1}}',
    ],
    [
      'JSON.SET json:ada $ {} NX',
      'JSON.MERGE json:ada $ {"name":null,"address":null,"tags":null}',
      'JSON.MERGE json:ada $ {"_id":"ada","address":{"city":"Rome"},"tags":["x",null]}',
    ],
    [
      'JSON.SET json:ada $ {} NX',
      'JSON.MERGE json:ada $ {"name":null,"address":null,"tags":null,"big":null}',
      'JSON.MERGE json:ada $ {"_id":"ada","tags":["x",null],"big":9223372036854775807}',
    ],
    ['JSON.SET json:bob $ {} NX', 'JSON.MERGE json:bob $ {"_id":"bob","age":null}'],
    ['DEL json:ada'],
  ],
} as const
/** What is left of them: a merge takes a null away. */
const leftDocument = { replace: '{"_id":"bob","age":null}', merge: '{"_id":"bob"}' } as const

test.for(['replace', 'merge'] as const)(
  'a pipeline from MongoDB keeps JSON documents as they are: %s',
  async (on_update, { target }) => {
    await using source = await makeMongoDatabase()
    await using redis = await startJsonProxy(target.server.port)
    const people = source.db.collection<Person>('people')
    await people.insertOne({ _id: 'ada', name: 'Ada', address: { city: 'Oslo', no: 1 } })
    const pipeline = pipelineFolder(throughProxy(target, redis), 'mongodb', source, {
      tables: { [`${source.name}.people`]: {} },
    })
    const key = jmespath("concat(['json:', _id])")
    pipeline.job('people', {
      source: { table: 'people' },
      output: [write({ data_type: 'json', on_update, key })],
    })
    const changes = [
      () => people.updateOne({ _id: 'ada' }, { $set: { 'address.city': 'Rome' } as never }),
      () =>
        people.updateOne(
          { _id: 'ada' },
          { $unset: { 'address.no': 1, name: 1 } as never, $set: { tags: ['x', null] } as never },
        ),
      () =>
        people.updateOne(
          { _id: 'ada' },
          { $unset: { address: 1 } as never, $set: { big: Long.MAX_VALUE } as never },
        ),
      () => people.insertOne({ _id: 'bob', age: null } as never),
      () => people.deleteOne({ _id: 'ada' }),
    ]
    const running = pipeline.follow()
    const sent: string[] = []
    for (const commands of documentCommands[on_update]) {
      sent.push(...commands)
      await vi.waitFor(
        async () => {
          if (running.child.exitCode !== null) throw new Error((await running.ended).stderr)
          const found = await jsonCommands(target.client)
          expect(found.map((command) => command.join(' '))).toEqual(sent)
        },
        { timeout: 20_000, interval: 20 },
      )
      await changes.shift()?.()
    }
    running.child.kill('SIGTERM')
    const { exitCode, stderr } = await running.ended
    expect(exitCode, stderr).toBe(143)
    const documents = await withDocuments(new Map(), target.client)
    expect(documents).toEqual(new Map([['json:bob', documentContent(leftDocument[on_update])]]))
  },
)

test.for(['replace', 'merge'] as const)(
  'changes that bring fields alone change these in JSON documents: %s',
  async (on_update, { target }) => {
    await using source = await makeMongoDatabase()
    await using redis = await startJsonProxy(target.server.port)
    // Keys of the default shape, which the proxy takes for documents.
    const people = source.db.collection<Person>('json')
    await people.insertOne({ _id: 'ada', name: 'Ada', address: { city: 'Oslo', no: 1 } })
    const pipeline = pipelineFolder(throughProxy(target, redis), 'mongodb', source, {
      tables: { [`${source.name}.json`]: {} },
      settings: { 'capture.mode': 'change_streams' },
    })
    pipeline.job('people', {
      source: { table: 'json' },
      output: [write({ data_type: 'json', on_update })],
    })
    const first = await pipeline.catchUp()
    expect(first.exitCode, first.stderr).toBe(0)
    expect(first.stderr).not.toContain('capture.mode')
    const before = (await jsonCommands(target.client)).length
    const set = async (change: object) => {
      await people.updateOne({ _id: 'ada' }, change)
    }
    await set({ $set: { name: 'Countess', 'odd name': [1, { x: null }] }, $unset: { gone: 1 } })
    const one = await pipeline.catchUp()
    expect(one.exitCode, one.stderr).toBe(0)
    const commands = (await jsonCommands(target.client)).slice(before)
    expect(commands.map((command) => command.join(' ')).join('\n')).not.toContain('address')
    await set({ $set: { 'address.city': 'Rome' }, $unset: { name: 1 } })
    await set({ $unset: { 'address.no': 1 }, $set: { tags: ['x'] } })
    await set({ $push: { tags: 'y' } })
    await people.insertOne({ _id: 'bob', name: 'Bob' })
    await people.replaceOne({ _id: 'bob' }, { name: 'Robert', age: 3 } as never)
    await people.insertOne({ _id: 'eve', name: 'Eve' })
    await people.deleteOne({ _id: 'eve' })
    const { exitCode, stderr, report } = await pipeline.catchUp()
    expect(exitCode, stderr).toBe(0)
    expect(report).toMatchObject({ recordsDirty: 0 })
    const ada = '{"_id":"ada","address":{"city":"Rome"},"odd name":[1,{"x":null}],"tags":["x","y"]}'
    expect(await withDocuments(new Map(), target.client)).toEqual(
      new Map([
        ['json:_id:ada', documentContent(ada)],
        ['json:_id:bob', documentContent('{"_id":"bob","name":"Robert","age":3}')],
      ]),
    )
  },
)
