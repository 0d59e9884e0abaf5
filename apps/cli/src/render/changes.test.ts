import { expect, test } from 'vitest'
import { JobCounters } from '@millrace/core'
import { changesObject, formatChanges } from './changes.ts'
import { formatProgressLines } from './progress.ts'

const speed = { bytesPerSecond: 0, recordsPerSecond: 0 }

function following(job: string): JobCounters {
  const counters = new JobCounters()
  counters.job = job
  counters.phase = 'changes'
  const position = { token: 1, label: '0/1A2B' }
  counters.changes.begin({ token: 0, label: 'start' })
  counters.changes.took({
    schema: { table: 't', version: 1, fields: [], key: [] },
    rows: [[]],
    byteSize: 0,
    position,
    changes: {
      operations: ['c'],
      before: [null],
      transactions: [1],
      committedAtMs: [Date.now() + 60_000],
    },
  })
  counters.changes.settled(position)
  return counters
}

test('changes are shown with position, lag and rate, and without a percentage', () => {
  const counters = following('shop')
  expect(formatProgressLines(counters, speed)).toEqual([
    'changes up to 0/1A2B | lag 0 ms | 1 changes/s | 1 changes | dirty 0',
  ])
  counters.changes.log = {
    lagBytes: 2_097_152,
    end: '0/3A2B',
    budget: { kind: 'size', log: 'WAL', totalBytes: 10 * 1024 ** 3, leftBytes: 8 * 1024 ** 3 },
  }
  counters.retrying = { sinceMs: 0, reason: 'connection lost' }
  expect(formatChanges(counters)).toContain(
    'lag 2.00MB, 0 ms | 1 changes/s | 1 changes | dirty 0 | WAL budget 8.0 of 10.0 GB left | source fails: connection lost',
  )
  expect(changesObject(counters)).toMatchObject({
    job: 'shop',
    position: '0/1A2B',
    lagBytes: 2_097_152,
    lagMs: 0,
    logEnd: '0/3A2B',
    retrying: 'connection lost',
  })
})

test('jobs of a pipeline have a line each once they follow changes', () => {
  const pipeline = new JobCounters()
  pipeline.follow([following('one'), new JobCounters()])
  const [snapshot, changes, ...others] = formatProgressLines(pipeline, speed)
  expect(snapshot).toContain('Percentage')
  expect(changes).toMatch(/^one: changes up to/)
  expect(others).toEqual([])
})
