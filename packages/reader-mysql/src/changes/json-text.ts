import { decimalByteLength, decimalTextAt } from './decimal-text.ts'
import { doubleTextOf } from './double-text.ts'
import { clockText, dateText } from './temporal-formats.ts'
import { typeNumber } from '../types/native-types.ts'

const valueType = {
  smallObject: 0,
  largeObject: 1,
  smallArray: 2,
  largeArray: 3,
  literal: 4,
  int16: 5,
  uint16: 6,
  int32: 7,
  uint32: 8,
  int64: 9,
  uint64: 10,
  double: 11,
  string: 12,
  opaque: 15,
} as const

/**
 * The text that MySQL prints for a JSON value in its binary form. Source: MySQL, sql-common/json_binary.h and the printing in
 * sql-common/json_dom.cc.
 */
export function jsonTextAt(bytes: Buffer, start: number, end: number): string {
  // A value that was never set is stored as nothing and printed as null.
  if (start === end) return 'null'
  return valueText(bytes.subarray(start + 1, end), bytes[start]!)
}

function valueText(bytes: Buffer, type: number): string {
  switch (type) {
    case valueType.smallObject:
    case valueType.largeObject:
      return objectText(bytes, type === valueType.largeObject)
    case valueType.smallArray:
    case valueType.largeArray:
      return arrayText(bytes, type === valueType.largeArray)
    case valueType.literal:
      return ['null', 'true', 'false'][bytes[0]!] ?? 'null'
    case valueType.int16:
      return String(bytes.readInt16LE(0))
    case valueType.uint16:
      return String(bytes.readUInt16LE(0))
    case valueType.int32:
      return String(bytes.readInt32LE(0))
    case valueType.uint32:
      return String(bytes.readUInt32LE(0))
    case valueType.int64:
      return String(bytes.readBigInt64LE(0))
    case valueType.uint64:
      return String(bytes.readBigUInt64LE(0))
    case valueType.double:
      return jsonDoubleText(bytes.readDoubleLE(0))
    case valueType.string: {
      const { length, offset } = lengthAt(bytes, 0)
      return quoted(bytes.toString('utf8', offset, offset + length))
    }
    case valueType.opaque:
      return opaqueText(bytes)
    default:
      throw new RangeError(`a JSON value has the unknown type ${type}`)
  }
}

/** A number that is whole is told from an integer by its point. */
function jsonDoubleText(number: number): string {
  const text = doubleTextOf(number)
  return /[.e]/.test(text) ? text : `${text}.0`
}

interface Container {
  readonly count: number
  readonly wordLength: 2 | 4
  readonly word: (at: number) => number
}

function containerOf(bytes: Buffer, isLarge: boolean): Container {
  const wordLength = isLarge ? 4 : 2
  const word = (at: number) => (isLarge ? bytes.readUInt32LE(at) : bytes.readUInt16LE(at))
  return { count: word(0), wordLength, word }
}

function objectText(bytes: Buffer, isLarge: boolean): string {
  const { count, wordLength, word } = containerOf(bytes, isLarge)
  const keysAt = 2 * wordLength
  const keyEntry = wordLength + 2
  const valuesAt = keysAt + count * keyEntry
  const members: string[] = []
  for (let index = 0; index < count; index += 1) {
    const entry = keysAt + index * keyEntry
    const keyAt = word(entry)
    const key = bytes.toString('utf8', keyAt, keyAt + bytes.readUInt16LE(entry + wordLength))
    members.push(
      `${quoted(key)}: ${entryText(bytes, valuesAt + index * (1 + wordLength), isLarge)}`,
    )
  }
  return `{${members.join(', ')}}`
}

function arrayText(bytes: Buffer, isLarge: boolean): string {
  const { count, wordLength } = containerOf(bytes, isLarge)
  const valuesAt = 2 * wordLength
  const items = Array.from({ length: count }, (_, index) =>
    entryText(bytes, valuesAt + index * (1 + wordLength), isLarge),
  )
  return `[${items.join(', ')}]`
}

/** Small values stand in the entry itself, others where it points to. */
function entryText(bytes: Buffer, at: number, isLarge: boolean): string {
  const type = bytes[at]!
  const isInline =
    type === valueType.literal ||
    type === valueType.int16 ||
    type === valueType.uint16 ||
    (isLarge && (type === valueType.int32 || type === valueType.uint32))
  if (isInline) return valueText(bytes.subarray(at + 1), type)
  const offset = isLarge ? bytes.readUInt32LE(at + 1) : bytes.readUInt16LE(at + 1)
  return valueText(bytes.subarray(offset), type)
}

/** Seven bits a byte, the lowest first; the highest bit says that more follow. */
function lengthAt(
  bytes: Buffer,
  start: number,
): { readonly length: number; readonly offset: number } {
  let length = 0
  let factor = 1
  let offset = start
  for (;;) {
    const byte = bytes[offset]!
    offset += 1
    length += (byte & 0x7f) * factor
    if (byte < 0x80) return { length, offset }
    factor *= 0x80
  }
}

/** A value of a type of the server that JSON does not have: numbers are plain, dates and all else are strings. */
function opaqueText(bytes: Buffer): string {
  const type = bytes[0]!
  const { length, offset } = lengthAt(bytes, 1)
  const value = bytes.subarray(offset, offset + length)
  switch (type) {
    case typeNumber.newDecimal: {
      const precision = value[0]!
      const scale = value[1]!
      const text = decimalTextAt(value, 2, precision, scale)
      return value.length < 2 + decimalByteLength(precision, scale) ? '0' : text
    }
    case typeNumber.date:
      return `"${packedDate(value).slice(0, 10)}"`
    case typeNumber.datetime:
    case typeNumber.timestamp:
      return `"${packedDate(value)}"`
    case typeNumber.time:
      return `"${packedTime(value)}"`
    default:
      return `"base64:type${type}:${value.toString('base64')}"`
  }
}

const fractionUnits = 0x100_0000

function packedDate(value: Buffer): string {
  const packed = value.readBigInt64LE(0)
  const whole = Number(packed >> 24n)
  const days = Math.floor(whole / 0x2_0000)
  const time = whole % 0x2_0000
  const months = days >> 5
  const date = dateText(Math.trunc(months / 13), months % 13, days & 31)
  return `${date} ${clockText(time >> 12, (time >> 6) & 63, time & 63)}.${micros(Number(packed & 0xff_ffffn))}`
}

function packedTime(value: Buffer): string {
  const packed = Number(value.readBigInt64LE(0))
  const size = Math.abs(packed)
  const whole = Math.floor(size / fractionUnits)
  const clock = clockText((whole >> 12) & 1023, (whole >> 6) & 63, whole & 63)
  return `${packed < 0 ? '-' : ''}${clock}.${micros(size % fractionUnits)}`
}

function micros(fraction: number): string {
  return String(fraction).padStart(6, '0')
}

const shortEscapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
}

function quoted(text: string): string {
  // oxlint-disable-next-line no-control-regex -- these are what JSON has to escape
  const escaped = text.replaceAll(/["\\\u0000-\u001f]/g, (character) => {
    const code = character.charCodeAt(0).toString(16).padStart(4, '0')
    return shortEscapes[character] ?? `\\u${code}`
  })
  return `"${escaped}"`
}
