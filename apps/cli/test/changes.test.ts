import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { describe, expect, vi } from 'vitest'
import type { SourceKind } from './support/load-source.ts'
import { pipelineFolder, type PipelineFolder } from './support/pipeline-folder.ts'
import { test, type RedisTarget } from './support/redis-test.ts'
import { startRestartableSource } from './support/restartable-source.ts'
import {
  cutLogReaders,
  dropSlots,
  makeChangeDatabase,
  type TestDatabase,
} from './support/test-database.ts'

const seedJob = readFileSync(new URL('./fixtures/rdi-stream-job.yaml', import.meta.url), 'utf8')
const stream = 'invoice:events'
const invoiceCount = 412
const kinds = ['postgresql', 'mysql'] as const
const waitOptions = { timeout: 30_000, interval: 20 }
/** Each test runs the command several times, and others do so at its side. */
vi.setConfig({ testTimeout: 120_000 })

/** Makes the table of the example with its rows; the column names are those of the job. */
async function makeInvoices(kind: SourceKind, database: TestDatabase): Promise<void> {
  const quote = kind === 'mysql' ? '`' : '"'
  const column = (name: string) => `${quote}${name}${quote}`
  await database.execute(
    `CREATE TABLE invoice (${column('InvoiceId')} int PRIMARY KEY, ${column('BillingCountry')} varchar(40), ${column('Total')} decimal(10,2))`,
    `INSERT INTO invoice VALUES ${Array.from({ length: invoiceCount }, (_, at) => `(${at + 1}, 'Country ${(at + 1) % 24}', ${(at + 1) % 25}.99)`).join(', ')}`,
    ...(kind === 'mysql' ? [] : ['ALTER TABLE invoice REPLICA IDENTITY FULL']),
  )
}

function invoicePipeline(
  target: RedisTarget,
  kind: SourceKind,
  database: TestDatabase,
): PipelineFolder {
  const namespace = kind === 'mysql' ? database.name : 'public'
  const pipeline = pipelineFolder(target, kind, database, {
    tables: { [`${namespace}.invoice`]: {} },
  })
  const named = pipeline.folder.read('p/config.yaml').replaceAll('shop:', 'chinook:')
  pipeline.folder.write('p/config.yaml', named)
  // The example names a schema, which is a database here.
  const job = kind === 'mysql' ? seedJob.replace('schema: public', `db: ${database.name}`) : seedJob
  pipeline.job('invoice', job)
  return pipeline
}

const inserted = (kind: SourceKind, id: number) =>
  kind === 'mysql'
    ? `INSERT INTO invoice VALUES (${id}, 'Norway', 14.85)`
    : `INSERT INTO invoice VALUES (${id}, 'Norway', 14.85)`
const updated = (kind: SourceKind, id: number) =>
  kind === 'mysql'
    ? `UPDATE invoice SET Total = 1.98 WHERE InvoiceId = ${id}`
    : `UPDATE invoice SET "Total" = 1.98 WHERE "InvoiceId" = ${id}`
const deleted = (kind: SourceKind, id: number) =>
  kind === 'mysql'
    ? `DELETE FROM invoice WHERE InvoiceId = ${id}`
    : `DELETE FROM invoice WHERE "InvoiceId" = ${id}`

/** Messages of changes, without their ids. */
async function changesOf(client: Redis): Promise<string[]> {
  const messages = await client.xrange(stream, '-', '+')
  return messages
    .map(([, fields]) => fields.join(' '))
    .filter((text) => !text.endsWith('op_code r'))
}

const threeChanges = (id: number) => [
  `message_id ${id} country Norway Total 14.85 op_code c`,
  `message_id ${id} country Norway Total 1.98 op_code u`,
  `message_id ${id} country Norway Total 1.98 op_code d`,
]

/** Waits until the stream has so many messages; fails when the run has ended. */
async function streamLength(
  client: Redis,
  { child, ended }: ReturnType<PipelineFolder['follow']>,
  length: number,
): Promise<void> {
  await vi.waitFor(async () => {
    if (child.exitCode !== null) throw new Error((await ended).stderr)
    expect(await client.xlen(stream)).toBe(length)
  }, waitOptions)
}

describe.concurrent.each(kinds)('the example of the RDI pages over changes of %s', (kind) => {
  test('gives a message for each, goes on where it was stopped, and repeats nothing', async ({
    target,
  }) => {
    const { client } = target
    await using database = await makeChangeDatabase(kind)
    await makeInvoices(kind, database)
    const pipeline = invoicePipeline(target, kind, database)
    const running = pipeline.follow()
    await streamLength(client, running, invoiceCount)
    const reads = (await client.xrange(stream, '-', '+')).map(([, fields]) => fields.join(' '))
    expect(reads[0]).toBe('message_id 1 country Country 1 Total 1.99 op_code r')
    expect(reads.every((text) => text.endsWith('op_code r'))).toBe(true)
    await database.execute(inserted(kind, 501), updated(kind, 501), deleted(kind, 501))
    await streamLength(client, running, invoiceCount + 3)
    expect(await changesOf(client)).toEqual(threeChanges(501))
    expect(await client.ttl(stream)).toBeGreaterThan(90)
    running.child.kill('SIGTERM')
    const stopped = await running.ended
    expect(stopped.exitCode, stopped.stderr).toBe(143)
    expect(pipeline.folder.report()).toMatchObject({
      status: 'stopped',
      guarantee: 'exactly-once',
      recordsRead: invoiceCount + 3,
      recordsWritten: invoiceCount + 3,
    })
    await database.execute(inserted(kind, 502), updated(kind, 502), deleted(kind, 502))
    const caughtUp = await pipeline.catchUp()
    expect(caughtUp.exitCode, caughtUp.stderr).toBe(0)
    expect(caughtUp.report).toMatchObject({ recordsRead: 3, recordsWritten: 3 })
    const all = [...threeChanges(501), ...threeChanges(502)]
    expect(await changesOf(client)).toEqual(all)
    const idle = await pipeline.catchUp()
    expect(idle.exitCode, idle.stderr).toBe(0)
    expect(idle.report).toMatchObject({ recordsRead: 0 })
    const again = pipeline.follow()
    await database.execute(inserted(kind, 503))
    await streamLength(client, again, invoiceCount + 7)
    again.child.kill('SIGINT')
    expect((await again.ended).exitCode).toBe(130)
    expect(await changesOf(client)).toEqual([...all, threeChanges(503)[0]])
  })

  test('begins with --until-current, too, and shows its position', async ({ target }) => {
    await using database = await makeChangeDatabase(kind)
    await makeInvoices(kind, database)
    const pipeline = invoicePipeline(target, kind, database)
    const first = await pipeline.catchUp()
    expect(first.exitCode, first.stderr).toBe(0)
    expect(first.report).toMatchObject({ recordsRead: invoiceCount, consistency: 'one-snapshot' })
    await database.execute(inserted(kind, 501), deleted(kind, 501))
    const second = await pipeline.catchUp()
    expect(second.exitCode, second.stderr).toBe(0)
    const [created, , removed] = threeChanges(501)
    expect(await changesOf(target.client)).toEqual([created, removed?.replace('1.98', '14.85')])
    const status = await pipeline.folder.millrace(['status', 'p', '--json'])
    expect(status.exitCode, status.stderr).toBe(0)
  })

  test('never leaves a gap behind --snapshot-only', async ({ target }) => {
    await using database = await makeChangeDatabase(kind)
    await makeInvoices(kind, database)
    const pipeline = invoicePipeline(target, kind, database)
    const snapshot = await pipeline.run()
    expect(snapshot.exitCode, snapshot.stderr).toBe(0)
    await database.execute(inserted(kind, 501))
    const refused = await pipeline.catchUp()
    expect(refused.exitCode, refused.stderr).toBe(2)
    expect(refused.stderr).toContain('--restart')
    expect(await target.client.xlen(stream)).toBe(invoiceCount)
    const anew = await pipeline.catchUp(['--restart'])
    expect(anew.exitCode, anew.stderr).toBe(0)
    expect(await target.client.xlen(stream)).toBe(2 * invoiceCount + 1)
    const backwards = await pipeline.run()
    expect(backwards.exitCode, backwards.stderr).toBe(2)
  })
})

/** Brings a pipeline to changes, loses what comes after them, and expects the next run to say so. */
async function expectLostPosition(
  pipeline: PipelineFolder,
  client: Redis,
  lose: () => Promise<void>,
): Promise<void> {
  const first = await pipeline.catchUp()
  expect(first.exitCode, first.stderr).toBe(0)
  await lose()
  const lost = await pipeline.catchUp()
  expect(lost.exitCode, lost.stderr).toBe(4)
  expect(lost.report?.errors?.[0]).toMatchObject({ code: 'POSITION_LOST' })
  expect(await client.xlen(stream)).toBe(invoiceCount)
  const anew = await pipeline.catchUp(['--restart'])
  expect(anew.exitCode, anew.stderr).toBe(0)
}

describe.concurrent('a position that the source has lost ends the run with 4', () => {
  test('where the slot of PostgreSQL is gone', async ({ target }) => {
    await using database = await makeChangeDatabase('postgresql')
    await makeInvoices('postgresql', database)
    const pipeline = invoicePipeline(target, 'postgresql', database)
    await expectLostPosition(pipeline, target.client, async () => {
      await dropSlots(database)
      await database.execute(inserted('postgresql', 501))
    })
  })

  test('where the slot of PostgreSQL was moved on by somebody else', async ({ target }) => {
    await using database = await makeChangeDatabase('postgresql')
    await makeInvoices('postgresql', database)
    const pipeline = invoicePipeline(target, 'postgresql', database)
    await expectLostPosition(pipeline, target.client, async () => {
      await database.execute(inserted('postgresql', 501))
      await sleep(500)
      await database.execute(
        `SELECT pg_replication_slot_advance(slot_name, pg_current_wal_lsn())
           FROM pg_replication_slots WHERE database = '${database.name}'`,
      )
    })
  })

  test('where the binlog was purged', async ({ target }) => {
    // Others need the binlog of the shared server.
    await using server = await startRestartableSource('mysql', 0)
    const { database } = server.source
    await makeInvoices('mysql', database)
    const pipeline = invoicePipeline(target, 'mysql', database)
    await expectLostPosition(pipeline, target.client, async () => {
      await database.execute(inserted('mysql', 501), 'FLUSH BINARY LOGS', 'FLUSH BINARY LOGS')
      // The connection that has read a file keeps it for as long as the server takes it to be there.
      await vi.waitFor(async () => {
        await cutLogReaders('mysql', database, 'root')
        const logs = await database.query('SHOW BINARY LOGS')
        await database.execute(`PURGE BINARY LOGS TO '${String(logs.at(-1)?.['Log_name'])}'`)
        expect(await database.query('SHOW BINARY LOGS')).toHaveLength(1)
      }, waitOptions)
    })
  })
})
