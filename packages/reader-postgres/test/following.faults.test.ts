import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { expect, it } from 'vitest'
import { PluginError } from '@millrace/core/plugin'
import type { Cell, Position } from '@millrace/core/record'
import { begin, followOptions, openFollower, type Following } from './followed-source.ts'
import { connectTo, never, TestDatabase, testDataSource } from './test-source.ts'

const seed = Number(process.env['MILLRACE_FUZZ_SEED'] ?? 20_261)
const durationMs = 12_000

/** Numbers from 0 up to but not including `count`, the same for one seed. */
function randomNumbers(start: number): (count: number) => number {
  let state = start >>> 0
  return (count) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * count)
  }
}

/** Writes transactions until it is told to end; gives how many rows those that were committed have changed. */
async function write(database: string, number: number, isOver: () => boolean): Promise<number> {
  const random = randomNumbers(seed + number)
  const client = await connectTo(database)
  let changed = 0
  try {
    while (!isOver()) {
      await client.query('BEGIN')
      let rows = 0
      const steps = random(20) === 0 ? 300 : 1 + random(5)
      for (let step = 0; step < steps; step += 1) {
        const table = random(2) === 0 ? 'left_rows' : 'right_rows'
        const id = 1000 * number + random(200)
        const sql = [
          `INSERT INTO ${table} VALUES (${id}, ${random(1000)}) ON CONFLICT DO NOTHING`,
          `UPDATE ${table} SET value = value + 1 WHERE id = ${id}`,
          `DELETE FROM ${table} WHERE id = ${id}`,
        ][random(3)]!
        rows += (await client.query(sql)).rowCount ?? 0
      }
      const isKept = random(5) > 0
      await client.query(isKept ? 'COMMIT' : 'ROLLBACK')
      if (isKept) changed += rows
    }
  } finally {
    await client.end()
  }
  return changed
}

/** What a target would hold, and how many changes it took. */
class Target {
  readonly rows = new Map<string, Cell>()
  changes = 0
  position: Position
  #lastTransaction = 0

  constructor(position: Position) {
    this.position = position
  }

  /** Follows until an error, an end that is drawn, or `until`; every batch is kept with its position. */
  async follow(session: Following, maxRows: number, batches: number, until?: Position) {
    let left = batches
    const options = { ...followOptions, maxRows, ...(until === undefined ? {} : { until }) }
    for await (const batch of session.follow(this.position, options)) {
      for (const [index, row] of batch.rows.entries()) {
        const key = `${batch.schema.table} ${String(row[0])}`
        const operation = batch.changes?.operations[index]
        const transaction = batch.changes?.transactions[index] ?? 0
        expect(transaction).toBeGreaterThanOrEqual(this.#lastTransaction)
        this.#lastTransaction = transaction
        expect(this.rows.has(key)).toBe(operation !== 'c')
        if (operation === 'd') this.rows.delete(key)
        else this.rows.set(key, row[1])
        this.changes += 1
      }
      this.position = batch.position!
      if (left % 3 === 0) await session.acknowledge(this.position, { signal: never })
      left -= 1
      if (left <= 0 && until === undefined) return
    }
  }
}

it('hands out every change once, whoever ends the stream', async () => {
  await using database = await TestDatabase.create()
  await database.run(
    'CREATE TABLE left_rows (id int PRIMARY KEY, value int)',
    'CREATE TABLE right_rows (id int PRIMARY KEY, value int)',
  )
  const tables = ['left_rows', 'right_rows']
  let session = await openFollower(database, tables)
  const target = new Target(await begin(session))
  const endAtMs = Date.now() + durationMs
  const isOver = () => Date.now() >= endAtMs
  const writing = [1, 2, 3].map((number) => write(database.name, number, isOver))
  const random = randomNumbers(seed)
  const killing = (async () => {
    let killed = 0
    while (!isOver()) {
      await new Promise((resolve) => setTimeout(resolve, 200 + random(400)))
      const rows = await database.rows(
        'SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE database = current_database() AND active',
      )
      killed += rows.length
    }
    return killed
  })()
  let failures = 0
  try {
    while (!isOver()) {
      try {
        await target.follow(session, 1 + random(50), 1 + random(200))
      } catch (error) {
        if (!PluginError.isInstance(error) || !error.isRetryable) throw error
        failures += 1
      }
      if (random(4) > 0) continue
      await session[Symbol.asyncDispose]()
      session = await openFollower(database, tables)
    }
    const counts = await Promise.all(writing)
    expect(await killing).toBeGreaterThan(3)
    const until = await session.currentPosition({ signal: never })
    await target.follow(session, 1000, 0, until)
    const rows = await database.rows(
      `SELECT 'left_rows ' || id, value FROM left_rows UNION ALL SELECT 'right_rows ' || id, value FROM right_rows`,
    )
    expect(target.rows).toEqual(new Map(rows.map(([key, value]) => [key!, value!])))
    expect(target.changes).toBe(counts.reduce((sum, count) => sum + count, 0))
    expect(failures).toBeGreaterThan(0)
  } finally {
    await session[Symbol.asyncDispose]()
  }
})

/** Hands bytes on to the server; what comes back can be held. */
class Relay implements AsyncDisposable {
  readonly #sockets = new Set<Socket>()
  readonly #server = createServer((client) => {
    const { host, port } = testDataSource('').hosts[0]!
    const upstream = connect(port!, host)
    this.#sockets.add(client).add(upstream)
    client.pipe(upstream).on('error', () => client.destroy())
    upstream.on('data', (chunk) => void (this.isHeld || client.write(chunk)))
    upstream.on('close', () => client.destroy())
    client.on('error', () => upstream.destroy())
    client.on('close', () => upstream.destroy())
  })
  isHeld = false

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return (this.#server.address() as AddressInfo).port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

it('gives up a server that is gone without a word', async () => {
  await using database = await TestDatabase.create()
  await database.run(
    'CREATE TABLE t (id int PRIMARY KEY)',
    `ALTER DATABASE ${database.name} SET wal_sender_timeout = '600ms'`,
  )
  await using relay = new Relay()
  const hosts = [{ host: '127.0.0.1', port: await relay.listen() }]
  await using session = await openFollower(database, ['t'], {
    parameters: { socketTimeout: 1_000 },
    fields: { hosts },
  })
  const target = new Target(await begin(session))
  const following = target.follow(session, 10, Infinity)
  const ended = expect(following).rejects.toMatchObject({
    code: 'SOURCE_FAILED',
    isRetryable: true,
    message: expect.stringContaining('not answered for 1000 ms') as string,
  })
  // Longer than the limit: a server that has nothing to say still answers.
  await new Promise((resolve) => setTimeout(resolve, 2_500))
  relay.isHeld = true
  await ended
})
