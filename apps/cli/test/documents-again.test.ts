import { describe, expect, vi } from 'vitest'
import { startMongoSource } from './support/mongo-source.ts'
import { jmespath, pipelineFolder, write } from './support/pipeline-folder.ts'
import { test } from './support/redis-test.ts'

interface Person {
  readonly _id: number
  readonly name: string
  readonly nick?: string
}

const waitOptions = { timeout: 20_000, interval: 50 }

describe('documents that are read again', () => {
  test('leave no field behind that no document has any more', async ({ target }) => {
    await using source = await startMongoSource()
    const people = source.db.collection<Person>('people')
    await people.insertMany([
      { _id: 1, name: 'Ada', nick: 'A' },
      { _id: 2, name: 'Bob', nick: 'B' },
    ])
    const pipeline = pipelineFolder(target, 'mongodb', source, {
      tables: { 'shop.people': {} },
      others: { millrace: { on_lost_position: 'resnapshot' } },
    })
    expect((await pipeline.catchUp()).exitCode).toBe(0)
    // The change itself is never seen, and neither is the name.
    await people.updateMany({}, { $unset: { nick: 1 } })
    source.server.control.forgetHistory()
    const anew = await pipeline.catchUp()
    expect(anew.exitCode, anew.stderr).toBe(0)
    expect(await target.client.hgetall('people:_id:1')).toEqual({ _id: '1', name: 'Ada' })
    expect(await target.client.hgetall('people:_id:2')).toEqual({ _id: '2', name: 'Bob' })
    await target.client.hset('people:_id:1', 'ghost', 'x')
    const restarted = await pipeline.catchUp(['--restart'])
    expect(restarted.exitCode, restarted.stderr).toBe(0)
    expect(await target.client.hgetall('people:_id:1')).toEqual({ _id: '1', name: 'Ada' })
  })

  test('are whole hashes in a resync, but for what a mapping does not name', async ({ target }) => {
    await using source = await startMongoSource()
    await source.db.collection<Person>('people').insertOne({ _id: 1, name: 'Ada' })
    const pipeline = pipelineFolder(target, 'mongodb', source, { tables: { 'shop.people': {} } })
    pipeline.job('people', {
      source: { table: 'people' },
      output: [
        write({ data_type: 'hash' }),
        write({
          data_type: 'hash',
          key: jmespath("concat(['person:', _id])"),
          mapping: ['name', 'nick'],
        }),
      ],
    })
    const running = pipeline.follow()
    await vi.waitFor(
      async () => expect(await target.client.hget('person:1', 'name')).toBe('Ada'),
      waitOptions,
    )
    await target.client.hset('people:_id:1', { name: 'old', ghost: 'x' })
    await target.client.hset('person:1', { name: 'old', nick: 'old', foreign: 'kept' })
    const asked = await pipeline.folder.millrace(['resync', 'p', '--table', 'people'])
    expect(asked.exitCode, asked.stderr).toBe(0)
    await vi.waitFor(
      async () => expect(await target.client.hget('person:1', 'name')).toBe('Ada'),
      waitOptions,
    )
    expect(await target.client.hgetall('people:_id:1')).toEqual({ _id: '1', name: 'Ada' })
    expect(await target.client.hgetall('person:1')).toEqual({ name: 'Ada', foreign: 'kept' })
    running.child.kill('SIGTERM')
    expect((await running.ended).exitCode).toBe(143)
  })
})
