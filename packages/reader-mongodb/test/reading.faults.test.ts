import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Split } from '@millrace/core/plugin'
import { rowCountOf, type Position } from '@millrace/core/record'
import { batchesOf, never, openReader, readOptions, TestDatabase } from './test-source.ts'

const count = 20_000
let database: TestDatabase

beforeAll(async () => {
  database = await TestDatabase.onTestServer()
  database.control.fill({ database: database.name, collection: 'big' }, count, { idType: 'int' })
})

afterAll(async () => database[Symbol.asyncDispose]())

const parameters = { collectionName: 'big', column: ['_id', 'name'], batchSize: 500 }

async function openBig(messages: string[] = []) {
  const session = await openReader(parameters, database.dataSource(), messages)
  const { splits } = await session.split(1, { signal: never })
  return { session, split: splits[0] as Split }
}

/** Reads with positions until `fault` has come, then on from the last position; gives all ids. */
async function readOver(fault: () => void, messages: string[] = []) {
  const { session, split } = await openBig(messages)
  await using _ = session
  const ids: string[] = []
  let from: Position | undefined
  let error: unknown
  try {
    for await (const batch of session.read(split, {
      ...readOptions,
      maxRows: 100,
      positions: true,
    })) {
      if (ids.length === 300) fault()
      ids.push(...batch.rows.map((row) => String(row[0])))
      from = batch.position
    }
  } catch (thrown) {
    error = thrown
  }
  expect(error).toMatchObject({ code: 'SOURCE_FAILED', isRetryable: true })
  expect(ids.length).toBeLessThan(count)
  for (let tries = 0; ids.length < count && tries < 50; tries += 1) {
    try {
      const rest = await batchesOf(session, split, {
        positions: true,
        ...(from === undefined ? {} : { from }),
      })
      ids.push(...rest.flatMap(({ rows }) => rows.map((row) => String(row[0]))))
    } catch (thrown) {
      expect(thrown).toMatchObject({ isRetryable: true })
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
  expect(ids).toEqual(Array.from({ length: count }, (__, id) => String(id)))
  return { error: error as Error, sawOneInstant: session.sawOneInstant }
}

it('goes on behind a dropped connection, and still sees the one instant', async () => {
  const { sawOneInstant } = await readOver(() => database.control.dropConnections())
  expect(sawOneInstant).toBe(true)
})

it('goes on behind a reply that was cut in its middle', async () => {
  await readOver(() => database.control.dropNextReply())
})

it('goes on behind a step-down', async () => {
  await readOver(() => database.control.stepDown(400))
})

it('goes on behind a cursor that the server has forgotten', async () => {
  const { error } = await readOver(() => database.control.failCommand('getMore', 43))
  expect(error.message).toContain('forgotten the cursor')
})

it('goes on without the instant that the server no longer has, and says so', async () => {
  const messages: string[] = []
  const { sawOneInstant } = await readOver(() => {
    database.control.forgetHistory()
    database.control.failCommand('getMore', 239)
  }, messages)
  expect(sawOneInstant).toBe(false)
  expect(messages.join()).toContain('no longer has the instant')
})

it('is not retryable where the server refuses the query', async () => {
  const { session, split } = await openBig()
  await using _ = session
  // The first one looks whether fields should be left out.
  database.control.failCommand('find', 2, { times: 2 })
  await expect(batchesOf(session, split)).rejects.toMatchObject({
    code: 'SOURCE_FAILED',
    isRetryable: false,
  })
})

it('is given up after socketTimeoutMS of silence', async () => {
  const { properties } = database.dataSource()
  const source = database.dataSource({
    properties: { ...properties, socketTimeoutMS: '300', retryReads: 'false' },
  })
  await using session = await openReader(parameters, source)
  const { splits } = await session.split(1, { signal: never })
  const blocked = { failCommands: ['getMore'], blockConnection: true, blockTimeMS: 3000 }
  database.control.configureFailPoint({ times: 1 }, blocked)
  await expect(batchesOf(session, splits[0]!)).rejects.toMatchObject({
    code: 'SOURCE_FAILED',
    isRetryable: true,
  })
})

it('reads in one split where the server refuses to cut', async () => {
  const messages: string[] = []
  await using session = await openReader(parameters, database.dataSource(), messages)
  database.control.failCommand('aggregate', 13)
  const { splits } = await session.split(4, { signal: never })
  expect(splits).toHaveLength(1)
  expect(messages.join()).toContain('collection big is read in one split: cutting it failed')
  const batches = await batchesOf(session, splits[0]!)
  expect(batches.reduce((sum, batch) => sum + rowCountOf(batch), 0)).toBe(count)
})

it('reads splits without one instant where the server cannot give it', async () => {
  const messages: string[] = []
  await using session = await openReader(parameters, database.dataSource(), messages)
  database.control.failCommand('find', 246)
  const { consistency } = await session.split(2, { signal: never })
  expect(consistency).toBe('per-split')
  expect(messages.join()).toContain('not read as of one instant')
})

it('says that the source was lost where that happens before the first document', async () => {
  await using session = await openReader(parameters, database.dataSource())
  await session.describe({ signal: never })
  // The driver asks once more by itself.
  const lost = { failCommands: ['find'], closeConnection: true }
  database.control.configureFailPoint({ times: 2 }, lost)
  await expect(session.split(2, { signal: never })).rejects.toMatchObject({
    code: 'SOURCE_UNREACHABLE',
    message: expect.stringMatching(/^reading collection big: /) as string,
    isRetryable: true,
  })
  const { splits } = await session.split(2, { signal: never })
  expect(splits).toHaveLength(2)
})
