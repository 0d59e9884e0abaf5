import { onDemand } from 'bson'
import { asBuffer } from './bson-document.ts'

/**
 * Takes top-level fields out of documents without decoding and encoding them, in the order of the document.
 *
 * @param fields names
 * @param including whether they are the fields to keep or those to leave out
 * @returns makes BSON of BSON
 */
export function rawFields(fields: Iterable<string>, including: boolean): (bytes: Buffer) => Buffer {
  const names = new Set(fields)
  return (bytes) => {
    // Every element is as long as from its type to the end of its value.
    const parts: [start: number, end: number][] = []
    let length = 5
    for (const [, nameAt, nameLength, valueAt, valueLength] of onDemand.parseToElements(bytes)) {
      const name = bytes.toString('utf8', nameAt, nameAt + nameLength)
      if (names.has(name) !== including) continue
      parts.push([nameAt - 1, valueAt + valueLength])
      length += valueAt + valueLength - nameAt + 1
    }
    const result = Buffer.allocUnsafe(length)
    let at = result.writeInt32LE(length)
    for (const [start, end] of parts) at += bytes.copy(result, at, start, end)
    result[at] = 0
    return result
  }
}

/**
 * @param document with `_id` as its first field
 * @returns a document of that field alone
 */
export function onlyFirstField(document: Uint8Array): Buffer {
  const bytes = asBuffer(document)
  const [first] = onDemand.parseToElements(bytes)
  const end = first === undefined ? 4 : first[3] + first[4]
  const result = Buffer.alloc(end + 1)
  bytes.copy(result, 0, 0, end)
  result.writeInt32LE(end + 1)
  return result
}

const documentType = 0x03
const nullType = 0x0a

/**
 * Puts embedded documents behind the fields of a document, without decoding any of them.
 *
 * @param document BSON
 * @param members names and BSON; null is the value null, undefined leaves the field out
 * @returns BSON
 */
export function appendDocuments(
  document: Buffer,
  members: readonly (readonly [name: string, bytes: Buffer | null | undefined])[],
): Buffer {
  const present = members.filter(([, bytes]) => bytes !== undefined)
  const added = present.reduce(
    (sum, [name, bytes]) => sum + name.length + 2 + (bytes?.length ?? 0),
    0,
  )
  const result = Buffer.allocUnsafe(document.length + added)
  document.copy(result)
  result.writeInt32LE(result.length)
  let at = document.length - 1
  for (const [name, bytes] of present) {
    at = result.writeUInt8(bytes === null ? nullType : documentType, at)
    at += result.write(name, at, 'latin1')
    at = result.writeUInt8(0, at)
    if (bytes !== null && bytes !== undefined) at += bytes.copy(result, at)
  }
  result[at] = 0
  return result
}
