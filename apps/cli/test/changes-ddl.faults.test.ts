import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { describe, expect } from 'vitest'
import { first, textRow, type TextRow } from './support/change-contents.ts'
import { openChangeLog } from './support/change-log.ts'
import { openChangeSession, type ChangeSession } from './support/change-session.ts'
import { dataKeys } from './support/data-keys.ts'
import type { RunningCommand } from './support/job-folder.ts'
import type { SourceKind } from './support/load-source.ts'
import { write, pipelineFolder, type PipelineFolder } from './support/pipeline-folder.ts'
import { test, type RedisTarget } from './support/redis-test.ts'
import { SeededRandom } from './support/seeded-random.ts'
import { makeChangeDatabase, type TestDatabase } from './support/test-database.ts'

const changesPerSecond = 500
/** Between two changes of a definition. */
const pauseMs = 700
const rowCount = 300
const tables = ['item', 'plain'] as const
type Table = (typeof tables)[number]

/** Every value says which column it was written to: the first letter stays the same when the column is renamed or moved. */
const letterOf: Readonly<Record<string, string>> = { a: 'a', a2: 'a', b: 'b', c: 'c', added: 'n' }
/** Columns that hashes may still have, since no change says that they are gone. */
const formerColumns = new Set(['a', 'b', 'later'])

interface Definition {
  readonly statements: (table: Table) => readonly string[]
  /** Columns besides `id` and `version` from then on. */
  readonly columns: readonly string[]
}

const definitions = (kind: SourceKind): readonly Definition[] => [
  {
    statements: (table) => [`ALTER TABLE ${table} ADD COLUMN added varchar(40)`],
    columns: ['a', 'b', 'c', 'added'],
  },
  {
    statements: (table) => [`ALTER TABLE ${table} RENAME COLUMN a TO a2`],
    columns: ['a2', 'b', 'c', 'added'],
  },
  {
    statements: (table) => [`ALTER TABLE ${table} DROP COLUMN b`],
    columns: ['a2', 'c', 'added'],
  },
  {
    statements: (table) =>
      kind === 'mysql'
        ? [`ALTER TABLE ${table} MODIFY a2 varchar(60) AFTER added`]
        : [
            // PostgreSQL has no other way.
            `ALTER TABLE ${table} ADD COLUMN later varchar(60)`,
            `UPDATE ${table} SET later = a2`,
            `ALTER TABLE ${table} DROP COLUMN a2`,
            `ALTER TABLE ${table} RENAME COLUMN later TO a2`,
          ],
    columns: ['c', 'added', 'a2'],
  },
  {
    statements: (table) => [
      `ALTER TABLE ${table} RENAME TO ${table}_away`,
      `ALTER TABLE ${table}_away RENAME TO ${table}`,
    ],
    columns: ['c', 'added', 'a2'],
  },
]

/** Writes changes, and knows the columns that there are. */
class DefinitionWriter {
  columns: readonly string[] = ['a', 'b', 'c']
  readonly #session: ChangeSession
  readonly #random: SeededRandom
  #version = 0

  constructor(session: ChangeSession, random: SeededRandom) {
    this.#session = session
    this.#random = random
  }

  /** Writes at the rate of the test for so long. */
  async write(durationMs: number): Promise<void> {
    const startedMs = performance.now()
    let count = 0
    while (performance.now() - startedMs < durationMs) {
      if (count > (changesPerSecond * (performance.now() - startedMs)) / 1000) await sleep(2)
      else count += await this.change(tables[this.#random.between(0, 1)] ?? 'item')
    }
  }

  async change(table: Table): Promise<number> {
    const id = this.#random.between(1, rowCount)
    const choice = this.#random.between(1, 10)
    if (choice <= 2) return await this.#session.execute(`DELETE FROM ${table} WHERE id = ${id}`)
    this.#version += 1
    const values = this.columns.map((name) => `'${letterOf[name]}:${id}:${this.#version}'`)
    const set = this.columns.map((name, at) => `${name} = ${values[at]}`)
    const updated = await this.#session.execute(
      `UPDATE ${table} SET ${set.join(', ')}, version = ${this.#version} WHERE id = ${id}`,
    )
    if (updated > 0) return updated
    return await this.#session.execute(
      `INSERT INTO ${table} (id, version, ${this.columns.join(', ')}) VALUES (${id}, ${this.#version}, ${values.join(', ')})`,
    )
  }

  /** Writes every row anew, so that all columns of each arrive. */
  async touchAll(): Promise<void> {
    this.#version += 1
    for (const table of tables)
      await this.#session.execute(`UPDATE ${table} SET version = version + 1000000`)
  }

  async execute(statements: readonly string[]): Promise<void> {
    for (const statement of statements) await this.#session.execute(statement)
  }
}

function definitionPipeline(
  target: RedisTarget,
  kind: SourceKind,
  database: TestDatabase,
): PipelineFolder {
  const namespace = kind === 'mysql' ? database.name : 'public'
  const pipeline = pipelineFolder(target, kind, database, {
    tables: Object.fromEntries(tables.map((name) => [`${namespace}.${name}`, {}])),
  })
  pipeline.job('item', {
    source: { table: 'item' },
    output: [
      write({ data_type: 'hash' }),
      write({ data_type: 'stream', key: { language: 'jmespath', expression: '`changes`' } }),
    ],
  })
  return pipeline
}

/** Rows that are not in Redis as the table has them now, and keys of no row. */
async function rowDifferences(client: Redis, database: TestDatabase): Promise<string[]> {
  const found: string[] = []
  const keys = new Set((await dataKeys(client)).filter((key) => key !== 'changes'))
  for (const table of tables) {
    for (const row of (await database.query(`SELECT * FROM ${table}`)).map(textRow)) {
      const key = `${table}:id:${row['id']}`
      keys.delete(key)
      const fields = Object.entries(await client.hgetall(key))
      const current = fields.filter(([name]) => name in row || !formerColumns.has(name))
      const shown = (cells: readonly (readonly [string, unknown])[]) =>
        cells
          .map(([name, text]) => `${name}=${String(text)}`)
          .sort()
          .join(' ')
      if (shown(current) !== shown(Object.entries(row)))
        found.push(`${key}: ${shown(current)}, expected ${shown(Object.entries(row))}`)
    }
  }
  const orphans = [...keys].map((key) => `${key} is of no row`)
  return [...first('wrong', found), ...first('orphan', orphans)]
}

/** Messages with a value under the name of another column, or with a column that was never there. */
function mixedUp(messages: readonly TextRow[]): string[] {
  const others = new Set(['id', 'version', 'op_code', 'later'])
  return messages.flatMap((message) =>
    Object.entries(message).flatMap(([name, text]) => {
      if (others.has(name)) return []
      const isRight = text?.startsWith(`${letterOf[name]}:${message['id']}:`) === true
      return isRight ? [] : [`${name}=${text} in ${JSON.stringify(message)}`]
    }),
  )
}

async function messagesOf(client: Redis): Promise<TextRow[]> {
  const entries = await client.xrange('changes', '-', '+')
  return entries.map(([, fields]) =>
    Object.fromEntries(
      fields.flatMap((name, at) => (at % 2 === 0 ? [[name, fields[at + 1]] as const] : [])),
    ),
  )
}

/** Goes through all definitions while changes are written. */
async function redefine(
  writer: DefinitionWriter,
  kind: SourceKind,
  running: RunningCommand | undefined,
): Promise<void> {
  for (const [index, { statements, columns }] of definitions(kind).entries()) {
    await writer.write(pauseMs)
    // What was written before is read by turns before and after the definition is another one.
    const isHeld = index % 2 === 1
    if (isHeld) running?.child.kill('SIGSTOP')
    await writer.write(pauseMs / 2)
    for (const table of tables) await writer.execute(statements(table))
    writer.columns = columns
    await writer.write(pauseMs / 2)
    if (isHeld) running?.child.kill('SIGCONT')
  }
  await writer.execute(['TRUNCATE TABLE plain'])
  await writer.write(pauseMs)
  await writer.touchAll()
}

describe.concurrent.each(['postgresql', 'mysql'] as const)('tables of %s are redefined', (kind) => {
  for (const isRunning of [true, false])
    test(
      isRunning ? 'while a pipeline follows them' : 'before a pipeline goes on to follow them',
      { timeout: 120_000 },
      async ({ target }) => {
        const { client } = target
        const random = new SeededRandom(`definitions of ${kind}`)
        await using database = await makeChangeDatabase(kind)
        for (const table of tables)
          await database.execute(
            `CREATE TABLE ${table} (id int PRIMARY KEY, version bigint NOT NULL, a varchar(40), b varchar(40), c varchar(40))`,
            ...(kind === 'mysql' ? [] : [`ALTER TABLE ${table} REPLICA IDENTITY FULL`]),
          )
        await using log = await openChangeLog(kind, database)
        await using session = await openChangeSession(kind, database.url)
        const writer = new DefinitionWriter(session, random)
        let countBefore = 0
        for (let count = 0; count < rowCount; count += 1) countBefore += await writer.change('item')
        const pipeline = definitionPipeline(target, kind, database)
        const begun = await pipeline.catchUp()
        expect(begun.exitCode, begun.stderr).toBe(0)
        const readRows = await client.xlen('changes')
        expect(readRows).toBeGreaterThan(0)
        const running = isRunning ? pipeline.follow() : undefined
        await redefine(writer, kind, running)
        running?.child.kill('SIGTERM')
        const stopped = await running?.ended
        if (stopped !== undefined) expect(stopped.exitCode, stopped.stderr).toBe(143)
        const { exitCode, stderr, report } = await pipeline.catchUp()
        expect(exitCode, stderr).toBe(0)
        expect(report).toMatchObject({ recordsDirty: 0 })
        const messages = await messagesOf(client)
        expect(first('wrong', mixedUp(messages))).toEqual([])
        const changes = (await log.read(new Map([['item', 1]]))).map(
          ({ operation, key, version }) => `${operation} ${key} v${version}`,
        )
        const found = messages.map((one) => `${one['op_code']} ${one['id']} v${one['version']}`)
        const followed = found.filter((text) => !text.startsWith('r '))
        expect(found.length - followed.length).toBe(readRows)
        // Those before the snapshot are in its rows, and every one behind it is followed.
        expect(followed).toEqual(changes.slice(countBefore))
        expect(followed.length).toBeGreaterThan(changesPerSecond)
        expect(await rowDifferences(client, database)).toEqual([])
      },
    )
})
