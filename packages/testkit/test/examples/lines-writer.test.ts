import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runWriterCases, type WriterTarget } from '@millrace/testkit'
import { test } from 'vitest'
import { linesWriter } from './lines-writer.ts'

const schema: WriterTarget['schema'] = {
  table: 'pairs',
  version: 1,
  fields: ['key', 'value'].map((name) => {
    return { name, type: 'string', nullable: true, nativeType: 'text' }
  }),
  key: [],
}

/** Values by key, in the order of the lines. */
function valuesOf(text: string): ReadonlyMap<string, readonly string[]> {
  const values = new Map<string, string[]>()
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const [key, value] = JSON.parse(line) as [string, string]
    values.set(key, [...(values.get(key) ?? []), value])
  }
  return values
}

async function makeTarget(): Promise<WriterTarget> {
  const folder = await mkdtemp(join(tmpdir(), 'lines-writer-'))
  const path = join(folder, 'rows.jsonl')
  return {
    config: { path },
    dataSources: [],
    schema,
    keeps: 'all',
    row: (key, value) => [key, value],
    badRow: () => ['k', Uint8Array.of(255)],
    contents: async () => valuesOf(await readFile(path, 'utf8').catch(() => '')),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  }
}

const aFile = 'it writes a file'

runWriterCases(
  {
    plugin: linesWriter,
    makeTarget,
    rightConfig: { path: 'rows.jsonl' },
    wrongConfigs: [{}, { path: 5 }],
    isIdempotent: false,
    lacks: {
      refusedRow: `${aFile}, which takes every line`,
      truncatedTarget: `${aFile}, and what was appended stays`,
      openConnections: `${aFile}, and opens it for each batch`,
      refused: `${aFile} without a password`,
      unreachable: `${aFile}, not over a network`,
    },
  },
  { test },
)
