import { setTimeout as sleep } from 'node:timers/promises'
import { PluginError } from '@millrace/core/plugin'
import type { Position, RecordBatch } from '@millrace/core/record'
import { describe, expect, it } from 'vitest'
import {
  changesBetween,
  followOptions,
  never,
  openFollower,
  shownChanges,
  startFollowedServer,
  type FollowedServer,
} from './followed-source.ts'

type Fault = (server: FollowedServer['server']) => void

const faults: readonly (readonly [string, Fault])[] = [
  ['its connections are dropped', ({ control }) => control.dropConnections()],
  ['a reply is cut in its middle', ({ control }) => control.dropNextReply()],
  ['the primary steps down', ({ control }) => control.stepDown(50)],
  [
    'a read is interrupted by a change of roles',
    ({ control }) => control.failCommand('getMore', 'InterruptedDueToReplStateChange'),
  ],
  ['cursors are forgotten', ({ control }) => control.closeCursors()],
]

const count = 400
const ids = Array.from({ length: count }, (_, id) => id)
const idsOf = (batches: readonly RecordBatch[]) =>
  batches.flatMap(({ rows }) => rows.map(([id]) => id))

/** Pulls batches to the end, behind the last position after each error that passes, with faults on the way. */
async function pullOn(
  open: (from: Position | undefined) => AsyncIterable<RecordBatch>,
  server: FollowedServer['server'],
  fault: Fault,
): Promise<{ batches: RecordBatch[]; failures: number }> {
  const batches: RecordBatch[] = []
  let failures = 0
  for (;;) {
    const positions = batches.flatMap(({ position }) => position ?? [])
    try {
      for await (const batch of open(positions.at(-1))) {
        batches.push(batch)
        if (batches.length % 9 === 4 && failures < 4) fault(server)
      }
      return { batches, failures }
    } catch (error) {
      if (!PluginError.isInstance(error) || !error.isRetryable) throw error
      failures += 1
      await sleep(60)
    }
  }
}

describe.each(faults)('when %s', (_, fault) => {
  it('documents are read once each', async () => {
    await using source = await startFollowedServer()
    await source.db.collection<{ _id: number }>('items').insertMany(ids.map((_id) => ({ _id })))
    await using session = openFollower(source, ['items'])
    const { splits } = await session.split(1, { signal: never })
    const { batches, failures } = await pullOn(
      (from) =>
        session.read(splits[0]!, {
          ...followOptions,
          maxRows: 10,
          positions: true,
          ...(from && { from }),
        }),
      source.server,
      fault,
    )
    expect(idsOf(batches)).toEqual(ids)
    expect(failures).toBeGreaterThan(0)
    expect(session.sawOneInstant).toBe(true)
  })

  it('changes come once each, inside of transactions, too', async () => {
    await using source = await startFollowedServer()
    const items = source.db.collection<{ _id: number }>('items')
    await items.insertOne({ _id: -1 })
    await using session = openFollower(source, ['items'])
    const { followFrom } = await session.split(1, { signal: never })
    for (let first = 0; first < count; first += 40)
      await source.client.withSession((writing) =>
        writing.withTransaction(async () => {
          const documents = ids.slice(first, first + 40).map((_id) => ({ _id }))
          await items.insertMany(documents, { session: writing })
        }),
      )
    const until = await session.currentPosition({ signal: never })
    const { batches, failures } = await pullOn(
      (from) => session.follow(from ?? followFrom!, { ...followOptions, maxRows: 7, until }),
      source.server,
      fault,
    )
    expect(idsOf(batches)).toEqual(ids)
    const transactions = batches.flatMap(({ changes }) => changes!.transactions)
    expect(new Set(transactions).size).toBe(count / 40)
    expect(failures).toBeGreaterThan(0)
  })
})

it('goes on reading at a new instant where the server no longer has the old one', async () => {
  await using source = await startFollowedServer()
  const items = source.db.collection<{ _id: number }>('items')
  await items.insertMany(ids.map((_id) => ({ _id })))
  await using session = openFollower(source, ['items'])
  const { splits } = await session.split(1, { signal: never })
  const read = async (from?: Position) => {
    const batches: RecordBatch[] = []
    const options = { ...followOptions, maxRows: 50, positions: true, ...(from && { from }) }
    try {
      for await (const batch of session.read(splits[0]!, options)) {
        batches.push(batch)
        if (from === undefined && batches.length === 3) source.server.control.forgetHistory()
      }
      return { batches, error: undefined }
    } catch (error) {
      return { batches, error }
    }
  }
  const { batches, error } = await read()
  expect(error).toMatchObject({ code: 'SOURCE_FAILED', isRetryable: true })
  const from = batches.at(-1)!.position!
  await expect(read(from)).resolves.toMatchObject({ batches: [], error: { isRetryable: true } })
  await items.insertOne({ _id: count })
  await session.takeSnapshot({ signal: never })
  const rest = await read(from)
  expect(idsOf([...batches, ...rest.batches])).toEqual([...ids, count])
  expect(session.sawOneInstant).toBe(false)
})

it('follows a collection over its ends, from every place between', async () => {
  await using source = await startFollowedServer()
  await source.db.createCollection('single')
  await using session = openFollower(source, ['single'])
  const { followFrom } = await session.split(1, { signal: never })
  const single = source.db.collection<{ _id: number }>('single')
  const expected: unknown[] = []
  for (const round of [0, 10, 20]) {
    for (const at of [1, 2, 3]) {
      await single.insertOne({ _id: round + at })
      expected.push(['c', { _id: round + at }])
    }
    if (round === 10) await single.rename(`former${round}`)
    else await single.drop()
    expected.push(['t', 'single'])
  }
  await single.insertOne({ _id: 30 })
  expected.push(['c', { _id: 30 }])
  const until = await session.currentPosition({ signal: never })
  const all = await changesBetween(session, followFrom!, { until, maxRows: 2 })
  expect(shownChanges(all)).toEqual(expected)
  for (const [at, { position }] of all.entries()) {
    const rest = await changesBetween(session, position!, { until, maxRows: 2 })
    expect(shownChanges(rest)).toEqual(shownChanges(all.slice(at + 1)))
  }
})

it('says that the source was lost where a stream is opened for the check', async () => {
  await using source = await startFollowedServer()
  await source.db.collection<{ _id: number }>('items').insertOne({ _id: 1 })
  await using session = openFollower(source, ['items'])
  await session.describe({ signal: never })
  const lost = { failCommands: ['aggregate'], closeConnection: true }
  source.server.control.configureFailPoint({ times: 1 }, lost)
  await expect(session.check({ signal: never })).rejects.toMatchObject({
    code: 'SOURCE_UNREACHABLE',
    message: expect.stringMatching(/^opening a change stream: /) as string,
    isRetryable: true,
  })
  expect(await session.check({ signal: never })).toEqual([])
})
