import { setTimeout as delay } from 'node:timers/promises'
import mysql from 'mysql2/promise'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PluginError } from '@millrace/core/plugin'
import type { Position, RecordBatch } from '@millrace/core/record'
import { describeLocked } from '../src/changes/describe-locked.ts'
import { SourceConnection } from '../src/connection/source-connection.ts'
import type { SourceObject } from '../src/snapshot/source-object.ts'
import { changesUntilNow, followingReader, followOptions } from './changes-source.ts'
import { batchesOf, never, TestDatabase, testDataSource } from './test-source.ts'

let database: TestDatabase

async function openConnection() {
  const source = await SourceConnection.open(testDataSource(database.name), never)
  return { source, [Symbol.asyncDispose]: async () => await Promise.resolve(source.destroy()) }
}

async function timeoutOf(connection: SourceConnection) {
  return await connection.query('SELECT @@SESSION.wait_timeout', never)
}

beforeAll(async () => {
  database = await TestDatabase.create()
})
afterAll(async () => database?.[Symbol.asyncDispose]())

/** Connections that write at the same time until they are stopped; each statement in a transaction of its own, or several. */
class Writers implements AsyncDisposable {
  readonly #connections: mysql.Connection[] = []
  readonly #writing: Promise<void>[] = []
  #isStopped = false

  static async start(tables: readonly string[], count: number): Promise<Writers> {
    const writers = new Writers()
    const { hosts, user, password } = testDataSource('')
    for (let writer = 0; writer < count; writer += 1) {
      const connection = await mysql.createConnection({
        ...hosts[0],
        ...(user === undefined ? {} : { user }),
        ...(password === undefined ? {} : { password }),
        database: database.name,
        multipleStatements: true,
      })
      writers.#connections.push(connection)
      writers.#writing.push(writers.#write(connection, tables, writer))
    }
    return writers
  }

  async #write(connection: mysql.Connection, tables: readonly string[], writer: number) {
    for (let turn = 0; !this.#isStopped; turn += 1) {
      const table = tables[turn % tables.length]
      const id = writer * 1_000_000 + turn
      const other = writer * 1_000_000 + Math.floor(turn / 3)
      const end = turn % 7 === 0 ? 'ROLLBACK' : 'COMMIT'
      await connection.query(
        `BEGIN; INSERT INTO ${table} VALUES (${id}, ${turn});
         UPDATE ${table} SET value = value + 1 WHERE id = ${other};
         DELETE FROM ${tables[0]} WHERE id = ${other + 5}; ${end}`,
      )
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true
    await Promise.all(this.#writing)
    for (const connection of this.#connections) await connection.end()
  }
}

/** Asks for what a monitor asks for, until it is stopped. */
class Monitor implements AsyncDisposable {
  #isStopped = false
  #asking: Promise<void> | undefined

  static async start(): Promise<Monitor> {
    const monitor = new Monitor()
    const { hosts, user, password } = testDataSource('')
    const connection = await mysql.createConnection({
      ...hosts[0],
      ...(user === undefined ? {} : { user }),
      ...(password === undefined ? {} : { password }),
    })
    monitor.#asking = monitor.#ask(connection)
    return monitor
  }

  async #ask(connection: mysql.Connection): Promise<void> {
    while (!this.#isStopped) await connection.query("SHOW GLOBAL STATUS LIKE 'binlog_%'")
    await connection.end()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true
    await this.#asking
  }
}

async function createTables(...names: string[]): Promise<void> {
  for (const name of names) {
    await database.run(`CREATE TABLE ${name} (id bigint PRIMARY KEY, value bigint)`)
  }
}

/** Rows by table and key, changed as a target would be; anything that does not fit what is there is an error. */
class Copy {
  readonly #rows = new Map<string, string>()

  read({ schema, rows }: RecordBatch): void {
    for (const [id, value] of rows) this.#rows.set(`${schema.table} ${String(id)}`, String(value))
  }

  apply({ schema, rows, changes }: RecordBatch): void {
    for (const [index, row] of rows.entries()) {
      const key = `${schema.table} ${String(row[0])}`
      const operation = changes?.operations[index]
      const before = operation === 'd' ? row : changes?.before[index]
      const wanted = operation === 'c' ? undefined : String(before?.[1])
      if (this.#rows.get(key) !== wanted) throw new Error(`${operation} of ${key} does not fit`)
      if (operation === 'd') this.#rows.delete(key)
      else this.#rows.set(key, String(row[1]))
    }
  }

  get lines(): string[] {
    return [...this.#rows].map(([key, value]) => `${key} ${value}`).toSorted()
  }
}

async function tableLines(...tables: string[]): Promise<string[]> {
  const lines: string[] = []
  for (const table of tables) {
    const [rows] = await database.connection.query(`SELECT id, value FROM ${table}`)
    for (const { id, value } of rows as { id: number; value: number }[]) {
      lines.push(`${table} ${id} ${value}`)
    }
  }
  return lines.toSorted()
}

async function killDumps(): Promise<number> {
  const [rows] = await database.connection.query(
    "SELECT id FROM information_schema.processlist WHERE command LIKE 'Binlog Dump%'",
  )
  const ids = (rows as { id: number }[]).map(({ id }) => id)
  for (const id of ids) await database.connection.query(`KILL ${id}`).catch(() => {})
  return ids.length
}

describe('a snapshot under concurrent writers', () => {
  it('meets the changes exactly, again and again', async () => {
    await createTables('meeting_a', 'meeting_b')
    const tables = ['meeting_a', 'meeting_b']
    for (let round = 0; round < 8; round += 1) {
      const copy = new Copy()
      await using session = await followingReader(database, tables, {}, [], { concurrency: 3 })
      let from: Position
      {
        await using _writers = await Writers.start(tables, 3)
        await using _monitor = await Monitor.start()
        await delay(60)
        const plan = await session.split(3, { signal: never })
        await delay(40)
        const reads = plan.splits.map((split) => batchesOf(session, split))
        for (const batches of await Promise.all(reads))
          for (const batch of batches) copy.read(batch)
        from = plan.followFrom!
        await delay(40)
      }
      for (const batch of await changesUntilNow(session, from)) copy.apply(batch)
      expect(copy.lines).toEqual(await tableLines(...tables))
      await database.run('DELETE FROM meeting_a', 'DELETE FROM meeting_b')
    }
  })

  it('may be taken anew for what is left, and meets the changes up to it', async () => {
    const tables = ['again_a', 'again_b']
    await createTables(...tables)
    const copy = new Copy()
    await using first = await followingReader(database, tables)
    await using session = await followingReader(database, tables)
    let from: Position
    {
      await using _writers = await Writers.start(tables, 3)
      await delay(50)
      const { splits, followFrom } = await first.split(2, { signal: never })
      expect(splits.map(({ table }) => table.split('.').at(-1))).toEqual(tables)
      for (const batch of await batchesOf(first, splits[0]!)) copy.read(batch)
      await delay(100)
      from = await session.takeSnapshot({ signal: never })
      const until = { ...followOptions, until: from }
      for await (const batch of session.follow(followFrom!, until)) {
        if (batch.schema.table === 'again_a') copy.apply(batch)
      }
      await delay(50)
      for (const batch of await batchesOf(session, splits[1]!)) copy.read(batch)
      await delay(50)
    }
    for (const batch of await changesUntilNow(session, from)) copy.apply(batch)
    expect(copy.lines).toEqual(await tableLines(...tables))
  })
})

describe('a table that is renamed to and fro all the time', () => {
  it('loses no change, and keeps its key', { timeout: 60_000 }, async () => {
    await createTables('fleeting')
    await using session = await followingReader(database, ['fleeting'])
    await session.describe({ signal: never })
    const from = await session.currentPosition({ signal: never })
    const stop = new AbortController()
    const count = 300
    const writing = (async () => {
      for (let id = 1; id <= count; id += 1) {
        await database.run(
          `INSERT INTO fleeting VALUES (${id}, ${id})`,
          'RENAME TABLE fleeting TO fleeting_away',
          'RENAME TABLE fleeting_away TO fleeting',
        )
      }
    })()
    const found: string[] = []
    const keys = new Set<string>()
    for await (const { rows, schema } of session.follow(from, {
      ...followOptions,
      maxDelayMs: 1,
      signal: stop.signal,
    })) {
      keys.add(schema.key.join(','))
      found.push(...rows.map(([id]) => String(id)))
      if (found.length >= count) break
    }
    stop.abort()
    await writing
    expect(found).toEqual(Array.from({ length: count }, (_, index) => String(index + 1)))
    expect([...keys]).toEqual(['0'])
  })
})

describe('a reader that freezes while it describes a table', () => {
  it('keeps nobody from redefining it for more than seconds', { timeout: 60_000 }, async () => {
    await createTables('frozen')
    const label = `${database.name}.frozen`
    const object = { sourceIndex: 0, label, table: { quoted: label } } as unknown as SourceObject
    await using connection = await openConnection()
    let redefinedMs = Infinity
    const asleep = async (): Promise<never> => {
      const startedMs = performance.now()
      await database.run('ALTER TABLE frozen ADD COLUMN later int')
      redefinedMs = performance.now() - startedMs
      await connection.source.query('SELECT 1', never)
      throw new Error('the connection outlived its transaction')
    }
    const described = describeLocked({
      connection: connection.source,
      object,
      describe: asleep,
      signal: never,
    })
    await expect(described).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' })
    expect(redefinedMs).toBeLessThan(20_000)
    await using next = await openConnection()
    const before = await timeoutOf(next.source)
    const twice = async () => await next.source.query('SELECT 1', never)
    await describeLocked({
      connection: next.source,
      object,
      describe: twice as never,
      signal: never,
    })
    expect(await timeoutOf(next.source)).toEqual(before)
  })
})

describe('a dump connection that is killed', () => {
  it('goes on behind the last batch, without repeating or losing a change', async () => {
    const tables = ['killed_a', 'killed_b']
    await createTables(...tables)
    const copy = new Copy()
    await using session = await followingReader(database, tables)
    let position = await session.currentPosition({ signal: never })
    let losses = 0
    let kills = 0
    const stop = new AbortController()
    const follow = async () => {
      while (!stop.signal.aborted) {
        try {
          const options = { ...followOptions, signal: stop.signal, maxRows: 3 }
          for await (const batch of session.follow(position, options)) {
            copy.apply(batch)
            position = batch.position!
          }
        } catch (error) {
          if (stop.signal.aborted) return
          expect(PluginError.isInstance(error) && error.isRetryable).toBe(true)
          losses += 1
        }
      }
    }
    const following = follow()
    {
      await using _writers = await Writers.start(tables, 2)
      for (let kill = 0; kill < 15; kill += 1) {
        await delay(150)
        kills += await killDumps()
      }
    }
    stop.abort(new Error('enough'))
    await following
    for (const batch of await changesUntilNow(session, position)) copy.apply(batch)
    expect(kills).toBeGreaterThan(2)
    expect(losses).toBeGreaterThan(2)
    expect(copy.lines).toEqual(await tableLines(...tables))
  })
})
