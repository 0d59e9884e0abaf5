import { setTimeout as sleep } from 'node:timers/promises'
import { expect, vi } from 'vitest'
import { billStream, readOnceFaults, type Written } from './support/bill-messages.ts'
import { differences, foundContents } from './support/change-contents.ts'
import { documentText } from './support/mongo-contents.ts'
import { makeMongoDatabase, type MongoDatabase } from './support/mongo-database.ts'
import { jmespath, pipelineFolder, setTables, write } from './support/pipeline-folder.ts'
import { test } from './support/redis-test.ts'

const documentCount = 12_000
const waitOptions = { timeout: 100_000, interval: 20 }
vi.setConfig({ testTimeout: 300_000 })

interface Bill {
  readonly _id: number
  readonly version?: number
  readonly note?: string
}

/** Changes both collections until told to end. */
async function writeBills({ db }: MongoDatabase, signal: AbortSignal): Promise<Written> {
  const written: Written = new Map()
  const [bills, items] = [db.collection<Bill>('bill'), db.collection<Bill>('item')]
  for (let version = 1; !signal.aborted; version += 1) {
    const _id = version % 3 === 0 ? (version * 7919) % documentCount : (version * 31) % 100
    await bills.updateOne({ _id }, { $set: { version } })
    await items.updateOne({ _id: 1 }, { $set: { version } })
    written.set(_id, [...(written.get(_id) ?? []), version])
    await sleep(1)
  }
  return written
}

test('a collection that a pipeline has got is read while changes go on, each once, though the run is killed in its middle', async ({
  target,
}) => {
  const { client } = target
  await using database = await makeMongoDatabase()
  const { db, name } = database
  await db.collection<Bill>('item').insertMany([
    { _id: 1, version: 0 },
    { _id: 2, version: 0 },
  ])
  await db.createCollection('bill', { changeStreamPreAndPostImages: { enabled: true } })
  await db.collection<Bill>('bill').insertOne({ _id: 0 })
  const pipeline = pipelineFolder(target, 'mongodb', database, {
    tables: { [`${name}.item`]: {} },
    settings: { 'capture.mode.full.update.type': 'post_image' },
    others: { processors: { write_batch_size: 100 } },
  })
  await db.command({ collMod: 'item', changeStreamPreAndPostImages: { enabled: true } })
  const first = await pipeline.catchUp()
  expect(first.exitCode, first.stderr).toBe(0)
  await db.collection<Bill>('bill').updateOne({ _id: 0 }, { $set: { version: 0 } })
  const documents = Array.from({ length: documentCount - 1 }, (_, at) => ({
    _id: at + 1,
    version: 0,
    note: 'x'.repeat(100),
  }))
  await db.collection<Bill>('bill').insertMany(documents)
  const over = new AbortController()
  const writing = writeBills(database, over.signal)
  const running = () => {
    const run = pipeline.follow()
    const until = async (holds: () => Promise<void>) => {
      await vi.waitFor(async () => {
        if (run.child.exitCode !== null) throw new Error((await run.ended).stderr)
        await holds()
      }, waitOptions)
    }
    return { ...run, until }
  }
  try {
    await sleep(300)
    setTables(pipeline, { [`${name}.item`]: {}, [`${name}.bill`]: {} })
    const key = jmespath(`\`${billStream}\``)
    pipeline.job('bill', {
      source: { table: 'bill' },
      output: [
        write({ data_type: 'hash' }),
        write({ data_type: 'stream', key, mapping: [{ _id: 'id' }, 'version'] }),
      ],
    })
    for (const least of [1, 3000, 7000]) {
      const run = running()
      await run.until(async () =>
        expect(await client.xlen(billStream)).toBeGreaterThanOrEqual(least),
      )
      run.child.kill('SIGKILL')
      await run.ended
    }
    expect(await client.exists(`bill:_id:${documentCount - 1}`)).toBe(0)
    const run = running()
    await run.until(async () =>
      expect(await client.exists(`bill:_id:${documentCount - 1}`)).toBe(1),
    )
    run.child.kill('SIGTERM')
    const { exitCode, stderr } = await run.ended
    expect(exitCode, stderr).toBe(143)
  } finally {
    over.abort()
  }
  const written = await writing
  const last = await pipeline.catchUp()
  expect(last.exitCode, last.stderr).toBe(0)
  const { guarantee, splits } = last.report ?? {}
  expect(guarantee).toBe('exactly-once')
  expect(splits?.done).toBe(splits?.total)
  expect(await readOnceFaults(client, written, documentCount)).toEqual([])
  const expected = new Map<string, string>()
  for (const collection of ['item', 'bill'])
    for (const document of await db.collection<Bill>(collection).find().toArray())
      expected.set(`${collection}:_id:${document._id}`, documentText(document))
  const found = await foundContents(client)
  found.delete(billStream)
  expect(differences(expected, found)).toEqual([])
})
