import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { PluginError } from '../plugin/errors.ts'
import { DirtyCollector, type DirtyCollectorOptions } from './dirty-collector.ts'
import { JobCounters } from './job-counters.ts'

const schema = { table: 't', version: 1, key: [], fields: [] }
const origin = { run: 'r', split: '0', schema, position: undefined, isTransformed: false }
const dirtyRow = (code: string) => ({ row: ['x'], error: { code, message: `reason of ${code}` } })

let folder: string
let passed: PluginError[]
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-dirty-'))
  passed = []
})
afterEach(() => rmSync(folder, { recursive: true }))

function collector(limit: DirtyCollectorOptions['limit'], counters = new JobCounters()) {
  const file = join(folder, 'job.dirty.jsonl')
  return new DirtyCollector({ counters, file, limit, onLimitPassed: (error) => passed.push(error) })
}

test('the record limit is exact: at the limit all is well, one more passes it, once', () => {
  const dirty = collector({ record: 2 })
  expect(dirty.add([dirtyRow('A'), dirtyRow('B')], origin)).toBe(true)
  expect(passed).toEqual([])
  expect(dirty.add([dirtyRow('A')], origin)).toBe(false)
  expect(dirty.add([dirtyRow('A')], origin)).toBe(false)
  expect(passed.map((error) => error.code)).toEqual(['DIRTY_LIMIT_PASSED'])
  dirty.close()
})

test('every record is in the file before it counts, and only the owner may read it', () => {
  const dirty = collector({})
  dirty.add([dirtyRow('A'), dirtyRow('A'), dirtyRow('B')], origin)
  dirty.close()
  const file = join(folder, 'job.dirty.jsonl')
  expect(readFileSync(file, 'utf8').trim().split('\n')).toHaveLength(3)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(dirty.summary).toEqual([
    { code: 'A', count: 2, reason: 'reason of A' },
    { code: 'B', count: 1, reason: 'reason of B' },
  ])
})

test('no dirty record, no file', () => {
  const dirty = collector({ record: 0 })
  expect(dirty.add([], origin)).toBe(true)
  expect(dirty.file).toBeUndefined()
})

test.each([
  [0.2, undefined],
  [0.19, 'DIRTY_LIMIT_PASSED'],
])('percentage %s of 10 rows with 2 dirty', (percentage, code) => {
  const counters = new JobCounters()
  counters.recordsWritten = 8
  const dirty = collector({ percentage }, counters)
  dirty.add([dirtyRow('A'), dirtyRow('A')], origin)
  expect(dirty.finalError()?.code).toBe(code)
  dirty.close()
})

test.each([
  ['record', { record: 3 }, { record: 4 }],
  ['percent', { percent: 0.2 }, { percent: 0.4 }],
])('what earlier runs have left passes limit.%s at the end, too', (_, passed, kept) => {
  const recordsDirtyBySplit = new Map([['0', 4]])
  const earlier = { since: '2026-01-01T00:00:00.000Z', recordsDirtyBySplit, recordsRead: 1000 }
  for (const [limit, code] of [
    [passed, 'DIRTY_LIMIT_PASSED'],
    [kept, undefined],
  ] as const) {
    const dirty = collector(limit, new JobCounters())
    dirty.resume(earlier)
    expect(dirty.finalError()?.code).toBe(code)
  }
})

test.each([
  [1, []],
  [0.9, ['DIRTY_LIMIT_PASSED']],
])('a share of 1 percent against %s, with batches under way', (percent, codes) => {
  const counters = new JobCounters()
  const dirty = collector({ percent }, counters)
  const rows = Array.from({ length: 10 }, () => dirtyRow('A'))
  for (let batch = 0; batch < 4; batch += 1) dirty.add(rows, origin)
  for (let batch = 0; batch < 4; batch += 1) {
    expect(passed.map(({ code }) => code)).toEqual(batch === 0 ? [] : codes)
    counters.recordsWritten += 990
    dirty.settle(10)
  }
  expect(passed.map(({ code }) => code)).toEqual(codes)
  if (codes.length > 0) expect(passed[0]?.message).toMatch(/^10 dirty records: .* of 1000 records/)
  expect(dirty.finalError()?.code).toBe(codes[0])
  dirty.close()
})

test('a dirty file that cannot be written stops the job with a hint', () => {
  const dirty = new DirtyCollector({
    counters: new JobCounters(),
    file: join(folder, 'missing', 'x.jsonl'),
    limit: {},
    onLimitPassed: () => {},
  })
  expect(() => dirty.add([dirtyRow('A')], origin)).toThrow(/could not write dirty records/)
})
