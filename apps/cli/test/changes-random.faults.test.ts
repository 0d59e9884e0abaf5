import fc from 'fast-check'
import type { Redis } from 'ioredis'
import { describe, expect } from 'vitest'
import {
  differences,
  foundContents,
  hashText,
  setText,
  textRow,
  type Contents,
} from './support/change-contents.ts'
import { openChangeLog } from './support/change-log.ts'
import { changeStream } from './support/change-pipeline.ts'
import { openChangeSession } from './support/change-session.ts'
import { readMessages, streamDifferences } from './support/change-stream-order.ts'
import type { SourceKind } from './support/load-source.ts'
import { jmespath, write, pipelineFolder, type PipelineFolder } from './support/pipeline-folder.ts'
import {
  makeRandomTables,
  RandomStatements,
  randomTables,
  randomTransactions,
} from './support/random-changes.ts'
import { test, type RedisTarget } from './support/redis-test.ts'
import { isLong, SeededRandom } from './support/seeded-random.ts'
import { makeChangeDatabase, type TestDatabase } from './support/test-database.ts'

const seeds = isLong ? 200 : 30

const itemJob = {
  source: { table: 'item' },
  output: [
    write({ data_type: 'hash' }),
    write({
      data_type: 'string',
      key: jmespath("concat(['name:', grp, ':', id])"),
      args: { value: 'version' },
    }),
    write({ data_type: 'set', key: jmespath("concat(['grp:', grp])"), args: { member: 'id' } }),
    write({
      data_type: 'stream',
      key: jmespath(`\`${changeStream}\``),
      mapping: [{ id: 'item' }, 'version'],
    }),
  ],
}

function randomPipeline(
  target: RedisTarget,
  kind: SourceKind,
  database: TestDatabase,
): PipelineFolder {
  const namespace = kind === 'mysql' ? database.name : 'public'
  const pipeline = pipelineFolder(target, kind, database, {
    tables: Object.fromEntries(randomTables.map((name) => [`${namespace}.${name}`, {}])),
  })
  pipeline.job('item', itemJob)
  return pipeline
}

async function contentsOfTables(database: TestDatabase): Promise<Contents> {
  const contents: Contents = new Map()
  const groups = new Map<string, string[]>()
  for (const row of (await database.query('SELECT * FROM item')).map(textRow)) {
    const { id = '', grp = '', version = '' } = row
    contents.set(`item:id:${id}`, hashText(row))
    contents.set(`name:${grp}:${id}`, `string ${version}`)
    groups.set(grp, [...(groups.get(grp) ?? []), id])
  }
  for (const [grp, members] of groups) contents.set(`grp:${grp}`, setText(members))
  for (const row of (await database.query('SELECT * FROM pair')).map(textRow))
    contents.set(`pair:a:${row['a']}:b:${row['b']}`, hashText(row))
  return contents
}

async function randomDifferences(client: Redis, database: TestDatabase): Promise<string[]> {
  return differences(await contentsOfTables(database), await foundContents(client))
}

describe.concurrent.each(['postgresql', 'mysql'] as const)('random changes of %s', (kind) => {
  test(
    `leave the tables in Redis, ${seeds} times`,
    { timeout: seeds * 10_000 },
    async ({ target }) => {
      const { seed } = new SeededRandom(`random changes of ${kind}`)
      await using database = await makeChangeDatabase(kind)
      await makeRandomTables(kind, database)
      await using log = await openChangeLog(kind, database)
      await using session = await openChangeSession(kind, database.url)
      const pipeline = randomPipeline(target, kind, database)
      const begun = await pipeline.catchUp()
      expect(begun.exitCode, begun.stderr).toBe(0)
      const statements = new RandomStatements(kind)
      const property = fc.asyncProperty(randomTransactions, async (transactions) => {
        const sql = transactions.flatMap((transaction) => statements.of(transaction))
        for (const statement of sql) await session.execute(statement)
        const { exitCode, stderr } = await pipeline.catchUp()
        expect(exitCode, stderr).toBe(0)
        const found = await randomDifferences(target.client, database)
        expect(found, sql.join(';\n')).toEqual([])
      })
      // One goes on where the one before has stopped, so that a failure cannot be made smaller.
      await fc.assert(property, { seed, numRuns: seeds, endOnFailure: true })
      const messages = await readMessages(target.client, new Map([['item', ['id']]]))
      const changes = await log.read(new Map([['item', 1]]))
      // The rows of the beginning are the snapshot's; the log begins behind them.
      const reads = messages.filter(({ operation }) => operation === 'r')
      expect(reads).toHaveLength(2)
      const before = reads.map((read) => ({ ...read, operation: 'c' as const }))
      expect(streamDifferences(messages, [...before, ...changes])).toEqual([])
      expect(changes.length).toBeGreaterThan(seeds)
    },
  )
})
