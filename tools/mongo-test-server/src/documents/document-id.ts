import { ObjectId, onDemand } from 'bson'
import { sortKey } from '../order/sort-key.ts'
import { objectIdType, typeOrder } from '../order/type-order.ts'
import { asBuffer, decodeDocument, encodeDocument } from './bson-document.ts'
import { onlyFirstField } from './raw-fields.ts'

const bsonObjectId = 0x07
const bsonInt32 = 0x10
const firstValueAt = 9
/** `_id` and its end, as the name of the first field of a document. */
const idName = 0x6469_5f

/**
 * The order key of a document's `_id`.
 *
 * @param document with `_id` as its first field
 * @returns what `sortKey` gives for the value
 */
export function idKeyOf(document: Buffer): string {
  // Most identifiers are ObjectIds or small numbers: their key is read off the bytes.
  if (document[4] === bsonObjectId)
    return objectIdType + document.toString('latin1', firstValueAt, firstValueAt + 12)
  if (document[4] === bsonInt32) return sortKey(document.readInt32LE(firstValueAt))
  return sortKey(idOf(document))
}

/**
 * @param document with `_id` as its first field
 * @returns the value of `_id`
 */
export function idOf(document: Buffer): unknown {
  return decodeDocument(onlyFirstField(document))['_id']
}

/**
 * @param document as a client sends it
 * @returns the same with `_id` as its first field, made here when it has none
 */
export function withLeadingId(document: Uint8Array): Buffer {
  const bytes = asBuffer(document)
  if (startsWithId(bytes)) return bytes
  const element = [...onDemand.parseToElements(bytes)].find(
    ([, at, length]) => bytes.toString('latin1', at, at + length) === '_id',
  )
  if (element === undefined) {
    const id = encodeDocument({ _id: new ObjectId() })
    return joined([id.subarray(4, -1), bytes.subarray(4, -1)])
  }
  const start = element[1] - 1
  const end = element[3] + element[4]
  return joined([bytes.subarray(start, end), bytes.subarray(4, start), bytes.subarray(end, -1)])
}

/** @returns whether the order of types has no place for an `_id` of this kind: arrays, regular expressions, undefined */
export function isRefusedId(value: unknown): boolean {
  const order = typeOrder(value)
  return order === 'array' || order === 'regex' || order === 'undefined'
}

function startsWithId(bytes: Buffer): boolean {
  return bytes.length > firstValueAt && bytes.readUIntLE(5, 3) === idName && bytes[8] === 0
}

function joined(parts: readonly Buffer[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 5)
  const head = Buffer.alloc(4)
  head.writeInt32LE(length)
  return Buffer.concat([head, ...parts, Buffer.alloc(1)], length)
}
