import { serialize } from 'bson'
import type { FindCursor } from 'mongodb'
import { describe, expect, it } from 'vitest'
import { DocumentCursor } from './document-cursor.ts'
import { batchInReply, type DocumentBatch } from './reply-batch.ts'

const values = [{ _id: 1, text: 'a' }, { _id: 2 }, { _id: 3, text: 'été' }]
const documents = values.map((value) => serialize(value))

/** A cursor of the driver with one batch, as far as the reader uses it. */
function cursorOf(reply: unknown): FindCursor<Uint8Array> {
  let left = 1
  const cursor = {
    documents: reply,
    hasNext: async () => left-- > 0,
    readBufferedDocuments: () => documents.map((bytes) => new Uint8Array(bytes)),
    close: async () => {},
  }
  return cursor as unknown as FindCursor<Uint8Array>
}

function bytesOf(batches: readonly DocumentBatch[]): string[] {
  return batches.flatMap(({ source, offsets }) =>
    offsets.map((offset) =>
      source.subarray(offset, offset + source.readInt32LE(offset)).toString('hex'),
    ),
  )
}

const expected = documents.map((bytes) => Buffer.from(bytes).toString('hex'))

describe('DocumentCursor', () => {
  it('takes the reply of the driver as a whole', async () => {
    let cleared = 0
    const reply = replyOf('firstBatch')
    const cursor = new DocumentCursor(
      cursorOf({ cursor: { toBytes: () => reply }, clear: () => (cleared += 1) }),
    )
    expect(await cursor.ready).toBe(true)
    expect(bytesOf(cursor.take())).toEqual(expected)
    expect(cleared).toBe(1)
    expect(await cursor.ready).toBe(false)
  })

  it.each([
    ['has no reply', undefined],
    ['has no bytes', { cursor: {}, clear() {} }],
    ['has another reply', { cursor: { toBytes: () => serialize({ id: 1 }) }, clear() {} }],
  ])('takes document by document from a driver that %s', async (_, reply) => {
    const cursor = new DocumentCursor(cursorOf(reply))
    expect(await cursor.ready).toBe(true)
    expect(bytesOf(cursor.take())).toEqual(expected)
  })
})

/** The part `cursor` of a reply, with the documents in a batch of this name. */
function replyOf(name: string): Uint8Array {
  return serialize({ id: 5, ns: 'shop.people', [name]: values })
}

describe('batchInReply', () => {
  it.each(['firstBatch', 'nextBatch'])('finds the documents of %s', (name) => {
    const batch = batchInReply(replyOf(name))
    expect(bytesOf(batch === undefined ? [] : [batch])).toEqual(expected)
  })

  it('finds none where there are none', () => {
    expect(batchInReply(serialize({ firstBatch: [] }))?.offsets).toEqual([])
    expect(batchInReply(serialize({ firstBatch: ['text'] }))).toBeUndefined()
    expect(batchInReply(serialize({ firstBatch: 'text' }))).toBeUndefined()
    expect(batchInReply(serialize({ id: 1 }))).toBeUndefined()
  })
})
