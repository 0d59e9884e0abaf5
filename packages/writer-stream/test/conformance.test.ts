import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { runWriterCases, type WriterHarness, type WriterTarget } from '@millrace/testkit'
import { describe, test } from 'vitest'
import { createStreamWriter } from '../src/index.ts'

const schema = {
  table: 'pairs',
  version: 1,
  fields: ['key', 'value'].map((name) => {
    return { name, type: 'string' as const, nullable: true, nativeType: 'text' }
  }),
  key: [],
}

/** Values by key, of the lines that were printed. */
function valuesOf(text: string): ReadonlyMap<string, readonly string[]> {
  const values = new Map<string, string[]>()
  for (const line of text.split('\n').slice(0, -1)) {
    const [key = '', value = ''] = line.split('\t')
    values.set(key, [...(values.get(key) ?? []), value])
  }
  return values
}

const shared = {
  wrongConfigs: [{ print: 'perhaps' }, { fieldDelimiter: 5 }],
  rightConfig: { print: 'true', fieldDelimiter: ',' },
  isIdempotent: false,
  lacks: {
    badRow: 'every row can be printed',
    refusedRow: 'what is printed is taken',
    truncatedTarget: 'what was printed stays',
    refused: 'there is nothing to connect to',
    unreachable: 'there is nothing to connect to',
    openConnections: 'there is nothing to connect to',
  },
}
const target = {
  dataSources: [],
  schema,
  keeps: 'all',
  row: (key: string, value: string) => [key, value],
} as const

/** Every target prints to an output of its own. */
function stdoutHarness(): WriterHarness {
  let output = new PassThrough()
  return {
    ...shared,
    plugin: createStreamWriter(() => output),
    makeTarget: async (): Promise<WriterTarget> => {
      const mine = new PassThrough()
      output = mine
      let text = ''
      mine.setEncoding('utf8')
      mine.on('data', (chunk: string) => (text += chunk))
      return {
        ...target,
        config: {},
        contents: async () => valuesOf(text),
        [Symbol.asyncDispose]: async () => void mine.destroy(),
      }
    },
  }
}

function fileHarness(): WriterHarness {
  return {
    ...shared,
    plugin: createStreamWriter(() => new PassThrough()),
    makeTarget: async (): Promise<WriterTarget> => {
      const path = await mkdtemp(join(tmpdir(), 'millrace-writer-stream-'))
      return {
        ...target,
        config: { path, fileName: 'rows.tsv' },
        contents: async () =>
          valuesOf(await readFile(join(path, 'rows.tsv'), 'utf8').catch(() => '')),
        [Symbol.asyncDispose]: () => rm(path, { recursive: true }),
      }
    },
  }
}

describe('the stream writer on standard output', () => {
  runWriterCases(stdoutHarness(), { test })
})

describe('the stream writer into a file', () => {
  runWriterCases(fileHarness(), { test })
})
