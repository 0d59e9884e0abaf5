import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Dataset, ReaderHarness, ReaderSource } from '@millrace/testkit'
import { countOpenFiles } from '../src/files.ts'
import { csvReader } from '../src/index.ts'
import { countRecords } from '../src/records.ts'

/** How rows of the suite become lines of a file. */
interface Form {
  readonly ending: string
  readonly parameters: object
  header?(names: readonly string[]): string
  line(row: readonly unknown[], dataset: Dataset): string
}

async function hold(form: Form, dataset: Dataset): Promise<ReaderSource> {
  const { schema, rows } = dataset
  const folder = await mkdtemp(join(tmpdir(), 'millrace-reader-csv-'))
  const header = form.header?.(schema.fields.map(({ name }) => name)) ?? ''
  const half = Math.ceil(rows.length / 2)
  for (const [name, some] of Object.entries({ a: rows.slice(0, half), b: rows.slice(half) })) {
    const lines = some.map((row) => form.line(row, dataset))
    await writeFile(join(folder, name + form.ending), header + lines.join(''))
  }
  const before = countRecords()
  return {
    config: {
      path: folder,
      columns: schema.fields.map(({ name, type }) => ({ name, type })),
      ...form.parameters,
    },
    dataSources: [],
    openConnections: countOpenFiles,
    rowsProduced: () => countRecords() - before,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  }
}

const textOf = (cell: unknown) =>
  cell instanceof Uint8Array ? Buffer.from(cell).toString('base64') : String(cell)
const quoted = (cell: unknown) => (cell === null ? '' : `"${textOf(cell).replaceAll('"', '""')}"`)
const jsonOf = (cell: unknown, type: string | undefined) => {
  if (cell === null) return 'null'
  const isPlain = type === 'json' || type === 'int' || type === 'decimal'
  return isPlain ? textOf(cell) : JSON.stringify(textOf(cell))
}

const forms: Readonly<Record<string, Form>> = {
  csv: {
    ending: '.csv',
    parameters: {},
    header: (names) => `${names.join(',')}\n`,
    line: (row) => `${row.map(quoted).join(',')}\n`,
  },
  'csv without a header, \\r\\n': {
    ending: '.txt',
    parameters: { header: 'false', delimiter: ';' },
    line: (row) => `${row.map(quoted).join(';')}\r\n`,
  },
  'JSON lines': {
    ending: '.jsonl',
    parameters: {},
    line: (row, { schema: { fields } }) => {
      const members = row.map((cell, index) => {
        const { name = '', type } = fields[index] ?? {}
        return `${JSON.stringify(name)}: ${jsonOf(cell, type)}`
      })
      return `{ ${members.join(', ')} }\n`
    },
  },
}

/** On Linux there is a file that can be opened and not be read. */
async function failingSource(): Promise<ReaderSource> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-reader-csv-'))
  await writeFile(join(folder, 'a.csv'), '1\n2\n3\n')
  await symlink('/proc/self/mem', join(folder, 'b.csv'))
  return {
    config: { path: folder, columns: ['id'], header: false },
    dataSources: [],
    openConnections: countOpenFiles,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  }
}

const hasProc = process.platform === 'linux'

/** A harness for each form of file. */
export const harnesses: Readonly<Record<string, ReaderHarness>> = Object.fromEntries(
  Object.entries(forms).map(([name, form]): [string, ReaderHarness] => [
    name,
    {
      plugin: csvReader,
      hold: (dataset) => hold(form, dataset),
      ...(hasProc ? { failingSource } : {}),
      nativeTypes: {
        bool: 'bool',
        int32: 'int',
        int64: 'int',
        uint64: 'int',
        decimal: 'decimal',
        float: 'float',
        floatSpecial: 'float',
        string: 'string',
        bytes: 'bytes',
        date: 'date',
        time: 'time',
        timeMicroseconds: 'time',
        datetime: 'datetime',
        datetimeMicroseconds: 'datetime',
        timestamptz: 'timestamptz',
        timestamptzMilliseconds: 'timestamptz',
        timestamptzMicroseconds: 'timestamptz',
        uuid: 'uuid',
        json: 'json',
        jsonText: 'json',
      },
      rightConfig: { path: '.', columns: ['id', { name: 'name', type: 'int' }] },
      wrongConfigs: [
        {},
        { path: 5 },
        { path: '.', columns: [] },
        { path: '.', columns: [{ name: 'id', type: 'integer' }] },
        { path: '.', header: 'perhaps' },
        { path: '.', encoding: 'utf16' },
      ],
      lacks: {
        holdTables: 'all files of a step have the same columns',
        blockedSource: 'a file is never silent',
        pausingSource: 'a file is never silent',
        ...(hasProc ? {} : { failingSource: 'every file here that can be opened can be read' }),
        refused: 'a file asks for no password',
        unreachable: 'a file has no address',
      },
    },
  ]),
)
