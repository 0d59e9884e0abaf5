/**
 * Takes the fields of a job out of BSON documents and writes them as text cells into the memory of a batch.
 *
 * Why: the BSON library makes an object and a value per field. A thousand documents of ten fields of ten types take 4.4 ms with it and
 * 2.1 ms here (the least times of `npx vitest bench --run --project unit packages/reader-mongodb`). The tests hold it to the library,
 * over random documents.
 */
import { cellEnd, ZonedWallClock, type TextBatchBuilder } from '@millrace/core/record'
import {
  bsonType,
  endOfText,
  endOfValue,
  int32At,
  oldBinarySubtype,
  uuidSubtype,
} from './bson-types.ts'
import type { ColumnForm, DocumentColumn } from './column-form.ts'
import { longestDate, writeDate } from './date-text.ts'
import { decimalText } from './decimal-text.ts'
import { FieldPlaces, FieldTable } from './field-table.ts'
import { endOfString, JsonWriter, type IsLeftOut, type JsonForm } from './json-writer.ts'
import { longestNumber, writeDouble, writeInteger, writeLong } from './number-text.ts'
import { writeAscii, writeBytes, writeHex, type TextSink } from './text-sink.ts'
import { uuidLength, writeUuid } from './uuid-text.ts'

/** How values become text. */
export interface DecoderOptions {
  readonly json: JsonForm
  /** `hex`: 24 digits. `json`: `{"$oid":"…"}`. */
  readonly objectIds: 'hex' | 'json'
  /** Where the clock stands in which instants are written that stand in no column for dates. */
  readonly timeZone: string
}

interface DecodedColumn {
  readonly form: ColumnForm
  /** Where the value of its field is noted. */
  readonly slot: number
  /** Where the value is noted that its name leads to as a path, when there is no field of that name; -1: it is none. */
  readonly pathSlot: number
  readonly splitter: Buffer
  readonly isLeftOut: IsLeftOut | undefined
}

const noBytes = Buffer.alloc(0)

/** Makes rows of documents. */
export class DocumentDecoder {
  readonly #columns: readonly DecodedColumn[]
  readonly #table = new FieldTable()
  readonly #places: FieldPlaces
  readonly #json: JsonWriter
  readonly #objectIds: 'hex' | 'json'
  readonly #clock: ZonedWallClock
  #foreignBools: number[] = []

  /** @throws RangeError when there is no such time zone */
  constructor(columns: readonly DocumentColumn[], options: DecoderOptions) {
    let slotCount = 0
    this.#columns = columns.map(({ name, form, splitter = '', leftOut = [] }): DecodedColumn => {
      const slot = slotCount++
      let pathSlot = -1
      if (form !== 'document') {
        this.#table.addField(name, slot)
        if (name.includes('.')) {
          pathSlot = slotCount++
          this.#table.addPath(name.split('.'), pathSlot)
        }
      }
      return {
        form,
        slot,
        pathSlot,
        splitter: splitter === '' ? noBytes : Buffer.from(splitter, 'utf8'),
        isLeftOut: leftOut.length === 0 ? undefined : isOneOf(leftOut),
      }
    })
    this.#places = new FieldPlaces(slotCount)
    this.#json = new JsonWriter(options.json)
    this.#objectIds = options.objectIds
    this.#clock = new ZonedWallClock(options.timeZone)
  }

  /** Columns for booleans in which the last document had something else: the rows of a text batch cannot show that. */
  get foreignBools(): readonly number[] {
    return this.#foreignBools
  }

  /**
   * Writes the cells of a row, taken from the document that begins at `offset`; the caller ends the row.
   *
   * @returns the length of the cells in bytes, as `RecordBatch.byteSize` counts
   * @throws RangeError for bytes that are no document
   */
  decode(source: Buffer, offset: number, builder: TextBatchBuilder): number {
    const columns = this.#columns
    const { types, offsets } = this.#places
    types.fill(0)
    if (this.#foreignBools.length > 0) this.#foreignBools = []
    this.#table.scan(source, offset, this.#places)
    builder.reserve(columns.length)
    let byteSize = 0
    for (let index = 0; index < columns.length; index += 1) {
      const column = columns[index] as DecodedColumn
      let { slot } = column
      if (types[slot] === 0 && column.pathSlot >= 0) slot = column.pathSlot
      const isWhole = column.form === 'document'
      const type = isWhole ? bsonType.object : (types[slot] as number)
      if (type === 0 || type === bsonType.null || type === bsonType.undefined) {
        builder.addNull()
        continue
      }
      if (column.form === 'bool' && type !== bsonType.bool) this.#foreignBools.push(index)
      const start = builder.length
      this.#write(builder, source, column, type, isWhole ? offset : (offsets[slot] as number))
      byteSize += endCell(builder, start, column.form === 'bool' && type === bsonType.bool)
    }
    return byteSize
  }

  #write(
    sink: TextSink,
    source: Buffer,
    column: DecodedColumn,
    type: number,
    offset: number,
  ): void {
    switch (column.form) {
      case 'text':
      case 'bool':
        return this.#writeText(sink, source, type, offset)
      case 'date':
        if (type !== bsonType.date) return this.#writeText(sink, source, type, offset)
        sink.reserve(longestDate)
        return writeDate(sink, source, offset)
      case 'bytes':
        if (type === bsonType.binary) return writeBinary(sink, source, offset)
        return this.#writeText(sink, source, type, offset)
      case 'joined':
        if (type !== bsonType.array) return this.#writeText(sink, source, type, offset)
        return this.#writeJoined(sink, source, offset, column.splitter)
      case 'json':
        return this.#json.write(sink, source, type, offset)
      case 'document':
        return this.#json.writeDocument(sink, source, offset, column.isLeftOut)
    }
  }

  #writeText(sink: TextSink, source: Buffer, type: number, offset: number): void {
    switch (type) {
      case bsonType.string:
      case bsonType.symbol: {
        const end = endOfString(source, offset)
        sink.reserve(end - offset)
        return writeBytes(sink, source, offset + 4, end)
      }
      case bsonType.int:
        sink.reserve(longestNumber)
        return writeInteger(sink, int32At(source, offset))
      case bsonType.long:
        sink.reserve(longestNumber)
        return writeLong(sink, source, offset)
      case bsonType.double:
        sink.reserve(longestNumber)
        return writeDouble(sink, source, offset)
      case bsonType.date:
        return this.#writeZonedDate(sink, source, offset)
      case bsonType.objectId:
        if (this.#objectIds === 'json') return this.#json.write(sink, source, type, offset)
        sink.reserve(24)
        return writeHex(sink, source, offset, offset + 12)
      case bsonType.bool:
        sink.reserve(5)
        return writeAscii(sink, source[offset] === 0 ? 'false' : 'true')
      case bsonType.decimal: {
        const text = decimalText(source, offset)
        sink.reserve(text.length)
        return writeAscii(sink, text)
      }
      case bsonType.binary:
        if (!isUuidAt(source, offset)) return writeBinary(sink, source, offset)
        sink.reserve(uuidLength)
        return writeUuid(sink, source, offset + 5)
      default:
        return this.#json.write(sink, source, type, offset)
    }
  }

  #writeZonedDate(sink: TextSink, source: Buffer, offset: number): void {
    sink.reserve(longestDate)
    const start = sink.length
    writeDate(sink, source, offset)
    if (this.#clock.isUtc) return
    const zoned = this.#clock.fromUtc(sink.bytes.toString('latin1', start, sink.length))
    sink.length = start
    writeAscii(sink, zoned)
  }

  /** Elements that are null are empty text. */
  #writeJoined(sink: TextSink, source: Buffer, offset: number, splitter: Buffer): void {
    let isFirst = true
    for (let at = offset + 4; source[at] !== 0;) {
      const type = source[at] as number
      const start = endOfText(source, at + 1) + 1
      if (!isFirst) {
        sink.reserve(splitter.length)
        writeBytes(sink, splitter, 0, splitter.length)
      }
      isFirst = false
      if (type !== bsonType.null && type !== bsonType.undefined) {
        this.#writeText(sink, source, type, start)
      }
      at = endOfValue(source, type, start)
    }
  }
}

/** Ends the cell that began at `start`; gives its length as batches count it. */
function endCell(builder: TextBatchBuilder, start: number, isBool: boolean): number {
  builder.reserve(1)
  const { bounds, boundCount, length } = builder
  bounds[boundCount] = start
  bounds[boundCount + 1] = length
  builder.boundCount = boundCount + 2
  builder.bytes[length] = cellEnd
  builder.length = length + 1
  return isBool ? 1 : length - start
}

function isUuidAt(source: Uint8Array, offset: number): boolean {
  return source[offset + 4] === uuidSubtype && int32At(source, offset) === 16
}

function writeBinary(sink: TextSink, source: Uint8Array, offset: number): void {
  const end = offset + 5 + int32At(source, offset)
  const start = offset + (source[offset + 4] === oldBinarySubtype ? 9 : 5)
  sink.reserve(end - start)
  writeBytes(sink, source, start, end)
}

function isOneOf(names: readonly string[]): IsLeftOut {
  const all = new Set(names.map((name) => Buffer.from(name, 'utf8').toString('latin1')))
  return (source, start, end) => all.has((source as Buffer).toString('latin1', start, end))
}
