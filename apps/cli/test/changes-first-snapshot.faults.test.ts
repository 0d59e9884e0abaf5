import { expect, vi } from 'vitest'
import { openChangeSession } from './support/change-session.ts'
import { pipelineFolder } from './support/pipeline-folder.ts'
import { test } from './support/redis-test.ts'
import { makeChangeDatabase } from './support/test-database.ts'

const waitOptions = { timeout: 30_000, interval: 50 }

/** PostgreSQL alone waits long enough for its connection to be cut at a known moment. */
test(
  'a first snapshot whose connection is cut is taken again',
  { timeout: 90_000 },
  async ({ target }) => {
    await using database = await makeChangeDatabase('postgresql')
    await database.execute(
      'CREATE TABLE item (id int PRIMARY KEY, name text)',
      "INSERT INTO item VALUES (1, 'one')",
    )
    // A slot is made once the transactions under way have ended.
    await using writer = await openChangeSession('postgresql', database.url)
    await writer.execute('BEGIN')
    await writer.execute("INSERT INTO item VALUES (2, 'two')")
    const pipeline = pipelineFolder(target, 'postgresql', database, {
      tables: { 'public.item': {} },
    })
    const running = pipeline.follow(['--until-current'])
    // One that was cut takes a moment to end.
    const cutSlotMaker = async (known = 0): Promise<number> =>
      await vi.waitFor(async () => {
        if (running.child.exitCode !== null) throw new Error((await running.ended).stderr)
        const cut = await database.query(
          `SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${database.name}'
            AND state = 'active' AND query ~* 'create_(logical_)?replication_slot' AND pid NOT IN (pg_backend_pid(), ${known})`,
        )
        expect(cut).toHaveLength(1)
        return Number(cut[0]?.['pid'])
      }, waitOptions)
    await cutSlotMaker(await cutSlotMaker())
    await writer.execute('COMMIT')
    const { exitCode, stderr } = await running.ended
    expect(exitCode, stderr).toBe(0)
    expect(stderr).toContain('trying again in 2 s')
    expect(pipeline.folder.report()).toMatchObject({
      consistency: 'one-snapshot',
      guarantee: 'exactly-once',
      recordsRead: 2,
    })
    expect(await target.client.hgetall('item:id:2')).toEqual({ id: '2', name: 'two' })
  },
)
