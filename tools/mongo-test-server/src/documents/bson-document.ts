import { deserialize, serialize, setInternalBufferSize, type Document } from 'bson'

/** A document whose values keep their BSON types: numbers are `Int32`, `Double`, `Long` or `Decimal128`. */
export type BsonDocument = Document

const lossless = { promoteValues: false, bsonRegExp: true, validation: { utf8: false } } as const

/** A document before and after a change, and what changed of it. */
const largestEventBytes = 64 * 1024 * 1024

/**
 * @param bytes one BSON document
 * @returns its fields, every value with its BSON type
 */
export function decodeDocument(bytes: Uint8Array): BsonDocument {
  return deserialize(bytes, lossless)
}

/**
 * @param bytes one BSON document
 * @param field an array of documents in it
 * @returns its fields, those documents as BSON bytes
 */
export function decodeWithRaw(bytes: Uint8Array, field: string): BsonDocument {
  return deserialize(bytes, { ...lossless, fieldsAsRaw: { [field]: true } })
}

/**
 * @param document fields that are `undefined` are left out
 * @returns BSON
 */
export function encodeDocument(document: BsonDocument): Buffer {
  try {
    return asBuffer(serialize(document, { ignoreUndefined: true }))
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    // Events of change streams are larger than the library expects a document to be.
    setInternalBufferSize(largestEventBytes)
    return asBuffer(serialize(document, { ignoreUndefined: true }))
  }
}

/**
 * @param bytes
 * @returns the same memory as a Buffer
 */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/**
 * @param value
 * @returns whether it is an embedded document: no array, no value of another BSON type
 */
export function isDocument(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    (bsonTypeOf(value) === undefined || bsonTypeOf(value) === 'DBRef') &&
    !(value instanceof Date) &&
    !(value instanceof RegExp) &&
    !ArrayBuffer.isView(value)
  )
}

/**
 * @param value
 * @returns the name of its class in the BSON library; undefined for what JavaScript has a type for
 */
export function bsonTypeOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const type: unknown = Reflect.get(value, '_bsontype')
  return typeof type === 'string' ? type : undefined
}
