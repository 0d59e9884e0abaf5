import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { JobPlan } from '../job/job-plan.ts'
import type { TableSchema } from '../record/table-schema.ts'
import { DirtyFileReader } from './dirty-file-reader.ts'
import { formatDirtyRecord } from './dirty-record.ts'
import { jobFingerprint } from './job-fingerprint.ts'

const schemas = ['first', 'second'].map((namespace): TableSchema => ({
  table: 'people',
  namespace,
  version: 1,
  fields: [{ name: namespace, type: 'string', nullable: true, nativeType: 'text' }],
  key: [0],
}))

it('tables of one name in two namespaces are told apart in the fingerprint', () => {
  const step = { stepType: 'memory', dataSources: [], config: {}, plugin: {} }
  const plan = { reader: step, writer: step, transform: {}, settings: {} } as unknown as JobPlan
  expect(jobFingerprint(plan, schemas)).toMatchObject({
    tables: {
      'first.people': { columns: ['first text'], key: ['first'] },
      'second.people': { columns: ['second text'], key: ['second'] },
    },
  })
})

it('tables of one name in two namespaces are told apart in the dirty file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-'))
  try {
    const file = join(folder, 'job.dirty.jsonl')
    const error = { code: 'NULL_KEY', message: 'the key is null' }
    const lines = schemas.map((schema) => {
      const origin = { run: 'r', split: 's', schema, position: undefined, isTransformed: false }
      return formatDirtyRecord({ row: [schema.namespace], error }, origin, new Date(0))
    })
    writeFileSync(file, `${lines.toReversed().join('\n')}\n`)
    const reader = new DirtyFileReader({
      file,
      sent: new Map(),
      read: schemas,
      transformed: schemas,
      logger: { debug: () => {}, info: () => {}, warn: () => {} },
    })
    const { signal } = new AbortController()
    const { splits } = await reader.split(1, { signal })
    const read: unknown[] = []
    const limits = { signal, maxRows: 10, maxBytes: 1000, maxDelayMs: 100 }
    for await (const { schema, rows, unreadable } of reader.read(splits[0]!, limits)) {
      expect(unreadable).toBeUndefined()
      read.push([schema, rows])
    }
    expect(read).toEqual([
      [schemas[1], [['second']]],
      [schemas[0], [['first']]],
    ])
  } finally {
    rmSync(folder, { recursive: true })
  }
})
