import { describe, expect } from 'vitest'
import { openChangeSession } from './support/change-session.ts'
import { peakMemory } from './support/peak-memory.ts'
import { jmespath, pipelineFolder, write } from './support/pipeline-folder.ts'
import { test } from './support/redis-test.ts'
import { isLong } from './support/seeded-random.ts'
import { makeChangeDatabase } from './support/test-database.ts'

/** Doubled from a thousand: at full length too many for the heap, were they held. */
const doublings = isLong ? 11 : 7
const rowCount = 1000 * 2 ** doublings
const heapMegabytes = 256
const mostBytes = 300 * 1024 * 1024
const env = { NODE_OPTIONS: `--max-old-space-size=${heapMegabytes}` }

describe.each(['postgresql', 'mysql'] as const)('one large transaction of %s', (kind) => {
  test(
    'takes no more memory than a small one',
    { timeout: isLong ? 600_000 : 120_000 },
    async ({ target }) => {
      await using database = await makeChangeDatabase(kind)
      await database.execute('CREATE TABLE item (id int PRIMARY KEY, note varchar(200))')
      const namespace = kind === 'mysql' ? database.name : 'public'
      const pipeline = pipelineFolder(target, kind, database, {
        tables: { [`${namespace}.item`]: {} },
      })
      pipeline.job('item', {
        source: { table: 'item' },
        output: [
          write({
            data_type: 'stream',
            key: jmespath('`changes`'),
            millrace: { max_len: 1000 },
          }),
        ],
      })
      const begun = await pipeline.catchUp()
      expect(begun.exitCode, begun.stderr).toBe(0)

      await using session = await openChangeSession(kind, database.url)
      const note = 'x'.repeat(150)
      const first = Array.from({ length: 1000 }, (_, id) => `(${id}, '${note}')`).join(', ')
      await session.execute('BEGIN')
      await session.execute(`INSERT INTO item VALUES ${first}`)
      for (let count = 1000; count < rowCount; count *= 2)
        await session.execute(`INSERT INTO item SELECT id + ${count}, note FROM item`)
      await session.execute('COMMIT')

      const running = pipeline.follow(['--until-current'], { env })
      const peak = await peakMemory(running)
      const { exitCode, stderr } = await running.ended
      expect(exitCode, stderr).toBe(0)
      expect(pipeline.folder.report()).toMatchObject({ recordsWritten: rowCount, recordsDirty: 0 })
      const last = await target.client.xrevrange('changes', '+', '-', 'COUNT', 1)
      expect(last[0]?.[1]).toEqual(expect.arrayContaining(['id', String(rowCount - 1)]))
      console.info(`${kind}: ${rowCount} rows, ${Math.round(peak / 1024 / 1024)} MB at most`)
      expect(peak).toBeGreaterThan(20 * 1024 * 1024)
      expect(peak).toBeLessThan(mostBytes)
    },
  )
})
