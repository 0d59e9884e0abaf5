import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { JobCounters } from '@millrace/core'
import { UsageError } from '../job-options.ts'
import { parseMetricsAddress, serveMetrics } from './metrics-server.ts'

const local = { host: '127.0.0.1', port: 0 }

async function textOf(url: string): Promise<{ status: number; text: string }> {
  const response = await fetch(url)
  return { status: response.status, text: await response.text() }
}

test('reads ports and addresses', () => {
  expect(parseMetricsAddress('9464')).toEqual({ port: 9464 })
  expect(parseMetricsAddress('127.0.0.1:0')).toEqual({ host: '127.0.0.1', port: 0 })
  expect(parseMetricsAddress('[::1]:9464')).toEqual({ host: '::1', port: 9464 })
  for (const wrong of ['', 'x', '70000', 'host:', '::1:9464', '-1', '1.5'])
    expect(() => parseMetricsAddress(wrong), wrong).toThrow(UsageError)
})

test('serves the numbers of every job, and what keeps one from getting on', async () => {
  const counters = new JobCounters()
  const parts = ['one', 'two'].map((job) => Object.assign(new JobCounters(), { job }))
  counters.follow(parts)
  const [one, two] = parts
  if (one === undefined || two === undefined) throw new Error('there are two')
  const schema = { table: 'invoice', version: 1, fields: [], key: [] }
  const counts = { recordsRead: 3, recordsWritten: 2, recordsFiltered: 0, recordsDirty: 1 }
  one.tables.add(schema, 'changes', { ...counts, bytesRead: 10, bytesWritten: 20 })
  two.failure = 'the table is gone'
  await using server = await serveMetrics(counters, local)
  const { text } = await textOf(`${server.url}/metrics`)
  const labels = 'job_name="one",table="invoice",phase="changes"'
  expect(text).toContain(`millrace_rows_total{${labels},outcome="written"} 2`)
  expect(text).toContain(`millrace_rows_total{${labels},outcome="dirty"} 1`)
  expect(text).toContain(`millrace_read_bytes_total{${labels}} 10`)
  expect(text).toContain('millrace_failed{job_name="two"} 1')
  expect(text).toContain('process_cpu_seconds_total')
  const health = await textOf(`${server.url}/healthz`)
  expect(health).toEqual({ status: 503, text: 'two: has failed: the table is gone\n' })
  two.failure = undefined
  expect(await textOf(`${server.url}/healthz`)).toEqual({ status: 200, text: 'ok\n' })
  expect((await textOf(`${server.url}/`)).status).toBe(404)
})

test('a port that is taken is an error of the flag', async () => {
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  try {
    const { port } = taken.address() as AddressInfo
    await expect(serveMetrics(new JobCounters(), { host: '127.0.0.1', port })).rejects.toThrow(
      /--metrics cannot listen on 127\.0\.0\.1 port \d+/,
    )
  } finally {
    taken.close()
  }
})
