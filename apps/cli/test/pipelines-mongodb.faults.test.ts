import { statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { foundContents, hashText } from './support/change-contents.ts'
import { changeStream } from './support/change-pipeline.ts'
import { hookEnvironment } from './support/fault-hooks.ts'
import { makeMongoLoadSource } from './support/mongo-load-source.ts'
import { jmespath, pipelineFolder, write } from './support/pipeline-folder.ts'
import { test } from './support/redis-test.ts'
import { isLong, SeededRandom } from './support/seeded-random.ts'

const documentCount = 40_000
const kills = isLong ? 30 : 8

test(
  `a snapshot of MongoDB in 8 splits has every document once, whatever its _id, after ${kills} times kill -9`,
  { timeout: 300_000 },
  async ({ target }) => {
    const random = new SeededRandom('kill loop of a snapshot from mongodb')
    await using source = await makeMongoLoadSource(documentCount)
    const { database } = source
    const pipeline = pipelineFolder(target, 'mongodb', database, {
      tables: { [`${database.name}.t`]: {} },
      // Small batches, so that a run takes long enough to be killed.
      others: { processors: { write_batch_size: 20, initial_sync_processes: 8 } },
    })
    const key = jmespath(`\`${changeStream}\``)
    pipeline.job('t', {
      source: { table: 't' },
      output: [
        write({ data_type: 'hash' }),
        write({ data_type: 'stream', key, mapping: ['f', 'k', 'v'] }),
      ],
    })
    const rowsReadFile = pipeline.folder.write('rows-read', '')
    const env = hookEnvironment({ rowsReadFile })
    let killed = 0
    for (let count = 0; count < kills; count += 1) {
      const running = pipeline.start([], { env })
      // By turns from the start of the process and from its first batch, which a busy machine may never reach in time.
      const before = statSync(rowsReadFile).size
      const waitsForRows = () => count % 2 === 1 && statSync(rowsReadFile).size === before
      while (waitsForRows() && running.child.exitCode === null) await sleep(10)
      await sleep(random.between(20, 400))
      running.child.kill('SIGKILL')
      const { exitCode, stderr } = await running.ended
      if (exitCode === null) killed += 1
      else expect(exitCode, stderr).toBe(0)
    }
    const { exitCode, stderr, report } = await pipeline.run([], { env })
    expect(exitCode, stderr).toBe(0)
    const counts = { recordsRead: documentCount, recordsWritten: documentCount, recordsDirty: 0 }
    expect(report).toMatchObject({ guarantee: 'exactly-once', splits: { total: 8, done: 8 } })
    expect(report?.total).toMatchObject(counts)
    console.info(`mongodb: ${killed} runs of a snapshot were killed in its middle`)
    expect(killed).toBeGreaterThan(1)
    const rows = [...(await source.rows())].map(({ f, k, v }) => hashText({ f, k, v })).sort()
    const messages = await target.client.xrange(changeStream, '-', '+')
    const sent = messages.map(([, [, f, , k, , v]]) => hashText({ f, k, v })).sort()
    expect(sent.length).toBe(documentCount)
    expect(sent.filter((text, at) => text !== rows[at]).slice(0, 5)).toEqual([])
    const contents = [...(await foundContents(target.client)).values()]
    const kept = contents.map((text) => text.replace(/\["_id","(?:[^"\\]|\\.)*"\],/, '')).sort()
    expect(kept.length).toBe(documentCount)
    expect(kept.filter((text, at) => text !== rows[at]).slice(0, 5)).toEqual([])
  },
)
