import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testContext } from '@millrace/testkit'
import sqlite from 'node-sqlite3-wasm'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { countOpenConnections } from '../src/database.js'
import { sqliteReader } from '../src/index.js'

const signal = new AbortController().signal
const options = { signal, maxRows: 2, maxBytes: 1_000_000, maxDelayMs: 1000, positions: true }
/** @type {import('@millrace/core/plugin').ReaderSession[]} */
const sessions = []
/** @type {string} */
let folder
/** @type {string} */
let file

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-reader-sqlite-'))
  file = join(folder, 'test.db')
})
afterEach(async () => {
  for (const session of sessions.splice(0)) await session[Symbol.asyncDispose]()
  expect(countOpenConnections()).toBe(0)
  await rm(folder, { recursive: true })
})

/** @param {string} sql */
function execute(sql) {
  const database = new sqlite.Database(file)
  database.exec(sql)
  database.close()
}

/** @param {Partial<import('../src/config.js').Config>} config */
async function open(config) {
  const parameters = { file, table: ['t'], ...config }
  const session = await sqliteReader.open(parameters, testContext().context, { signal })
  sessions.push(session)
  return session
}

/** @param {import('@millrace/core/plugin').ReaderSession} session */
async function onlySplit(session) {
  const [split] = (await session.split(1, options)).splits
  if (split === undefined) throw new Error('there is no split')
  return split
}

/** @param {AsyncIterable<import('@millrace/core/record').RecordBatch>} batches */
async function collect(batches) {
  const all = []
  for await (const batch of batches) all.push(batch)
  return all
}

/** @param {readonly import('@millrace/core/record').RecordBatch[]} batches */
const rowsOf = (batches) => batches.flatMap(({ rows }) => rows)

/**
 * Reads all splits; then each of them behind every position, and up to it.
 *
 * @param {Partial<import('../src/config.js').Config>} config
 */
async function readInEveryWay(config) {
  const session = await open(config)
  const { splits } = await session.split(3, options)
  const rows = []
  for (const split of splits) {
    const batches = await collect(session.read(split, { ...options, maxRows: 1 }))
    const all = rowsOf(batches)
    rows.push(...all)
    for (const [index, { position }] of batches.entries()) {
      if (position === undefined) continue
      const stored = JSON.parse(JSON.stringify(position))
      const behind = await collect(session.read(split, { ...options, from: stored }))
      expect(rowsOf(behind)).toEqual(all.slice(index + 1))
      const upTo = await collect(session.read(split, { ...options, until: stored }))
      expect(rowsOf(upTo)).toEqual(all.slice(0, index + 1))
    }
  }
  return { splits, rows }
}

test('a split key with NULL, ties, text and real numbers loses no row and repeats none', async () => {
  execute(`CREATE TABLE t (n TEXT, k INT); CREATE INDEX byK ON t (k);
    INSERT INTO t VALUES ('a', 5), ('b', NULL), ('c', 1), ('d', 'word'), ('e', 5), ('f', NULL), ('g', 2.5),
      ('h', 9223372036854775807), ('i', -9223372036854775808), ('j', 'word'), ('k', x'00')`)
  for (const where of [undefined, "n <> 'e'"]) {
    const { splits, rows } = await readInEveryWay({ splitPk: 'k', columns: ['n'], where })
    expect(splits).toHaveLength(3)
    const names = Array.from('abcdefghijk').filter((name) => where === undefined || name !== 'e')
    expect(rows).toHaveLength(names.length)
    expect(new Set(rows.map(([name]) => name))).toEqual(new Set(names))
  }
})

test('a table without rowid is read in the order of its primary key', async () => {
  execute(`CREATE TABLE t (a TEXT COLLATE NOCASE, b INTEGER, n TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID;
    INSERT INTO t VALUES ('B', 1, 'x'), ('a', 2, 'y'), ('b', 2, 'z'), ('A', 1, 'v'), ('c', 0, 'w')`)
  const { splits, rows } = await readInEveryWay({ columns: ['n'] })
  expect(splits.map(({ id, resumable }) => [id, resumable])).toEqual([['t', true]])
  expect(rows.map(([name]) => name)).toEqual(['v', 'y', 'x', 'z', 'w'])
})

test('a view is one split without positions', async () => {
  execute(`CREATE TABLE u (id INTEGER PRIMARY KEY); INSERT INTO u VALUES (1), (2);
    CREATE VIEW t AS SELECT id FROM u`)
  const { splits, rows } = await readInEveryWay({})
  expect(splits.map(({ resumable }) => resumable)).toEqual([false])
  expect(rows).toEqual([[1], [2]])
})

test('a column may be called rowid', async () => {
  execute("CREATE TABLE t (rowid TEXT, oid TEXT); INSERT INTO t VALUES ('z', 'y'), ('x', 'w')")
  const { rows } = await readInEveryWay({})
  expect(rows).toEqual([
    ['z', 'y'],
    ['x', 'w'],
  ])
})

test('text keeps zero bytes, and bytes that are no UTF-8 stay bytes', async () => {
  execute(
    "CREATE TABLE t (x TEXT); INSERT INTO t VALUES ('a' || char(0) || 'b'), (CAST(x'ff41' AS TEXT))",
  )
  const { rows } = await readInEveryWay({})
  expect(rows).toEqual([['a\0b'], [Uint8Array.of(0xff, 0x41)]])
})

test('a value that is none of the type of its column makes its row dirty', async () => {
  execute(
    "CREATE TABLE t (x INTEGER, d DATE); INSERT INTO t VALUES (1, NULL), ('word', NULL), (2, 'soon')",
  )
  const session = await open({})
  const split = await onlySplit(session)
  const batches = await collect(session.read(split, { ...options, maxRows: 10 }))
  expect(rowsOf(batches)).toEqual([[1, null]])
  expect(batches.flatMap(({ unreadable = [] }) => unreadable.map(({ error }) => error))).toEqual([
    { code: 'WRONG_TYPE', message: 'the column x, declared as INTEGER, holds what is no int' },
    { code: 'WRONG_TYPE', message: 'the column d, declared as DATE, holds what is no date' },
  ])
})

test('decimals have no exponent', async () => {
  execute(
    'CREATE TABLE t (x NUMERIC); INSERT INTO t VALUES (1e21), (-2.5e-7), (1.5), (123456789012345678)',
  )
  const { rows } = await readInEveryWay({})
  expect(rows.flat()).toEqual([
    '1000000000000000000000',
    '-0.00000025',
    '1.5',
    '123456789012345678',
  ])
})

test('check names what is near to what is not there', async () => {
  execute('CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT)')
  /** @param {Partial<import('../src/config.js').Config>} config */
  const findings = async (config) => {
    const session = await open({ table: ['people'], ...config })
    return (await session.check({ signal })).map(({ path, hint }) => [path, hint])
  }
  expect(await findings({})).toEqual([])
  expect(await findings({ file: join(folder, 'tets.db') })).toEqual([
    [['file'], 'Did you mean test.db?'],
  ])
  expect(await findings({ table: ['peolpe'] })).toEqual([[['table'], 'Did you mean people?']])
  expect(
    await findings({ columns: ['ID', 'nmae'], where: 'id >', types: { nam: 'json' } }),
  ).toEqual([
    [['columns', 1], 'Did you mean name?'],
    [['types', 'nam'], 'Did you mean name?'],
    [['where'], undefined],
  ])
  expect(await findings({ splitPk: 'name' })).toEqual([
    [['splitPk'], 'Leave splitPk out, or make an index on the column.'],
  ])
})

test('a file that is no database is refused', async () => {
  await writeFile(file, 'no database at all, but long enough to be read as the header of one')
  const session = await open({})
  await expect(session.check({ signal })).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' })
})

test('reading writes nothing beside the file, and two read side by side', async () => {
  execute('CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1), (2), (3), (4)')
  const session = await open({})
  const { splits } = await session.split(2, options)
  const reads = splits.map((split) =>
    session.read(split, { ...options, maxRows: 1 })[Symbol.asyncIterator](),
  )
  for (const read of reads) expect((await read.next()).done).toBe(false)
  expect(await readdir(folder)).toEqual(['test.db'])
  for (const read of reads) await read.return?.()
})

test('a change of the file ends a read, which can be gone on with', async () => {
  execute('CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1), (2), (3), (4)')
  const session = await open({})
  const split = await onlySplit(session)
  const read = session.read(split, options)[Symbol.asyncIterator]()
  const first = await read.next()
  execute('INSERT INTO t VALUES (5)')
  await expect(read.next()).rejects.toMatchObject({ code: 'SOURCE_FAILED', isRetryable: true })
  const rest = await collect(session.read(split, { ...options, from: first.value?.position }))
  expect(rowsOf(rest)).toEqual([[3], [4], [5]])
})
