import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { dxTransform, runPipeline, type JobPlan } from '@millrace/core'
import { memoryReader, memoryWriter, type Dataset } from '../src/index.ts'

const dataset: Dataset = {
  schema: {
    table: 'numbers',
    version: 1,
    fields: [{ name: 'id', type: 'string', nullable: false, nativeType: 'text' }],
    key: [0],
  },
  rows: Array.from({ length: 100 }, (_, id) => [String(id)]),
}

function planOf(name: string, folder: string, refusedId: string): JobPlan {
  const step = { config: {}, dataSources: [], origin: 'memory', stepType: 'memory' }
  const reader = memoryReader(dataset)
  const writer = memoryWriter({
    refuseRow: ([id]) =>
      id === refusedId || id === '50' ? { code: 'REFUSED', message: 'not this one' } : undefined,
  })
  return {
    name,
    file: join(folder, 'config.yaml'),
    reader: { ...step, name: 'Reader', plugin: reader.plugin as never },
    writer: { ...step, name: 'Writer', plugin: writer.plugin as never },
    transform: dxTransform([]),
    settings: { concurrency: 1, errorLimit: {}, timeZone: 'UTC' },
  }
}

it('lists the dirty rows of each plan in a file of its own that is named after it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-pipeline-'))
  try {
    const report = await runPipeline([planOf('a', folder, '1'), planOf('b', folder, '2')], {
      logger: { debug() {}, info() {}, warn() {} },
      signal: new AbortController().signal,
      dirtyFile: join(folder, 'bad.jsonl'),
    })
    expect(report.jobs?.map(({ dirtyFile }) => dirtyFile)).toEqual([
      join(folder, 'a.bad.jsonl'),
      join(folder, 'b.bad.jsonl'),
    ])
    expect(readdirSync(folder).sort()).toEqual(['a.bad.jsonl', 'b.bad.jsonl'])
    const idsOf = (file: string) =>
      readFileSync(join(folder, file), 'utf8')
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { row: { id: string } }).row.id)
    expect(idsOf('a.bad.jsonl')).toEqual(['1', '50'])
    expect(idsOf('b.bad.jsonl')).toEqual(['2', '50'])
    expect(report).toMatchObject({ recordsRead: 200, recordsDirty: 4 })
    expect(report.dirtyReasons).toEqual([{ code: 'REFUSED', count: 4, reason: 'not this one' }])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
