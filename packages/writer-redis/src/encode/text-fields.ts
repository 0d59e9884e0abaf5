import type { Cell, LogicalType, TableSchema } from '@millrace/core/record'
import { bulkHeader, constantBulk } from '../resp/resp-writer.ts'
import { plainText, type CellText } from './cell-text.ts'
import {
  argumentFrameBytes,
  bytesOf,
  copyBytes,
  isAsciiBetween,
  lineEnd,
  viewOf,
  writeLength,
  type CellSource,
} from './text-argument.ts'

/** Name of a field and length of its value are one constant up to this many bytes. */
const tabledLengths = 64
const letterT = 0x74

/** A field of a hash, ready to be written. */
interface TextField {
  /** Position of its cell in the bounds of a row. */
  readonly offset: number
  readonly name: DataView
  /** `$5\r\nemail\r\n$<n>\r\n` by length of the value. */
  readonly headers: readonly DataView[]
  /** How a cell becomes text that cannot be copied as it stands: a date in a pattern or in another zone. */
  readonly rendered: RenderedCell | undefined
}

interface RenderedCell {
  readonly type: LogicalType
  readonly text: CellText
}

/**
 * The fields of a hash as they are written from text cells, row by row: `measure`, then what stands before them, then
 * `write`. Cells are copied where their text is what the hash gets; where it is not, a string is made of that cell alone.
 */
export class TextFields {
  /** How many fields there are. */
  readonly size: number
  /** How many of them have a value in the row that was measured last; the others are null. */
  count = 0
  /** Bytes that they take in that row at most. */
  maxBytes = 0
  readonly #fields: readonly TextField[]
  readonly #frameBytes: number
  /** The rendered values of that row, by field. */
  readonly #values: string[]

  constructor(
    columns: readonly { readonly name: string; readonly index: number }[],
    schema: TableSchema,
    texts: readonly CellText[],
  ) {
    this.#fields = columns.map(({ name, index }) => {
      const text = texts[index] as CellText
      const type = schema.fields[index]?.type ?? 'string'
      return compileField(name, index, text === plainText ? undefined : { type, text })
    })
    this.size = columns.length
    this.#values = columns.map(() => '')
    let frameBytes = 0
    for (const { name } of this.#fields) frameBytes += name.byteLength + argumentFrameBytes
    this.#frameBytes = frameBytes
  }

  /** Looks at the row whose bounds begin at `base`. False: one of its cells has to be left to the encoder of rows. */
  measure(cells: CellSource, base: number): boolean {
    const { bounds } = cells
    let count = 0
    let byteLength = this.#frameBytes
    for (let at = 0; at < this.#fields.length; at += 1) {
      const { offset, rendered } = this.#fields[at] as TextField
      const start = bounds[base + offset] as number
      if (start < 0) continue
      const end = bounds[base + offset + 1] as number
      count += 1
      if (rendered === undefined) byteLength += end - start
      else {
        const value = rendered.text(cellBetween(rendered.type, cells, start, end))
        if (typeof value !== 'string' || !isAsciiText(value)) return false
        this.#values[at] = value
        byteLength += value.length
      }
    }
    this.count = count
    this.maxBytes = byteLength
    return true
  }

  /** Writes names and values of the fields that have one, for the row that was measured; gives the place behind them. */
  write({ view, bounds }: CellSource, base: number, target: DataView, from: number): number {
    let to = from
    for (let at = 0; at < this.#fields.length; at += 1) {
      const field = this.#fields[at] as TextField
      const start = bounds[base + field.offset] as number
      if (start < 0) continue
      if (field.rendered !== undefined) {
        const value = this.#values[at] as string
        to = writeAscii(value, target, writeHeader(field, value.length, target, to))
      } else {
        const end = bounds[base + field.offset + 1] as number
        to = copyBytes(view, start, end, target, writeHeader(field, end - start, target, to))
      }
      target.setUint16(to, lineEnd)
      to += 2
    }
    return to
  }

  /** Writes the names of the fields that are null; gives the place behind them. */
  writeNullNames({ bounds }: CellSource, base: number, target: DataView, from: number): number {
    let to = from
    for (let at = 0; at < this.#fields.length; at += 1) {
      const { offset, name } = this.#fields[at] as TextField
      if ((bounds[base + offset] as number) < 0)
        to = copyBytes(name, 0, name.byteLength, target, to)
    }
    return to
  }
}

function compileField(name: string, index: number, rendered: RenderedCell | undefined): TextField {
  const bulk = constantBulk(name)
  const headers = Array.from({ length: tabledLengths }, (_, length) =>
    viewOf(Buffer.from(bulk + bulkHeader(length))),
  )
  return { offset: 2 * index, name: viewOf(Buffer.from(bulk)), headers, rendered }
}

/** Writes the name of a field and the length of its value. */
function writeHeader(field: TextField, length: number, target: DataView, to: number): number {
  if (length < tabledLengths) {
    const header = field.headers[length] as DataView
    return copyBytes(header, 0, header.byteLength, target, to)
  }
  return writeLength(length, target, copyBytes(field.name, 0, field.name.byteLength, target, to))
}

/** The cell of a row; `undefined` for text that is not ASCII. */
function cellBetween(type: LogicalType, cells: CellSource, start: number, end: number): Cell {
  const { view } = cells
  if (type === 'bool') return view.getUint8(start) === letterT
  if (type === 'bytes') return bytesOf(view).subarray(start, end)
  return isAsciiBetween(view, start, end) ? cells.latin1.slice(start, end) : undefined
}

function isAsciiText(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) > 0x7f) return false
  return true
}

function writeAscii(text: string, target: DataView, to: number): number {
  for (let at = 0; at < text.length; at += 1) target.setUint8(to + at, text.charCodeAt(at))
  return to + text.length
}
