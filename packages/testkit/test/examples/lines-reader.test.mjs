import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { runReaderCases } from '@millrace/testkit'
import { linesReader } from './lines-reader.mjs'

/** A file of its own that holds these lines, and how the reader reads it. */
async function fileOf(columns, lines) {
  const folder = await mkdtemp(join(tmpdir(), 'lines-reader-'))
  const path = join(folder, 'rows.jsonl')
  await writeFile(path, lines.map((line) => `${line}\n`).join(''))
  return {
    config: { path, columns },
    dataSources: [],
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  }
}

const columnsOf = ({ fields }) => fields.map(({ name, type }) => ({ name, type }))
const aFile = 'it reads a file'

runReaderCases(
  {
    plugin: linesReader,
    // The heart of the harness: puts rows where the reader finds them.
    hold: ({ schema, rows }) =>
      fileOf(
        columnsOf(schema),
        rows.map((row) => JSON.stringify(row)),
      ),
    // The types it has, by the names of the suite's samples, as the source calls them.
    nativeTypes: { int32: 'int', int64: 'int', uint64: 'int', string: 'text', jsonText: 'json' },
    failingSource: () => fileOf([{ name: 'id', type: 'int' }], ['[1]', '[2]', 'not JSON']),
    rightConfig: { path: 'rows.jsonl', columns: [{ name: 'id', type: 'int' }] },
    wrongConfigs: [{}, { path: 5, columns: [] }, { path: 'rows.jsonl', columns: 'id' }],
    // What there is nothing to try with; the reasons stand in the names of the skipped tests.
    lacks: {
      holdTables: `${aFile}, which is one table`,
      blockedSource: `${aFile}, which never keeps it waiting`,
      pausingSource: `${aFile}, which never keeps it waiting`,
      openConnections: `${aFile}, and Node tells of no open ones`,
      rowsProduced: `${aFile}, which does not count what is read`,
      refused: `${aFile} without a password`,
      unreachable: `${aFile}, not over a network`,
    },
  },
  { test },
)
