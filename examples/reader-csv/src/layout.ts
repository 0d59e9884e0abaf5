import { PluginError, type Finding } from '@millrace/core/plugin'
import { nearestName } from '@millrace/core/sql'
import { columnsOf, hasHeader, type Column, type Config } from './config.ts'
import { csvRecords } from './csv.ts'
import type { CsvOptions } from './csv-parse.ts'
import { formatOf, type SourceFile } from './files.ts'
import { BadRecord } from './records.ts'

/** Where the cells of the columns stand in the records of a file. */
export interface Layout {
  readonly columns: readonly Column[]
  /** By column, the number of its cell in a record. */
  readonly indexes: readonly number[]
  /** Cells of a record. */
  readonly width: number
  /** Where the first record begins. */
  readonly start: number
}

export function csvOptionsOf(config: Config, name: string): CsvOptions {
  const { delimiter, encoding, nullValue } = config
  const isTsv = name.toLowerCase().endsWith('.tsv')
  return { delimiter: delimiter ?? (isTsv ? '\t' : ','), encoding, nullValue }
}

/** Layout of a file, out of its header where it has one; undefined for an empty one that should have. */
export async function layoutOf(
  config: Config,
  columns: readonly Column[] | undefined,
  name: string,
  file: SourceFile,
): Promise<Layout | undefined> {
  if (formatOf(config, name) === 'jsonl' || !hasHeader(config)) {
    const known = columns ?? []
    return {
      columns: known,
      indexes: known.map((_, index) => index),
      width: known.length,
      start: 0,
    }
  }
  const header = await headerOf(config, name, file)
  if (header === undefined) return undefined
  const { names, end } = header
  const wanted = columns ?? names.map((each): Column => ({ name: each, type: 'string' }))
  const indexes = wanted.map((column) => {
    const index = names.indexOf(column.name)
    if (index === -1) throw missing(name, column.name)
    return index
  })
  return { columns: wanted, indexes, width: names.length, start: end }
}

/** What is wrong with a file, as far as its header tells. */
export async function findingsOf(
  config: Config,
  wanted: readonly Column[],
  name: string,
  file: SourceFile,
): Promise<readonly Finding[]> {
  if (formatOf(config, name) === undefined) {
    const message = `the ending of ${JSON.stringify(name)} does not tell its format`
    return [{ severity: 'error', path: ['path'], message, hint: 'Say "format": "csv" or "jsonl".' }]
  }
  const columns = columnsOf(config)
  if (formatOf(config, name) === 'jsonl') {
    if (columns !== undefined) return []
    const message = `\`columns\` is missing, and ${JSON.stringify(name)} has no header`
    return [{ severity: 'error', path: [], message, hint: '"columns": ["id", "name"]' }]
  }
  if (!hasHeader(config)) return []
  const header = await headerOf(config, name, file)
  if (header === undefined) {
    const message = `${JSON.stringify(name)} is empty: it has not even a header`
    return [{ severity: 'warning', path: ['path'], message }]
  }
  const { names } = header
  return wanted.flatMap((column, index): Finding[] => {
    const path = columns === undefined ? ['path'] : ['columns', index]
    const shown = JSON.stringify(column.name)
    if (names.filter((each) => each === column.name).length > 1) {
      const message = `${JSON.stringify(name)} has several columns ${shown}`
      const hint = 'Say "header": false, and name all columns in their order.'
      return [{ severity: 'error', path, message, hint }]
    }
    if (names.includes(column.name)) return []
    const message = `${JSON.stringify(name)} has no column ${shown}`
    return [{ severity: 'error', path, message, hint: hintFor(column.name, names, config) }]
  })
}

/** For a file that does not have a column of the job, or no header any more. */
function missing(name: string, column: string): PluginError {
  return new PluginError({
    code: 'SOURCE_OBJECT_MISSING',
    message: `reading ${JSON.stringify(name)}: it has no column ${JSON.stringify(column)}`,
    hint: 'All files of a job have the same columns, in any order.',
  })
}

async function headerOf(
  config: Config,
  name: string,
  file: SourceFile,
): Promise<{ names: readonly string[]; end: number } | undefined> {
  for await (const { records, ends } of csvRecords(file, 0, csvOptionsOf(config, name))) {
    const [[record, end]] = [[records[0], ends[0] ?? 0]]
    if (record instanceof BadRecord || record === undefined) {
      const what = record === undefined ? 'is missing' : record.message
      throw new PluginError({
        code: 'SOURCE_OBJECT_MISSING',
        message: `reading the header of ${JSON.stringify(name)}: it ${what}`,
        hint: 'Mend its first line; for a file without a header, say "header": false.',
      })
    }
    return { names: record.map((cell) => (cell === null ? '' : String(cell))), end }
  }
  return undefined
}

function hintFor(wanted: string, names: readonly string[], config: Config): string {
  const nearest = nearestName(wanted, names)
  if (nearest !== undefined) return `Did you mean ${JSON.stringify(nearest)}?`
  if (names.length === 1 && config.delimiter === undefined)
    return 'Its header is one single column: does `delimiter` fit?'
  return `It has ${names.map((name) => JSON.stringify(name)).join(', ')}.`
}
