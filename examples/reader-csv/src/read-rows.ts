import type { ReadOptions } from '@millrace/core/plugin'
import {
  BatchBuilder,
  byteLengthOfCell,
  type Cell,
  type RecordBatch,
  type TableSchema,
  type UnreadableRow,
} from '@millrace/core/record'
import { cellOfType, type CellOf } from './cells.ts'
import type { Column, Config } from './config.ts'
import { csvRecords } from './csv.ts'
import { formatOf, SourceFile } from './files.ts'
import { jsonRecords } from './json-lines.ts'
import { csvOptionsOf, layoutOf, type Layout } from './layout.ts'
import { checkPlace, placeOf, positionOf, type Place } from './position.ts'
import { BadRecord, type RecordList, type Texts } from './records.ts'

/** Reads the rows of some files of a folder, in their order, in batches. */
export async function* readRows(
  config: Config,
  folder: string,
  names: readonly string[],
  schema: TableSchema,
  { maxRows, maxBytes, signal, positions, ...options }: ReadOptions,
): AsyncGenerator<RecordBatch> {
  signal.throwIfAborted()
  const from = placeOf(options.from, names)
  const until = placeOf(options.until, names)
  const builder = new BatchBuilder(schema, { maxRows, maxBytes })
  let unreadable: UnreadableRow[] = []
  let place: Place = { file: names[0] ?? '', bytes: 0, records: 0 }
  const take = (): RecordBatch => {
    signal.throwIfAborted()
    const batch = builder.take(positions === true ? positionOf(place) : undefined)
    const bad = unreadable
    unreadable = []
    return bad.length === 0 ? batch : { ...batch, unreadable: bad }
  }
  const first = from === undefined ? 0 : names.indexOf(from.file)
  const last = until === undefined ? names.length - 1 : names.indexOf(until.file)
  for (const name of names.slice(first, last + 1)) {
    await using file = await SourceFile.open({ folder }, name, signal)
    const lastByte = name === until?.file ? until.bytes : Number.POSITIVE_INFINITY
    const layout = await layoutOf(config, schema.fields as readonly Column[], name, file)
    if (layout === undefined) continue
    const rowOf = compileRow(schema, layout)
    let bytes = layout.start
    let count = 0
    if (name === from?.file) {
      await checkPlace(from, file)
      bytes = Math.max(from.bytes, bytes)
      count = from.records
    }
    read: for await (const { records, ends } of recordsOf(config, name, file, bytes, layout)) {
      for (let index = 0; index < records.length; index += 1) {
        const record = records[index] ?? []
        const end = ends[index] ?? 0
        if (end > lastByte) break read
        const row = record instanceof BadRecord ? record : rowOf(record)
        const isBad = row instanceof BadRecord || !Array.isArray(row)
        const byteSize = isBad ? 0 : sizeOf(row)
        const isFull = builder.rowCount + unreadable.length >= maxRows
        if (isFull || builder.mustFlushBefore(byteSize)) yield take()
        count += 1
        place = { file: name, bytes: end, records: count }
        if (isBad) unreadable.push(unreadableRow(row, record, layout, `${name}, record ${count}`))
        else builder.add(row, byteSize)
      }
    }
  }
  if (builder.rowCount + unreadable.length > 0) yield take()
  signal.throwIfAborted()
}

function recordsOf(
  config: Config,
  name: string,
  file: SourceFile,
  start: number,
  layout: Layout,
): AsyncIterable<RecordList> {
  return formatOf(config, name) === 'jsonl'
    ? jsonRecords(file, start, layout.columns, config.encoding)
    : csvRecords(file, start, { ...csvOptionsOf(config, name), width: layout.width })
}

/** Why a record is no row. */
interface Fault {
  readonly code: string
  readonly message: string
  readonly detail?: string
}

/** What makes a row of a record, compiled once per file. */
function compileRow(schema: TableSchema, layout: Layout): (texts: Texts) => Cell[] | Fault {
  const { indexes, width } = layout
  const columns = schema.fields.map(({ name, type }, index) => ({
    name,
    type,
    index: indexes[index] ?? -1,
    cellOf: (cellOfType as Readonly<Partial<Record<string, CellOf>>>)[type] ?? cellOfType.string,
  }))
  return (texts) => {
    if (texts.length !== width) {
      const message = `has ${texts.length} cells, and should have ${width}`
      return { code: 'WRONG_COLUMN_COUNT', message }
    }
    const row: Cell[] = []
    for (const { index, name, type, cellOf } of columns) {
      const text = texts[index] ?? null
      if (text === null || (type === 'string' && typeof text !== 'string')) {
        row.push(text)
        continue
      }
      const trimmed = type === 'string' || typeof text !== 'string' ? text : text.trim()
      const cell = typeof trimmed === 'string' ? cellOf(trimmed) : undefined
      if (cell === undefined) {
        const message = `column ${JSON.stringify(name)} is no ${type}`
        return { code: 'WRONG_TYPE', message, detail: `(${JSON.stringify(String(text))})` }
      }
      row.push(cell)
    }
    return row
  }
}

function sizeOf(row: readonly Cell[]): number {
  let size = 0
  for (const cell of row) size += byteLengthOfCell(cell)
  return size
}

/** A bad row is data: it is listed with its reason, and the job goes on. */
function unreadableRow(
  { code, message, ...fault }: Fault | BadRecord,
  record: Texts | BadRecord,
  { indexes }: Layout,
  where: string,
): UnreadableRow {
  // By position in the schema, as the dirty file names them.
  const row =
    record instanceof BadRecord ? [record.text] : indexes.map((index) => record[index] ?? null)
  const detail = 'detail' in fault && fault.detail !== undefined ? { detail: fault.detail } : {}
  return { row, error: { code, message: `${where}: ${message}`, ...detail } }
}
