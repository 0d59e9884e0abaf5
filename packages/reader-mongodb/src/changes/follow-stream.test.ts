import { BSON, Long, Timestamp, type Document } from 'mongodb'
import type { RecordBatch } from '@millrace/core/record'
import { expect, it } from 'vitest'
import type { SourceClient } from '../connection/source-client.ts'
import { DocumentColumns } from '../types/document-columns.ts'
import { FollowedCollections } from './followed-collection.ts'
import { followStream } from './follow-stream.ts'
import { streamPositionOf, type StreamPosition } from './stream-position.ts'

const seconds = 1_763_740_000
const hex = (value: number) => value.toString(16).padStart(8, '0')
/** Tokens of one time: that of the time itself comes before those of its changes. */
const tokenAt = (increment: number, rest = '00') => ({
  _data: `82${hex(seconds)}${hex(increment)}${rest}`,
})

function insertAt(increment: number, _id: number): Uint8Array {
  return BSON.serialize({
    _id: tokenAt(increment, `80${_id}`),
    operationType: 'insert',
    clusterTime: new Timestamp({ t: seconds, i: increment }),
    ns: { db: 'shop', coll: 'items' },
    documentKey: { _id },
    fullDocument: { _id },
  })
}

interface Reply {
  readonly documents: readonly Uint8Array[]
  readonly token: Document
}

/** A server that answers with these, one after the other. */
function answering(replies: Reply[], asked: Document[]): SourceClient {
  const command = async (given: Document) => {
    asked.push(given)
    const { documents, token } = replies.shift() ?? { documents: [], token: tokenAt(99) }
    const batch = given['aggregate'] === undefined ? 'nextBatch' : 'firstBatch'
    const id = Long.fromNumber(1)
    return { cursor: { id, ns: 'shop.items', [batch]: documents, postBatchResumeToken: token } }
  }
  const client = { startSession: () => ({ endSession: async () => {} }), db: () => ({ command }) }
  return { client } as unknown as SourceClient
}

const options = {
  signal: new AbortController().signal,
  maxRows: 100,
  maxBytes: 1 << 20,
  maxDelayMs: 5,
}

async function follow(
  from: StreamPosition,
  replies: Reply[],
  asked: Document[] = [],
): Promise<RecordBatch[]> {
  const form = 'unwrapped'
  const columns = new DocumentColumns({ database: 'shop', collection: 'items', excluded: [], form })
  const items = { database: 'shop', name: 'items', label: 'shop.items', columns, excluded: [] }
  const stream = {
    source: answering(replies, asked),
    logger: { debug() {}, info() {}, warn() {} },
    collections: new FollowedCollections([{ ...items, keepsImages: false, hasImages: false }]),
    fullDocument: 'updateLookup' as const,
    canSplit: true,
  }
  const batches: RecordBatch[] = []
  for await (const batch of followStream(stream, from, { seconds, increment: 7 }, options))
    batches.push(batch)
  return batches
}

const idsOf = (batches: readonly RecordBatch[]) =>
  batches.flatMap(({ rows }) => rows.map(([id]) => id))

it('ends at a time without passing over changes of that very time that another shard still has', async () => {
  const from = { time: { seconds, increment: 5 } }
  const none = { documents: [], token: tokenAt(7) }
  const first = await follow(from, [{ documents: [insertAt(6, 1)], token: tokenAt(6) }, none, none])
  expect(idsOf(first)).toEqual([1])
  const end = streamPositionOf(first.at(-1)!.position!)
  expect(end).toEqual({ time: { seconds, increment: 7 }, token: tokenAt(7) })
  const asked: Document[] = []
  const late = { documents: [insertAt(7, 2)], token: tokenAt(7, '802') }
  const second = await follow(end, [late, { documents: [], token: tokenAt(8) }], asked)
  expect(asked[0]!['pipeline'][0].$changeStream).toMatchObject({ startAfter: tokenAt(7) })
  expect(idsOf(second)).toEqual([2])
})

it('ends behind the changes of a time where all of them were handed out', async () => {
  const from = { time: { seconds, increment: 5 } }
  const replies = [
    { documents: [insertAt(7, 1)], token: tokenAt(7, '801') },
    { documents: [], token: tokenAt(7, '801') },
  ]
  const batches = await follow(from, replies)
  expect(idsOf(batches)).toEqual([1])
  expect(streamPositionOf(batches.at(-1)!.position!)).toMatchObject({ token: tokenAt(7, '801') })
  // With one of a later time, nothing of the end is left.
  const [beyond] = await follow(from, [{ documents: [insertAt(9, 3)], token: tokenAt(9) }])
  expect(streamPositionOf(beyond!.position!)).toEqual({ time: { seconds, increment: 7 } })
})
