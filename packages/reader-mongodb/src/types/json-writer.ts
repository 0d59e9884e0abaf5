/**
 * Writes BSON values as JSON text straight from their bytes, without an object in between.
 *
 * Why: a thousand documents of ten fields, each as one text, take 6.8 ms with the BSON library (`deserialize`, then
 * `EJSON.stringify`) and 3.2 ms here (the least times of `npx vitest bench --run --project unit packages/reader-mongodb`). The test
 * holds it to the library.
 */
import {
  bsonType,
  endOfText,
  endOfValue,
  int32At,
  oldBinarySubtype,
  uint32At,
  uuidSubtype,
} from './bson-types.ts'
import { longestDate, writeDate } from './date-text.ts'
import { decimalText, isJsonNumber } from './decimal-text.ts'
import { writeJsonString } from './json-string.ts'
import { doubleJson, longestNumber, safeLongAt, writeInteger, writeLong } from './number-text.ts'
import { writeAscii, writeHex, type TextSink } from './text-sink.ts'
import { uuidLength, writeUuid } from './uuid-text.ts'

/**
 * How values that JSON does not have are written. `relaxed` and `canonical` are MongoDB Extended JSON v2: `{"$oid":"…"}`,
 * `{"$date":"…"}`, `{"$numberDecimal":"1.50"}`; canonical wraps every number. `plain` writes the values themselves: ids, dates,
 * UUIDs and bytes (base64) as strings, decimals as numbers; `unwrapped` differs in decimals, which are strings.
 */
export type JsonStyle = 'relaxed' | 'canonical' | 'plain' | 'unwrapped'

/** How JSON text is written. */
export interface JsonForm {
  readonly style: JsonStyle
  /** Whether members that are null are written; those of arrays always are. */
  readonly printsNulls: boolean
}

const openBrace = 0x7b
const closeBrace = 0x7d
const openBracket = 0x5b
const closeBracket = 0x5d
const comma = 0x2c
const colon = 0x3a
const quote = 0x22
/** 0001-01-01 and 10000-01-01: between them a year has four digits in ISO 8601. */
const firstIsoMs = -62_135_596_800_000
const endOfIsoMs = 253_402_300_800_000
const capitalT = 0x54

/** Whether a field of a document is left out. */
export type IsLeftOut = (source: Uint8Array, start: number, end: number) => boolean

/** Writes values of documents as JSON text. */
export class JsonWriter {
  readonly #style: JsonStyle
  /** Whether values are written without what says their type. */
  readonly #isPlain: boolean
  readonly #printsNulls: boolean

  constructor({ style, printsNulls }: JsonForm) {
    this.#style = style
    this.#isPlain = style === 'plain' || style === 'unwrapped'
    this.#printsNulls = printsNulls
  }

  /** Appends the value of a type that begins at `offset`, making room for it. Key order and digits are kept. */
  write(sink: TextSink, source: Buffer, type: number, offset: number): void {
    sink.reserve(64)
    switch (type) {
      case bsonType.string:
        return writeJsonString(sink, source, offset + 4, endOfString(source, offset))
      case bsonType.object:
        return this.writeDocument(sink, source, offset)
      case bsonType.array:
        return this.#writeArray(sink, source, offset)
      case bsonType.bool:
        return writeAscii(sink, source[offset] === 0 ? 'false' : 'true')
      case bsonType.null:
        return writeAscii(sink, 'null')
      case bsonType.int:
        return this.#writeInt(sink, int32At(source, offset))
      case bsonType.long:
        return this.#writeLong(sink, source, offset)
      case bsonType.double:
        return this.#writeDouble(sink, source.readDoubleLE(offset))
      case bsonType.decimal:
        return this.#writeDecimal(sink, decimalText(source, offset))
      case bsonType.date:
        return this.#writeDate(sink, source, offset)
      case bsonType.objectId:
        return this.#writeObjectId(sink, source, offset)
      case bsonType.binary:
        return this.#writeBinary(sink, source, offset)
      default:
        return this.#writeRare(sink, source, type, offset)
    }
  }

  /** Appends the document that begins at `offset`, without the fields that are left out. */
  writeDocument(sink: TextSink, source: Buffer, offset: number, isLeftOut?: IsLeftOut): void {
    sink.reserve(1)
    sink.bytes[sink.length++] = openBrace
    let isFirst = true
    for (let at = offset + 4; source[at] !== 0;) {
      const type = source[at] as number
      const nameEnd = endOfText(source, at + 1)
      const end = endOfValue(source, type, nameEnd + 1)
      const isNull = type === bsonType.null || type === bsonType.undefined
      if (!(isNull && !this.#printsNulls) && isLeftOut?.(source, at + 1, nameEnd) !== true) {
        sink.reserve(2)
        if (!isFirst) sink.bytes[sink.length++] = comma
        isFirst = false
        writeJsonString(sink, source, at + 1, nameEnd)
        sink.reserve(1)
        sink.bytes[sink.length++] = colon
        this.write(sink, source, type, nameEnd + 1)
      }
      at = end
    }
    sink.reserve(1)
    sink.bytes[sink.length++] = closeBrace
  }

  #writeArray(sink: TextSink, source: Buffer, offset: number): void {
    sink.bytes[sink.length++] = openBracket
    let isFirst = true
    for (let at = offset + 4; source[at] !== 0;) {
      const type = source[at] as number
      const start = endOfText(source, at + 1) + 1
      sink.reserve(2)
      if (!isFirst) sink.bytes[sink.length++] = comma
      isFirst = false
      this.write(sink, source, type, start)
      at = endOfValue(source, type, start)
    }
    sink.reserve(1)
    sink.bytes[sink.length++] = closeBracket
  }

  #writeInt(sink: TextSink, value: number): void {
    if (this.#style !== 'canonical') return writeInteger(sink, value)
    writeAscii(sink, '{"$numberInt":"')
    writeInteger(sink, value)
    writeAscii(sink, '"}')
  }

  #writeLong(sink: TextSink, source: Buffer, offset: number): void {
    if (this.#style !== 'canonical') return writeLong(sink, source, offset)
    this.#writeWrappedLong(sink, source, offset)
  }

  #writeWrappedLong(sink: TextSink, source: Buffer, offset: number): void {
    writeAscii(sink, '{"$numberLong":"')
    writeLong(sink, source, offset)
    writeAscii(sink, '"}')
  }

  #writeDouble(sink: TextSink, value: number): void {
    const text = doubleJson(value)
    if (Number.isFinite(value) && this.#style !== 'canonical') return writeAscii(sink, text)
    if (this.#isPlain) return writeAscii(sink, `"${text}"`)
    writeAscii(sink, `{"$numberDouble":"${text}"}`)
  }

  #writeDecimal(sink: TextSink, text: string): void {
    sink.reserve(text.length + longestNumber)
    if (!this.#isPlain) return writeAscii(sink, `{"$numberDecimal":"${text}"}`)
    writeAscii(sink, this.#style === 'plain' && isJsonNumber(text) ? text : `"${text}"`)
  }

  #writeDate(sink: TextSink, source: Buffer, offset: number): void {
    sink.reserve(2 * longestDate)
    const epochMs = safeLongAt(source, offset)
    const firstMs = this.#isPlain ? firstIsoMs : 0
    const isIso = epochMs !== undefined && epochMs >= firstMs && epochMs < endOfIsoMs
    if (this.#isPlain && isIso) return writeIsoDate(sink, source, offset)
    writeAscii(sink, '{"$date":')
    if (isIso && this.#style === 'relaxed') writeIsoDate(sink, source, offset)
    else this.#writeWrappedLong(sink, source, offset)
    sink.bytes[sink.length++] = closeBrace
  }

  #writeObjectId(sink: TextSink, source: Buffer, offset: number): void {
    const isPlain = this.#isPlain
    writeAscii(sink, isPlain ? '"' : '{"$oid":"')
    writeHex(sink, source, offset, offset + 12)
    writeAscii(sink, isPlain ? '"' : '"}')
  }

  #writeBinary(sink: TextSink, source: Buffer, offset: number): void {
    const length = int32At(source, offset)
    const subtype = source[offset + 4] as number
    const start = offset + (subtype === oldBinarySubtype ? 9 : 5)
    const end = offset + 5 + length
    sink.reserve(Math.ceil(length / 3) * 4 + uuidLength + 64)
    const isPlain = this.#isPlain
    if (isPlain && subtype === uuidSubtype && length === 16) {
      sink.bytes[sink.length++] = quote
      writeUuid(sink, source, start)
      sink.bytes[sink.length++] = quote
      return
    }
    writeAscii(sink, isPlain ? '"' : '{"$binary":{"base64":"')
    sink.length += sink.bytes.write(source.toString('base64', start, end), sink.length, 'latin1')
    if (isPlain) return writeAscii(sink, '"')
    writeAscii(sink, '","subType":"')
    writeHex(sink, source, offset + 4, offset + 5)
    writeAscii(sink, '"}}')
  }

  /** Types that hardly any document has. */
  #writeRare(sink: TextSink, source: Buffer, type: number, offset: number): void {
    const isPlain = this.#isPlain
    const string = (start: number, end: number): void => {
      writeJsonString(sink, source, start, end)
      sink.reserve(64)
    }
    const text = (): void => string(offset + 4, endOfString(source, offset))
    const wrapped = (name: string): void => {
      writeAscii(sink, `{"${name}":`)
      text()
      sink.bytes[sink.length++] = closeBrace
    }
    switch (type) {
      case bsonType.symbol:
        return isPlain ? text() : wrapped('$symbol')
      case bsonType.code:
        return isPlain ? text() : wrapped('$code')
      case bsonType.codeWithScope: {
        const scope = offset + 8 + int32At(source, offset + 4)
        writeAscii(sink, '{"$code":')
        string(offset + 8, scope - 1)
        writeAscii(sink, ',"$scope":')
        this.writeDocument(sink, source, scope)
        sink.reserve(1)
        sink.bytes[sink.length++] = closeBrace
        return
      }
      case bsonType.regex: {
        const end = endOfText(source, offset)
        writeAscii(sink, '{"$regularExpression":{"pattern":')
        string(offset, end)
        writeAscii(sink, ',"options":')
        string(end + 1, endOfText(source, end + 1))
        return writeAscii(sink, '}}')
      }
      case bsonType.timestamp: {
        const [increment, seconds] = [uint32At(source, offset), uint32At(source, offset + 4)]
        return writeAscii(sink, `{"$timestamp":{"t":${seconds},"i":${increment}}}`)
      }
      case bsonType.dbPointer: {
        const id = offset + 4 + int32At(source, offset)
        writeAscii(sink, '{"$dbPointer":{"$ref":')
        text()
        writeAscii(sink, ',"$id":{"$oid":"')
        writeHex(sink, source, id, id + 12)
        return writeAscii(sink, '"}}}')
      }
      case bsonType.undefined:
        return writeAscii(sink, isPlain ? 'null' : '{"$undefined":true}')
      case bsonType.minKey:
        return writeAscii(sink, '{"$minKey":1}')
      case bsonType.maxKey:
        return writeAscii(sink, '{"$maxKey":1}')
      default:
        throw new RangeError(`a document has a value of the unknown type ${type}`)
    }
  }
}

function writeIsoDate(sink: TextSink, source: Buffer, offset: number): void {
  sink.bytes[sink.length++] = quote
  writeDate(sink, source, offset, capitalT)
  writeAscii(sink, 'Z"')
}

/** Where the text of a string ends that begins at `offset`. */
export function endOfString(source: Uint8Array, offset: number): number {
  return offset + 3 + int32At(source, offset)
}
