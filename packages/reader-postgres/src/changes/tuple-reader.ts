import { isAscii, isUtf8 } from 'node:buffer'
import { byteLengthOfCell, type Cell, type Row } from '@millrace/core/record'
import { convertCell } from '../snapshot/convert-cell.ts'
import type { ChangeCellForm, RelationBinding } from './relation-binding.ts'

const kindNull = 0x6e
const kindUnchanged = 0x75
const kindText = 0x74
const letterT = 0x74
/** From this length on a native scan beats a loop. */
const longCell = 200
/** Larger stretches are not made text as a whole. */
const maxTextBytes = 1 << 20

/**
 * Reads tuples of the log (PostgreSQL documentation, "Logical Replication Message Formats", TupleData) as rows.
 *
 * Performance: the stretch of memory that came from the socket is made one Latin-1 string, of which ASCII cells are cut;
 * no object is made per row but the row. One million rows of eight short columns: 1 s of CPU, batches included (Node 20). A plain
 * implementation stands in the test.
 */
export class TupleReader {
  /** Where the next byte stands. */
  at = 0
  /** UTF-8 or binary length of the cells of the row that was read last. */
  byteSize = 0
  #bytes: Buffer = Buffer.alloc(0)
  #text: string | undefined

  /** Everything from now on is read from these bytes, which may be overwritten. */
  use(bytes: Buffer): void {
    if (bytes === this.#bytes) return
    this.#bytes = bytes
    this.#text = undefined
  }

  /** The row at `at`. Cells that were not sent are `undefined`; with `previous`, those unchanged are as there. */
  row(binding: RelationBinding, previous?: Row | null): Row {
    const { targets, forms, isConverted, fieldCount } = binding
    const bytes = this.#bytes
    const text = (this.#text ??= this.#latin1())
    const columnCount = this.#columnCount(binding)
    // oxlint-disable-next-line unicorn/no-new-array -- a row of its final length; growing one costs twice
    const row: Row = new Array<Cell>(fieldCount)
    if (!binding.isWhole) row.fill(undefined)
    let at = this.at
    let size = 0
    for (let column = 0; column < columnCount; column += 1) {
      const kind = bytes[at] as number
      const field = targets[column] as number
      at += 1
      if (kind === kindText) {
        const start = at + 4
        const end = start + bytes.readInt32BE(at)
        at = end
        if (field < 0) continue
        if (isConverted[column] === 1) {
          row[field] = this.#converted(start, end, forms[column] as ChangeCellForm)
          size += this.byteSize
        } else {
          row[field] =
            text !== '' && isAsciiBetween(bytes, start, end)
              ? text.slice(start, end)
              : textOf(bytes, start, end)
          size += end - start
        }
      } else if (kind === kindNull) {
        if (field >= 0) row[field] = null
      } else if (kind === kindUnchanged) {
        if (field < 0) continue
        const cell = previous?.[field]
        row[field] = cell
        size += byteLengthOfCell(cell)
      } else {
        throw new Error(`the server sent a column of kind ${kind}, expected text`)
      }
    }
    this.at = at
    this.byteSize = size
    return row
  }

  /** The row at `at`, of which only the columns of the replica identity were sent. */
  identity(binding: RelationBinding): Row {
    const row = this.row(binding)
    const { isIdentity, targets } = binding
    for (let column = 0; column < targets.length; column += 1) {
      const field = targets[column] as number
      if (field >= 0 && isIdentity[column] === 0) row[field] = undefined
    }
    return row
  }

  #columnCount({ targets }: RelationBinding): number {
    const count = this.#bytes.readInt16BE(this.at)
    if (count !== targets.length)
      throw new Error(`the server sent a row of ${count} columns, expected ${targets.length}`)
    this.at += 2
    return count
  }

  #latin1(): string {
    const bytes = this.#bytes
    return bytes.length > maxTextBytes ? '' : bytes.toString('latin1')
  }

  /** Leaves the length of the cell in `byteSize`. */
  #converted(start: number, end: number, form: ChangeCellForm): Cell {
    const bytes = this.#bytes
    if (form === 'letter') {
      this.byteSize = 1
      return bytes[start] === letterT
    }
    if (typeof form === 'function') {
      const json = Buffer.from(form(bytes.toString('latin1', start, end)), 'latin1')
      this.byteSize = json.length
      return textOf(json, 0, json.length)
    }
    const last = convertCell(bytes, start, end, form)
    this.byteSize = last - start
    if (form === 'hex') return new Uint8Array(bytes.subarray(start, last))
    return bytes.toString('latin1', start, last)
  }
}

function isAsciiBetween(bytes: Buffer, start: number, end: number): boolean {
  if (end - start >= longCell) return isAscii(bytes.subarray(start, end))
  for (let at = start; at < end; at += 1) {
    if ((bytes[at] as number) > 0x7f) return false
  }
  return true
}

/** Text, or a copy of the bytes when they are not valid UTF-8. */
function textOf(bytes: Buffer, start: number, end: number): string | Uint8Array {
  const text = bytes.toString('utf8', start, end)
  const isDoubtful = text.includes('\ufffd')
  return isDoubtful && !isUtf8(bytes.subarray(start, end))
    ? new Uint8Array(bytes.subarray(start, end))
    : text
}
