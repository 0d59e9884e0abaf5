import { MemoryLog } from '@millrace/testkit'
import { expect, it } from 'vitest'
import { AcceptanceRedis } from './acceptance-redis.ts'
import { tableOf } from './acceptance-rows.ts'
import { makePipeline } from './pipeline-run.ts'

const place = new AcceptanceRedis()

const tableCalled = (name: string) => {
  const { schema } = tableOf(name, { id: 'int', note: 'string' })
  return { schema, rows: [['1', 'here']] }
}
const jobFor = (table: string) => `source: {table: ${table}}
output: [{uses: redis.write, with: {data_type: hash}}]
`

it('a job that matches no table is refused before the first row, with its file', async () => {
  const pipeline = await makePipeline(place.setup({ bill: jobFor('invoise') }))
  const tables = [tableCalled('invoice')]
  for (const { report } of [await pipeline.run({ tables }), await pipeline.resume({ tables })]) {
    expect(report).toMatchObject({ status: 'failed', code: 'CONFIG_INVALID', recordsRead: 0 })
    expect(report.errors[0]?.message).toBe(
      'jobs/bill.yaml: "invoise" matches no table of the source chinook; did you mean "invoice"?',
    )
  }
  expect(await place.keys()).toEqual([])
})

it('a pipeline under way goes on when a table of a job has gone', async () => {
  const jobs = { bill: jobFor('bill'), invoice: jobFor('invoice') }
  const pipeline = await makePipeline(place.setup(jobs))
  const tables = [tableCalled('invoice'), tableCalled('bill')]
  const log = new MemoryLog()
  const first = await pipeline.catchUp({ tables, log })
  expect(first.report).toMatchObject({ status: 'complete', recordsWritten: 2 })
  log.append({ dataset: 0, operation: 'u', row: ['1', 'changed'] })
  const later = await pipeline.catchUp({ tables, log, reads: ['public.invoice'] })
  expect(later.report).toMatchObject({ status: 'complete', recordsWritten: 1 })
  expect(pipeline.warnings).toContain(
    'jobs/bill.yaml: "bill" matches no table of the source chinook; it has invoice',
  )
  expect(await place.client.hget('invoice:id:1', 'note')).toBe('changed')
})
