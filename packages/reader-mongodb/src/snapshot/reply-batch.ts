import { bsonType, endOfText, endOfValue } from '../types/bson-types.ts'

/** Documents that came together: where each begins in memory that they share. */
export interface DocumentBatch {
  readonly source: Buffer
  readonly offsets: readonly number[]
}

/**
 * The documents in the part `cursor` of a reply: `{firstBatch: […], id, ns}`, or `nextBatch`.
 *
 * @returns `undefined` when there is no batch, or something else than documents in it
 */
export function batchInReply(reply: Uint8Array): DocumentBatch | undefined {
  const source = Buffer.from(reply.buffer, reply.byteOffset, reply.byteLength)
  for (let at = 4; source[at] !== 0;) {
    const type = source[at] as number
    const nameEnd = endOfText(source, at + 1)
    const name = source.toString('latin1', at + 1, nameEnd)
    if (name === 'firstBatch' || name === 'nextBatch') {
      return type === bsonType.array ? documentsOf(source, nameEnd + 1) : undefined
    }
    at = endOfValue(source, type, nameEnd + 1)
  }
  return undefined
}

function documentsOf(source: Buffer, array: number): DocumentBatch | undefined {
  const offsets: number[] = []
  for (let at = array + 4; source[at] !== 0;) {
    if (source[at] !== bsonType.object) return undefined
    const start = endOfText(source, at + 1) + 1
    offsets.push(start)
    at = endOfValue(source, bsonType.object, start)
  }
  return { source, offsets }
}
