import type { ClientSession, Document, FindOptions } from 'mongodb'
import { PluginError, type ReadOptions } from '@millrace/core/plugin'
import type { Position, RecordBatch } from '@millrace/core/record'
import type { SourceClient } from '../connection/source-client.ts'
import { errorCode, readError, sourceFaultOf } from '../connection/source-error.ts'
import type { DocumentDecoder } from '../types/document-decoder.ts'
import { DocumentCursor } from './document-cursor.ts'
import { keepSession } from './keep-session.ts'
import { positionOf, valueOfField } from './id-value.ts'
import { RowCollector } from './row-collector.ts'
import type { SourceCollection } from './source-collection.ts'

/** What one split is read with. */
export interface SplitReading {
  readonly source: SourceClient
  readonly collection: SourceCollection
  readonly decoder: DocumentDecoder
  /** Queries whose documents, one after the other, are the split. */
  readonly filters: readonly Document[]
  readonly options: FindOptions
  /** Batches have positions: documents come in the order of `_id`. */
  readonly hasPositions: boolean
  /** Ended with the read; that of an instant reads as of it. Absent: the driver's own, and what the server has when it is asked. */
  readonly session?: ClientSession
}

/** How long the end of a read waits for documents that are on their way. */
const patienceMs = 200
/** How long it waits until the server has closed its cursor. */
const closeTimeoutMs = 5000

/**
 * Reads the documents of one split. A read that is left early closes its cursor at the server.
 *
 * @throws PluginError SOURCE_FAILED when the source fails, with `isRetryable` when just the connection or the cursor was lost
 */
export async function* readSplit(
  reading: SplitReading,
  options: ReadOptions,
): AsyncGenerator<RecordBatch, void, undefined> {
  const { signal } = options
  const { collection, decoder, hasPositions, session } = reading
  const collector = new RowCollector(
    collection.schema,
    decoder,
    options,
    hasPositions ? positionAt : undefined,
  )
  const ended = new AbortController()
  const isKept = reading.options.noCursorTimeout === true && session !== undefined
  const leaveSession = isKept ? keepSession(reading.source, session) : undefined
  let cursor: DocumentCursor | undefined
  try {
    signal.throwIfAborted()
    for (const filter of reading.filters) {
      cursor = openCursor(reading, filter, ended.signal)
      yield* batchesOf(cursor, collector, options)
      await cursor.close()
      cursor = undefined
    }
    collector.flush()
    yield* full(collector, signal)
  } catch (error) {
    signal.throwIfAborted()
    throw readFault(`reading collection ${collection.label}`, error)
  } finally {
    leaveSession?.()
    const closing = closeAll(cursor, session, ended)
    if (!signal.aborted) await closing
  }
}

function openCursor(
  { source, collection, options, session }: SplitReading,
  filter: Document,
  signal: AbortSignal,
): DocumentCursor {
  const documents = source.client.db(collection.database).collection<Uint8Array>(collection.name)
  return new DocumentCursor(
    documents.find(filter, {
      ...options,
      raw: true,
      signal,
      ...(session === undefined ? {} : { session }),
    }),
  )
}

async function* batchesOf(
  cursor: DocumentCursor,
  collector: RowCollector,
  { maxDelayMs, signal }: ReadOptions,
): AsyncGenerator<RecordBatch, void, undefined> {
  for (;;) {
    const ready = orAbort(cursor.ready, signal)
    if (collector.rowCount > 0 && !(await settlesIn(ready, maxDelayMs))) {
      collector.flush()
      yield* full(collector, signal)
    }
    if (!(await ready)) return
    for (const { source, offsets } of cursor.take()) {
      for (let index = 0; index < offsets.length; index += 1) {
        collector.add(source, offsets[index] as number)
        // What is not asked for yet stays in the reply, which is smaller than many batches.
        if (collector.hasBatch) yield* full(collector, signal)
      }
    }
  }
}

/** The promise; rejects with the reason of the signal as soon as it is aborted. */
function orAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const result = new Promise<T>((resolve, reject) => {
    const abort = () => reject(signal.reason as Error)
    if (signal.aborted) return abort()
    signal.addEventListener('abort', abort, { once: true })
    const forget = () => signal.removeEventListener('abort', abort)
    promise.then(resolve, reject).then(forget, forget)
  })
  result.catch(() => undefined)
  return result
}

/** Whether the promise settles within so many milliseconds. */
async function settlesIn(promise: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), timeoutMs)
  })
  try {
    return await Promise.race([promise.then(isSettled, isSettled), late])
  } finally {
    clearTimeout(timer)
  }
}

const isSettled = () => true

function* full(collector: RowCollector, signal: AbortSignal): Generator<RecordBatch> {
  for (let batch = collector.shift(); batch !== undefined; batch = collector.shift()) {
    signal.throwIfAborted()
    yield batch
  }
}

function positionAt(source: Buffer, offset: number): Position {
  const id = valueOfField(source, offset, '_id')
  if (id !== undefined) return positionOf(id)
  throw new PluginError({
    code: 'SOURCE_FAILED',
    message: 'a document came without _id, behind which a restart could go on',
  })
}

/**
 * Ends the cursor at the server, then its session, which the command to do so still needs. What does not come soon is broken off
 * at last; a server that is frozen is left alone.
 */
async function closeAll(
  cursor: DocumentCursor | undefined,
  session: ClientSession | undefined,
  ended: AbortController,
): Promise<void> {
  if (cursor !== undefined) await settlesIn(cursor.ready, patienceMs)
  const closing = cursor?.close().then(() => session?.endSession()) ?? session?.endSession()
  if (closing !== undefined) await settlesIn(closing, closeTimeoutMs)
  ended.abort(new Error('the read was left'))
}

function readFault(doing: string, error: unknown): PluginError {
  if (sourceFaultOf(error).code !== errorCode.cursorNotFound) return readError(doing, error)
  return new PluginError({
    code: 'SOURCE_FAILED',
    message: `${doing}: the server has forgotten the cursor, which nobody read from for long`,
    hint: 'Set cursorTimeoutInMs to -1, or lower batchSize.',
    isRetryable: true,
    cause: error,
  })
}
