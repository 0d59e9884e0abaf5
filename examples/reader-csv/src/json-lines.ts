import { isUtf8 } from 'node:buffer'
import type { Column, Encoding } from './config.ts'
import type { SourceFile } from './files.ts'
import { rawMembers } from './raw-members.ts'
import {
  BadRecord,
  chunkBytes,
  countUp,
  maxRecordBytes,
  type RecordList,
  type Texts,
} from './records.ts'

/** The records of a file of JSON lines from a place on, which stands behind a line or at the beginning. */
export async function* jsonRecords(
  file: SourceFile,
  start: number,
  columns: readonly Column[],
  encoding: Encoding,
): AsyncGenerator<RecordList> {
  let rest: Buffer[] = []
  let restBytes = 0
  let end = start
  for (let at = start; ;) {
    const chunk = await file.read(at, chunkBytes)
    at += chunk.length
    const newline = chunk.lastIndexOf(10)
    if (chunk.length > 0 && newline === -1) {
      // A line without an end: what is too long for a record is not kept.
      if (restBytes <= maxRecordBytes) rest.push(chunk)
      restBytes += chunk.length
      continue
    }
    const lines = Buffer.concat([...rest, chunk.subarray(0, newline + 1)])
    const left = chunk.subarray(newline + 1)
    const records: (Texts | BadRecord)[] = []
    const ends: number[] = []
    // Bytes that were not kept stand in the first line.
    end += restBytes + newline + 1 - lines.length
    const isAllValid = encoding === 'latin1' || isUtf8(lines)
    for (let from = 0; from < lines.length;) {
      const found = lines.indexOf(10, from)
      const to = found === -1 ? lines.length : found
      const line = lines.subarray(from, to)
      end += Math.min(to + 1, lines.length) - from
      from = to + 1
      const record = recordOf(line, columns, encoding, isAllValid)
      if (record === undefined) continue
      records.push(record)
      ends.push(end)
    }
    rest = left.length > 0 ? [left] : []
    restBytes = left.length
    countUp(records.length)
    if (records.length > 0) yield { records, ends }
    if (chunk.length === 0) return
  }
}

function recordOf(
  line: Buffer,
  columns: readonly Column[],
  encoding: Encoding,
  isValid: boolean,
): Texts | BadRecord | undefined {
  const text = line.toString(encoding).replace(/^\uFEFF/, '')
  if (line.length > maxRecordBytes) {
    const message = `is longer than ${maxRecordBytes} bytes`
    return new BadRecord('LINE_TOO_LONG', message, text.slice(0, chunkBytes))
  }
  if (text.trim() === '') return undefined
  if (!isValid && !isUtf8(line))
    return new BadRecord('ENCODING', 'is no UTF-8', line.toString('latin1'))
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return new BadRecord('LINE_INVALID', 'is no JSON', text)
  }
  if (typeof value !== 'object' || value === null) {
    return new BadRecord('LINE_INVALID', 'is neither a JSON object nor an array', text)
  }
  const isArray = Array.isArray(value)
  const count = Array.isArray(value) ? value.length : columns.length
  if (count !== columns.length) {
    const message = `has ${count} cells, which is not the number of columns`
    return new BadRecord('WRONG_COLUMN_COUNT', message, text)
  }
  // Only where text, true, false and null do not do: a JavaScript number would lose digits.
  let raw: ReadonlyMap<string, string> | undefined
  const texts: (string | null)[] = []
  for (let index = 0; index < columns.length; index += 1) {
    const { name = '', type } = columns[index] ?? {}
    const key = isArray ? String(index) : name
    const cell: unknown = Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : null
    if (cell === null) texts.push(null)
    else if (typeof cell === 'boolean') texts.push(String(cell))
    else if (typeof cell === 'string' && type !== 'json') texts.push(cell)
    else if (type === 'int' && isSafeInteger(cell)) texts.push(String(cell))
    else texts.push((raw ??= rawMembers(text)).get(key) ?? null)
  }
  return texts
}

function isSafeInteger(cell: unknown): cell is number {
  return Number.isSafeInteger(cell)
}
