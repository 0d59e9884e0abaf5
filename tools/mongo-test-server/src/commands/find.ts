import { Long } from 'bson'
import { documentCursor, type ServerCursor } from '../cursors/cursor.ts'
import { isDocument } from '../documents/bson-document.ts'
import { optionalNumber } from '../documents/plain-numbers.ts'
import { sortSpecification } from '../order/sort-documents.ts'
import { projection } from '../query/projection.ts'
import { readDocuments } from '../query/read-documents.ts'
import { namespaceText } from '../storage/catalog.ts'
import { timestampOf, type ClusterTime } from '../storage/cluster-clock.ts'
import {
  CursorResult,
  isSnapshotRead,
  namespaceOf,
  readTime,
  type CommandContext,
} from './command.ts'

const firstBatchDocuments = 101

/** @returns the first documents and a cursor for the others */
export function find(context: CommandContext): Promise<CursorResult> {
  const { server, command, transaction } = context
  const namespace = namespaceOf(context)
  const time = readTime(context)
  const filter = isDocument(command['filter']) ? command['filter'] : {}
  const found = readDocuments(server.store.catalog.read(namespace), {
    filter,
    sort: sortSpecification(command['sort']),
    byId: isIdHint(command['hint']),
    time,
    overlay: transaction?.overlay(namespace),
  })
  const skip = optionalNumber(command['skip']) ?? 0
  const limit = optionalNumber(command['limit']) ?? 0
  const project = projection(command['projection'], filter)
  const documents = windowOf(found, { skip, limit }, (bytes) => {
    if (time !== undefined && transaction === undefined) server.store.checkSnapshot(time)
    return project === undefined ? bytes : project(bytes)
  })
  return firstBatch(context, documentCursor(namespaceText(namespace), documents), {
    maxDocuments: optionalNumber(command['batchSize']) ?? firstBatchDocuments,
    single: command['singleBatch'] === true,
    time: isSnapshotRead(context) ? time : undefined,
  })
}

/** How a cursor begins. */
export interface FirstBatch {
  readonly maxDocuments: number
  /** Whether nothing is to come after the first batch. */
  readonly single: boolean
  /** Of a snapshot; the client is told. */
  readonly time: ClusterTime | undefined
}

/**
 * @param context
 * @param cursor
 * @param options
 * @returns the first batch; the cursor is kept open where more may come
 */
export async function firstBatch(
  { server, connection }: CommandContext,
  cursor: ServerCursor,
  { maxDocuments, single, time }: FirstBatch,
): Promise<CursorResult> {
  const { closed } = connection
  const batch = await cursor.nextBatch({ maxDocuments, awaitMs: 0, signal: closed.signal })
  const id = batch.open && !single ? server.cursors.add(cursor, connection.member) : Long.ZERO
  return new CursorResult('firstBatch', batch.documents, {
    id,
    ns: cursor.namespace,
    ...(time === undefined ? {} : { atClusterTime: timestampOf(time) }),
    postBatchResumeToken: batch.postBatchResumeToken,
  })
}

/** The order of `_id` is the only one that an index gives here. */
function isIdHint(hint: unknown): boolean {
  return hint === '_id_' || (isDocument(hint) && Object.hasOwn(hint, '_id'))
}

function* windowOf(
  found: Iterator<{ readonly bytes: Buffer }>,
  { skip, limit }: { readonly skip: number; readonly limit: number },
  output: (bytes: Buffer) => Buffer,
): Generator<Buffer> {
  let left = limit === 0 ? Infinity : Math.abs(limit)
  for (let passed = 0; passed < skip; passed += 1) if (found.next().done === true) return
  while (left > 0) {
    const next = found.next()
    if (next.done === true) return
    left -= 1
    yield output(next.value.bytes)
  }
}
