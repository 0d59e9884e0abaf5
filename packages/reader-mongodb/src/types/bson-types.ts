/** The type numbers of BSON elements (bsonspec.org). `minKey` is -1 there, read here as an unsigned byte. */
export const bsonType = {
  double: 0x01,
  string: 0x02,
  object: 0x03,
  array: 0x04,
  binary: 0x05,
  undefined: 0x06,
  objectId: 0x07,
  bool: 0x08,
  date: 0x09,
  null: 0x0a,
  regex: 0x0b,
  dbPointer: 0x0c,
  code: 0x0d,
  symbol: 0x0e,
  codeWithScope: 0x0f,
  int: 0x10,
  timestamp: 0x11,
  long: 0x12,
  decimal: 0x13,
  maxKey: 0x7f,
  minKey: 0xff,
} as const

/** Subtype of binary values that hold a UUID in network byte order. */
export const uuidSubtype = 4
/** Subtype of old drivers, whose bytes begin with their length once more. */
export const oldBinarySubtype = 2

const fixedLengths = new Int8Array(256).fill(-1)
for (const [type, length] of [
  [bsonType.double, 8],
  [bsonType.undefined, 0],
  [bsonType.objectId, 12],
  [bsonType.bool, 1],
  [bsonType.date, 8],
  [bsonType.null, 0],
  [bsonType.int, 4],
  [bsonType.timestamp, 8],
  [bsonType.long, 8],
  [bsonType.decimal, 16],
  [bsonType.maxKey, 0],
  [bsonType.minKey, 0],
] as const) {
  fixedLengths[type] = length
}

/**
 * Where a value ends that begins at `offset`.
 *
 * @throws RangeError for a type that BSON does not have, or a length that cannot be
 */
export function endOfValue(bytes: Uint8Array, type: number, offset: number): number {
  const fixed = fixedLengths[type] as number
  if (fixed >= 0) return offset + fixed
  switch (type) {
    case bsonType.string:
    case bsonType.code:
    case bsonType.symbol:
      return checked(bytes, offset + 4 + int32At(bytes, offset), offset + 5)
    case bsonType.object:
    case bsonType.array:
    case bsonType.codeWithScope:
      return checked(bytes, offset + int32At(bytes, offset), offset + 5)
    case bsonType.binary:
      return checked(bytes, offset + 5 + int32At(bytes, offset), offset + 5)
    case bsonType.regex:
      return endOfText(bytes, endOfText(bytes, offset) + 1) + 1
    case bsonType.dbPointer:
      return checked(bytes, offset + 4 + int32At(bytes, offset) + 12, offset + 17)
    default:
      throw new RangeError(`a document has a value of the unknown type ${type}`)
  }
}

function checked(bytes: Uint8Array, end: number, least: number): number {
  if (end < least || end > bytes.length)
    throw new RangeError('a document has a value with a wrong length')
  return end
}

/** Where the zero byte stands that ends the text at `offset`. */
export function endOfText(bytes: Uint8Array, offset: number): number {
  let end = offset
  while (bytes[end] !== 0) {
    if (end >= bytes.length) throw new RangeError('a document has a name without an end')
    end += 1
  }
  return end
}

/** The signed 32-bit integer at `offset`. */
export function int32At(bytes: Uint8Array, offset: number): number {
  return (
    (bytes[offset] as number) |
    ((bytes[offset + 1] as number) << 8) |
    ((bytes[offset + 2] as number) << 16) |
    ((bytes[offset + 3] as number) << 24)
  )
}

/** The unsigned 32-bit integer at `offset`. */
export function uint32At(bytes: Uint8Array, offset: number): number {
  return int32At(bytes, offset) >>> 0
}
