import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { PluginError } from '../plugin/errors.ts'
import type { Cell, Row } from '../record/cell.ts'
import type { JsonValue, RowError } from '../record/record-batch.ts'
import type { TableSchema } from '../record/table-schema.ts'

/** One record of a dirty file. */
export interface DirtyFileRecord {
  /** Counts from 1. */
  readonly line: number
  /** Cells by column, as `dirtyRowJson` wrote them. */
  readonly row: Readonly<Record<string, JsonValue>>
  /** Whether the row had passed the transformers of the job. */
  readonly isTransformed: boolean
}

/**
 * The records of a dirty file behind a line, in order.
 *
 * @throws PluginError CONFIG_INVALID when the file cannot be read, or a line is no dirty record
 */
export async function* dirtyFileRecords(
  file: string,
  behindLine: number,
): AsyncGenerator<DirtyFileRecord> {
  const input = createReadStream(file)
  const lines = createInterface({ input, crlfDelay: Infinity })
  let line = 0
  try {
    for await (const text of lines) {
      line += 1
      if (line > behindLine && text.trim() !== '') yield recordOf(file, line, text)
    }
  } catch (cause) {
    if (PluginError.isInstance(cause)) throw cause
    throw new PluginError({
      code: 'CONFIG_INVALID',
      message: `reading the dirty file ${file}: ${cause instanceof Error ? cause.message : String(cause)}`,
      hint: 'Name the file that the job wrote: <job>.dirty.jsonl, or what --dirty-file said.',
      cause,
    })
  } finally {
    lines.close()
    input.destroy()
  }
}

function recordOf(file: string, line: number, text: string): DirtyFileRecord {
  let record: unknown
  try {
    record = JSON.parse(text)
  } catch {
    record = undefined
  }
  const { row, transformed } = (record ?? {}) as Record<string, unknown>
  if (typeof row !== 'object' || row === null || Array.isArray(row)) {
    throw new PluginError({
      code: 'CONFIG_INVALID',
      message: `${file}:${line}: expected a dirty record with its "row", found ${text.slice(0, 60)}`,
      hint: 'A line that a crash has cut off may be deleted.',
    })
  }
  return {
    line,
    row: row as Readonly<Record<string, JsonValue>>,
    isTransformed: transformed === true,
  }
}

/** The row with these columns that a record holds, or why it holds none. */
export function rowOfRecord(
  { row }: DirtyFileRecord,
  schema: TableSchema,
): { readonly cells: Row; readonly error: RowError | undefined } {
  const seen = new Map<string, number>()
  const known = new Set<string>()
  const cells = schema.fields.map(({ name }): Cell => {
    const count = (seen.get(name) ?? 0) + 1
    seen.set(name, count)
    const key = count === 1 ? name : `${name}#${count}`
    known.add(key)
    return cellOf(row[key])
  })
  const strange = Object.keys(row).filter((name) => !known.has(name))
  if (strange.length === 0) return { cells, error: undefined }
  const message = `the record has the column ${strange[0]}, which the job does not read`
  return { cells: Object.values(row).map(cellOf), error: { code: 'UNREADABLE', message } }
}

function cellOf(value: JsonValue | undefined): Cell {
  if (typeof value !== 'object' || value === null) return value
  const bytes = Array.isArray(value) ? undefined : (value as Record<string, JsonValue>)['$bytes']
  return typeof bytes === 'string'
    ? new Uint8Array(Buffer.from(bytes, 'base64'))
    : JSON.stringify(value)
}
