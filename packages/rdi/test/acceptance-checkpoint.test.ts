import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { MemoryChange } from '@millrace/testkit'
import { AcceptanceRedis } from './acceptance-redis.ts'
import { change, everything, person } from './acceptance-rows.ts'
import { makePipeline } from './pipeline-run.ts'

const place = new AcceptanceRedis()

describe('the checkpoint', () => {
  const steps: readonly MemoryChange[] = [
    change('c', ['1', 'Ida', 'Oslo'], { transaction: 1 }),
    change('c', ['2', 'Odd', 'Oslo'], { transaction: 1 }),
    change('u', ['3', 'Ida', 'Voss'], { before: ['1', 'Ida', 'Oslo'], transaction: 2 }),
    change('u', ['1', 'Odd', 'Oslo'], { before: ['2', 'Odd', 'Oslo'], transaction: 2 }),
    change('u', ['2', 'Ida', 'Voss'], { before: ['3', 'Ida', 'Voss'], transaction: 2 }),
    change('d', ['1', 'Odd', 'Oslo'], { transaction: 3 }),
  ]
  const log = [
    'id 1 name Ida city Oslo op_code c',
    'id 2 name Odd city Oslo op_code c',
    'id 3 name Ida city Voss op_code u',
    'id 1 name Odd city Oslo op_code u',
    'id 2 name Ida city Voss op_code u',
    'id 1 name Odd city Oslo op_code d',
  ]
  const expectEnd = async () => {
    expect(await place.messages('log')).toEqual(log)
    expect(await place.keys()).toEqual(['in:Voss', 'log', 'person:id:2'])
    expect(await place.client.hgetall('person:id:2')).toEqual({
      id: '2',
      name: 'Ida',
      city: 'Voss',
    })
    expect(await place.client.smembers('in:Voss')).toEqual(['2'])
  }

  it('is kept with changes: a pipeline is exactly once', async () => {
    const pipeline = await makePipeline(place.setup(everything))
    const first = await pipeline.resume({ tables: [person], changes: steps })
    expect(first.report).toMatchObject({ status: 'complete', recordsWritten: 6 })
    expect(first.report.guarantee).toBe('exactly-once')
    expect((await place.client.keys('millrace:*')).length).toBe(1)
    const again = await pipeline.resume({ tables: [person], changes: steps })
    expect(again.report).toMatchObject({ status: 'complete', recordsWritten: 0 })
    await expectEnd()
  })

  it.each([1, 2, 3, 4, 5])(
    'goes on inside a transaction when the source is lost behind %i changes',
    async (failAfterRows) => {
      const pipeline = await makePipeline(place.setup(everything, { batchSize: 1 }))
      const lost = await pipeline.resume({ tables: [person], changes: steps, failAfterRows })
      expect(lost.report).toMatchObject({ status: 'failed', recordsWritten: failAfterRows })
      expect(await place.messages('log')).toEqual(log.slice(0, failAfterRows))
      const { report } = await pipeline.resume({ tables: [person], changes: steps })
      expect(report).toMatchObject({ status: 'complete', recordsWritten: 6 - failAfterRows })
      await expectEnd()
    },
  )

  it('repeats nothing, wherever batches end and the source is lost', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 4 }),
        fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { maxLength: 3 }),
        async (batchSize, losses, passing) => {
          await place.client.flushall()
          const pipeline = await makePipeline(place.setup(everything, { batchSize }))
          const passingFailures = passing.toSorted((one, other) => one - other)
          for (const failAfterRows of losses)
            await pipeline.resume({ tables: [person], changes: steps, failAfterRows })
          await pipeline.resume({ tables: [person], changes: steps, passingFailures })
          const { report } = await pipeline.resume({ tables: [person], changes: steps })
          expect(report).toMatchObject({ status: 'complete', errors: [] })
          await expectEnd()
        },
      ),
      { numRuns: Number(process.env['MILLRACE_TEST_RUNS'] ?? 25) },
    )
  })
})
