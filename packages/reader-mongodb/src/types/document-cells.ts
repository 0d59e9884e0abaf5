import { isUtf8 } from 'node:buffer'
import { jsonNull, type Cell } from '@millrace/core/record'
import { bsonType, int32At, oldBinarySubtype, uuidSubtype } from './bson-types.ts'
import { decimalText } from './decimal-text.ts'
import { endOfString, JsonWriter } from './json-writer.ts'

/** How values that JSON does not have are given: as themselves, or as canonical Extended JSON v2. */
export type ValueForm = 'unwrapped' | 'canonical'

/** A cell and its length in bytes as batches count it. */
export interface SizedCell {
  readonly cell: Cell
  readonly byteSize: number
}

/** 0001-01-01 and 10000-01-01: between them a year has four digits in ISO 8601. */
const firstIsoMs = -62_135_596_800_000
const endOfIsoMs = 253_402_300_800_000

/** Text that grows. */
class GrowingText {
  bytes: Buffer = Buffer.allocUnsafe(4096)
  length = 0

  reserve(byteCount: number): void {
    if (this.length + byteCount <= this.bytes.length) return
    const grown = Buffer.allocUnsafe(Math.max(2 * this.bytes.length, this.length + byteCount))
    this.bytes.copy(grown, 0, 0, this.length)
    this.bytes = grown
  }
}

/**
 * Makes cells of type `value` of the values in BSON documents: text and booleans as they are, ids as 24 hexadecimal digits,
 * integers as numbers, beyond 2^53 as JSON text, decimals as their digits, instants as ISO 8601 text in UTC, bytes as base64, UUIDs as text;
 * documents, arrays and the types that no one else has as JSON text.
 */
export class DocumentCells {
  readonly #json: JsonWriter
  readonly #isCanonical: boolean
  readonly #text = new GrowingText()

  constructor(form: ValueForm) {
    this.#isCanonical = form === 'canonical'
    this.#json = new JsonWriter({
      style: this.#isCanonical ? 'canonical' : 'unwrapped',
      printsNulls: true,
    })
  }

  /** The cell of a value that begins at `offset`. */
  cellOf(source: Buffer, type: number, offset: number): SizedCell {
    switch (type) {
      case bsonType.string:
        return textCell(source, offset)
      case bsonType.symbol:
      case bsonType.code:
        return this.#isCanonical ? this.#jsonCell(source, type, offset) : textCell(source, offset)
      case bsonType.bool:
        return { cell: source[offset] !== 0, byteSize: 1 }
      case bsonType.null:
      case bsonType.undefined:
        return sized(jsonNull)
      default:
        return this.#isCanonical
          ? this.#jsonCell(source, type, offset)
          : sized(this.#unwrapped(source, type, offset))
    }
  }

  #unwrapped(source: Buffer, type: number, offset: number): Cell {
    switch (type) {
      case bsonType.objectId:
        return source.toString('hex', offset, offset + 12)
      case bsonType.int:
        return int32At(source, offset)
      case bsonType.long: {
        const value = source.readBigInt64LE(offset)
        const number = Number(value)
        // As text that every target takes for a number, and that a dirty file keeps as it is.
        return Number.isSafeInteger(number) ? number : Buffer.from(String(value))
      }
      case bsonType.double: {
        const value = source.readDoubleLE(offset)
        return Object.is(value, -0) ? Buffer.from('-0') : value
      }
      case bsonType.decimal:
        return decimalText(source, offset)
      case bsonType.date: {
        const epochMs = Number(source.readBigInt64LE(offset))
        if (epochMs < firstIsoMs || epochMs >= endOfIsoMs) break
        const text = new Date(epochMs).toISOString()
        return text.endsWith('.000Z') ? `${text.slice(0, -5)}Z` : text
      }
      case bsonType.binary:
        return binaryText(source, offset)
      default:
    }
    return this.#jsonCell(source, type, offset).cell
  }

  #jsonCell(source: Buffer, type: number, offset: number): SizedCell {
    const text = this.#text
    text.length = 0
    this.#json.write(text, source, type, offset)
    return { cell: Buffer.from(text.bytes.subarray(0, text.length)), byteSize: text.length }
  }
}

/** The server takes strings that are not UTF-8: their bytes stay as they are. */
function textCell(source: Buffer, offset: number): SizedCell {
  const start = offset + 4
  const end = endOfString(source, offset)
  const text = source.toString('utf8', start, end)
  const byteSize = end - start
  if (!text.includes('\uFFFD')) return { cell: text, byteSize }
  const bytes = Buffer.from(source.subarray(start, end))
  return { cell: isUtf8(bytes) ? text : bytes, byteSize }
}

function binaryText(source: Buffer, offset: number): string {
  const length = int32At(source, offset)
  const subtype = source[offset + 4]
  const start = offset + (subtype === oldBinarySubtype ? 9 : 5)
  const end = offset + 5 + length
  if (subtype !== uuidSubtype || length !== 16) return source.toString('base64', start, end)
  const hex = source.toString('hex', start, end)
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20)]
  return `${parts.join('-')}-${hex.slice(20)}`
}

/** Text in ASCII alone. */
function sized(cell: Cell): SizedCell {
  const byteSize = cell instanceof Uint8Array ? cell.length : String(cell).length
  return { cell, byteSize }
}
