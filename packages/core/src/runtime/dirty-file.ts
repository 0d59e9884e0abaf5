import { PluginError } from '../plugin/errors.ts'
import type { Cell, Row } from '../record/cell.ts'
import type { JsonValue, RowError } from '../record/record-batch.ts'
import type { Field, TableSchema } from '../record/table-schema.ts'
import { dirtyColumnNames } from './dirty-record.ts'
import { fileLines } from './file-lines.ts'

/** One record of a dirty file. */
export interface DirtyFileRecord {
  /** Counts from 1. */
  readonly line: number
  /** Name of the table, with its namespace where it has one. */
  readonly source: string
  /** Cells by column, as `dirtyRowJson` wrote them. */
  readonly row: Readonly<Record<string, JsonValue>>
  /** Whether the row had passed the transformers of the job. */
  readonly isTransformed: boolean
  /** Whether the row is what the reader had of one that it could not read, and nobody has mended it. */
  readonly isUnreadable: boolean
}

/** Which records of a dirty file are asked for. */
export interface DirtyFileSelection {
  /** The last line to be looked at; default: the last there is. */
  readonly until?: number
  /** Asked of each line in its order; default: none is left out. */
  readonly isLeftOut?: (line: number) => boolean
}

/**
 * The records of a dirty file behind a line, in order.
 *
 * @throws PluginError CONFIG_INVALID when the file cannot be read, or a line is no dirty record
 */
export function* dirtyFileRecords(
  file: string,
  behindLine: number,
  { until = Infinity, isLeftOut = () => false }: DirtyFileSelection = {},
): Generator<DirtyFileRecord> {
  let line = 0
  for (const text of dirtyFileLines(file)) {
    line += 1
    if (line > until) return
    if (line > behindLine && text.trim() !== '' && !isLeftOut(line))
      yield recordOf(file, line, text)
  }
}

/**
 * The lines of a dirty file, whatever they say.
 *
 * @throws PluginError CONFIG_INVALID when the file cannot be read
 */
export function* dirtyFileLines(file: string): Generator<string, void, undefined> {
  const lines = fileLines(file)
  try {
    for (;;) {
      const next = readLine(file, lines)
      if (next.done === true) return
      yield next.value
    }
  } finally {
    lines.return()
  }
}

function readLine(
  file: string,
  lines: Generator<string, void, undefined>,
): IteratorResult<string, void> {
  try {
    return lines.next()
  } catch (cause) {
    throw new PluginError({
      code: 'CONFIG_INVALID',
      message: `reading the dirty file ${file}: ${cause instanceof Error ? cause.message : String(cause)}`,
      hint: 'Name the file that the job wrote: <job>.dirty.jsonl, or what --dirty-file said.',
      cause,
    })
  }
}

function recordOf(file: string, line: number, text: string): DirtyFileRecord {
  let record: unknown
  try {
    record = JSON.parse(text)
  } catch {
    record = undefined
  }
  const { row, source, transformed, unreadable } = (record ?? {}) as Record<string, unknown>
  if (typeof row !== 'object' || row === null || Array.isArray(row)) {
    throw new PluginError({
      code: 'CONFIG_INVALID',
      message: `${file}:${line}: expected a dirty record with its "row", found ${text.slice(0, 60)}`,
      hint: 'A line that a crash has cut off may be deleted.',
    })
  }
  return {
    line,
    source: String(source),
    row: row as Readonly<Record<string, JsonValue>>,
    isTransformed: transformed === true,
    isUnreadable: unreadable === true,
  }
}

/** The columns of documents, with those of one that has others besides. */
export function widenedSchema(schema: TableSchema, { row }: DirtyFileRecord): TableSchema {
  const known = new Set(schema.fields.map(({ name }) => name))
  const others = Object.keys(row).filter((name) => !known.has(name))
  if (schema.documents === undefined || others.length === 0) return schema
  const added = others.map((name): Field => ({
    name,
    type: 'value',
    nullable: true,
    nativeType: 'bson',
  }))
  return { ...schema, version: schema.version + 1, fields: [...schema.fields, ...added] }
}

/** The row with these columns that a record holds, or why it holds none. */
export function rowOfRecord(
  { row, isUnreadable }: DirtyFileRecord,
  schema: TableSchema,
): { readonly cells: Row; readonly error: RowError | undefined } {
  const names = dirtyColumnNames(schema)
  // What a document has not is known to be missing.
  const missing = schema.documents === undefined ? undefined : null
  const cells = names.map((name): Cell => (Object.hasOwn(row, name) ? cellOf(row[name]) : missing))
  if (isUnreadable) return { cells, error: unreadable }
  const known = new Set(names)
  const strange = Object.keys(row).filter((name) => !known.has(name))
  if (strange.length === 0) return { cells, error: undefined }
  const message = `the record has the column ${strange[0]}, which the job does not read`
  return { cells: Object.values(row).map(cellOf), error: { code: 'UNREADABLE', message } }
}

const unreadable: RowError = {
  code: 'UNREADABLE',
  message:
    'the reader could not read the row: replay it once its cells are mended and "unreadable" is taken out of its line',
}

function cellOf(value: JsonValue | undefined): Cell {
  if (typeof value !== 'object' || value === null) return value
  const bytes = Array.isArray(value) ? undefined : (value as Record<string, JsonValue>)['$bytes']
  return typeof bytes === 'string'
    ? new Uint8Array(Buffer.from(bytes, 'base64'))
    : JSON.stringify(value)
}
