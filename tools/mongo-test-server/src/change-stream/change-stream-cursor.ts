import { CommandError } from '../commands/command-error.ts'
import type { BatchLimits, CursorBatch, ServerCursor } from '../cursors/cursor.ts'
import { maxBatchBytes } from '../cursors/cursor.ts'
import { decodeDocument, encodeDocument, type BsonDocument } from '../documents/bson-document.ts'
import type { DataStore } from '../storage/data-store.ts'
import type { LogEntry } from '../storage/operation-log.ts'
import { changeEvents, type ChangeEvent } from './change-events.ts'
import { resumeToken, type StreamPosition } from './resume-token.ts'
import { eventTooLarge, splitEvent } from './split-event.ts'
import { historyLost, type StreamOptions } from './stream-options.ts'

/** What the server and the client say about a stream, beside its options. */
export interface StreamSettings {
  readonly namespace: string
  /** The stages after `$changeStream`, where there are any; it gives undefined to leave an event out. */
  readonly transform: ((event: BsonDocument) => BsonDocument | undefined) | undefined
  /** Whether events that are too large are cut. */
  readonly split: boolean
  /** Asked for each event. */
  readonly maxEventBytes: () => number
}

interface Outgoing {
  readonly bytes: Buffer
  readonly token: BsonDocument
  readonly last: boolean
}

/** Reads the operation log from a position on, for ever. */
export class ChangeStreamCursor implements ServerCursor {
  readonly namespace: string
  readonly isChangeStream = true
  readonly #store: DataStore
  readonly #options: StreamOptions
  readonly #settings: StreamSettings
  #position: number
  #outgoing: Outgoing[] = []
  #token: BsonDocument
  #tokenTime: number
  #ended = false

  constructor(store: DataStore, options: StreamOptions, settings: StreamSettings) {
    this.#store = store
    this.#options = options
    this.#settings = settings
    this.namespace = settings.namespace
    this.#position = store.log.positionOf(options.start.time)
    this.#token = resumeToken(options.start)
    this.#tokenTime = options.start.time
  }

  async nextBatch({ maxDocuments, awaitMs, signal }: BatchLimits): Promise<CursorBatch> {
    const documents: Buffer[] = []
    const deadlineMs = performance.now() + awaitMs
    for (;;) {
      this.#take(documents, maxDocuments ?? Infinity)
      const leftMs = deadlineMs - performance.now()
      if (documents.length > 0 || this.#ended || leftMs <= 0 || signal.aborted) break
      await this.#store.log.changed(leftMs, signal)
    }
    return { documents, open: !this.#ended, postBatchResumeToken: this.#token }
  }

  #take(documents: Buffer[], maxDocuments: number): void {
    let bytes = 0
    while (documents.length < maxDocuments && !this.#ended) {
      const next = this.#outgoing[0] ?? this.#read()
      if (next === undefined) {
        this.#advanceToken()
        return
      }
      bytes += next.bytes.length
      if (bytes > maxBatchBytes && documents.length > 0) return
      this.#outgoing.shift()
      documents.push(next.bytes)
      this.#token = next.token
      this.#ended = next.last
    }
  }

  /** @returns the next event; undefined when everything that has happened was read */
  #read(): Outgoing | undefined {
    while (this.#outgoing.length === 0) {
      const entry = this.#entry()
      if (entry === undefined) return undefined
      this.#position += 1
      const events = changeEvents(entry, this.#options, this.#store.catalog)
      for (const event of events) if (this.#isAfterStart(event.position)) this.#encode(event)
    }
    return this.#outgoing[0]
  }

  #entry(): LogEntry | undefined {
    try {
      return this.#store.log.at(this.#position)
    } catch (error) {
      throw error instanceof RangeError ? historyLost() : error
    }
  }

  #encode(event: ChangeEvent): void {
    const whole = this.#transformed(event)
    if (whole === undefined) return
    this.#tokenTime = event.position.time
    const maxBytes = this.#settings.maxEventBytes()
    const tooLarge = whole.length > maxBytes
    if (tooLarge && !this.#settings.split) throw eventTooLarge(whole.length, maxBytes)
    const parts = tooLarge ? splitEvent(decodeDocument(whole), event.position, maxBytes) : [whole]
    const { start } = this.#options
    const seen = sameEvent(event.position, start) ? start.fragment : 0
    for (const [index, bytes] of parts.entries()) {
      if (index < seen) continue
      const fragment = parts.length === 1 ? 0 : index + 1
      const token = resumeToken({ ...event.position, fragment })
      this.#outgoing.push({ bytes, token, last: event.last && index === parts.length - 1 })
    }
  }

  #transformed({ bytes, token }: ChangeEvent): Buffer | undefined {
    const { transform } = this.#settings
    if (transform === undefined) return bytes
    const document = transform(decodeDocument(bytes))
    if (document === undefined) return undefined
    if (document['_id']?._data !== token['_data']) throw tokenModified()
    return encodeDocument(document)
  }

  /** When nothing is left to read, the stream can go on from now on. */
  #advanceToken(): void {
    const now = this.#store.clock.now
    if (now <= this.#tokenTime) return
    this.#tokenTime = now
    this.#token = resumeToken({ time: now, place: undefined, invalidation: false, fragment: 0 })
  }

  #isAfterStart(position: StreamPosition): boolean {
    const { start } = this.#options
    if (position.time !== start.time || start.place === undefined) return true
    if (position.place !== start.place) return (position.place ?? 0) > start.place
    if (position.invalidation !== start.invalidation) return position.invalidation
    // Of an event that was cut, the fragments after the last one seen are still to come.
    return start.fragment > 0
  }
}

function tokenModified(): CommandError {
  return new CommandError(
    'ChangeStreamFatalError',
    'Encountered an event whose _id field, which contains the resume token, was modified by the pipeline. Modifying the _id field of an event makes it impossible to resume the stream from that point.',
    { labels: ['NonResumableChangeStreamError'] },
  )
}

function sameEvent(left: StreamPosition, right: StreamPosition): boolean {
  return (
    left.time === right.time &&
    left.place === right.place &&
    left.invalidation === right.invalidation
  )
}
