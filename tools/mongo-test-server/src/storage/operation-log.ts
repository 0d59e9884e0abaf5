import { EventEmitter } from 'node:events'
import type { UUID } from 'bson'
import type { BsonDocument } from '../documents/bson-document.ts'
import type { ClusterTime } from './cluster-clock.ts'
import type { Namespace } from './catalog.ts'

/** Which transaction an operation was part of. */
export interface TransactionMark {
  readonly lsid: BsonDocument
  readonly txnNumber: unknown
}

/** How an update changed a document, as change streams tell it. */
export interface UpdateDescription {
  readonly updatedFields: BsonDocument
  readonly removedFields: readonly string[]
  readonly truncatedArrays: readonly { readonly field: string; readonly newSize: number }[]
}

interface LogEntryBase {
  readonly time: ClusterTime
  /** Place among the operations of one time: those of a transaction share one. */
  readonly place: number
  readonly wallMs: number
  readonly namespace: Namespace
  readonly uuid: UUID | undefined
  readonly transaction: TransactionMark | undefined
}

/** A document was inserted, replaced, updated, or deleted. */
export interface DocumentEntry extends LogEntryBase {
  readonly kind: 'insert' | 'replace' | 'update' | 'delete'
  readonly before: Buffer | undefined
  readonly after: Buffer | undefined
  /** With `update` alone. */
  readonly description: UpdateDescription | undefined
  /** Whether change streams may show `before` and `after`. */
  readonly keepsImages: boolean
}

/** Something happened to a collection or a database. */
export interface DefinitionEntry extends LogEntryBase {
  readonly kind: 'create' | 'drop' | 'dropDatabase' | 'rename' | 'modify' | 'createIndexes'
  /** With `rename` alone. */
  readonly to?: Namespace
  readonly details?: BsonDocument
}

/** One operation. */
export type LogEntry = DocumentEntry | DefinitionEntry

/** What happened, in order, as far back as it is kept. Change streams read it. */
export class OperationLog {
  #entries: LogEntry[] = []
  /** How many entries were let go of. */
  #forgotten = 0
  #keptSince: ClusterTime
  readonly #maxEntries: number
  readonly #changed = new EventEmitter().setMaxListeners(0)

  /**
   * @param since time of the first operation that may come
   * @param maxEntries older ones are let go of
   */
  constructor(since: ClusterTime, maxEntries: number) {
    this.#keptSince = since
    this.#maxEntries = maxEntries
  }

  /** Change streams can begin at this time or later. */
  get keptSince(): ClusterTime {
    return this.#keptSince
  }

  /** Position after the newest entry. */
  get end(): number {
    return this.#forgotten + this.#entries.length
  }

  append(entry: LogEntry): void {
    this.#entries.push(entry)
    const surplus = this.#entries.length - this.#maxEntries
    // A tenth too many are let go of at once, not one by one.
    if (surplus > this.#maxEntries / 10) this.#forget(surplus)
  }

  /** Wakes those who wait; called once after the entries of a command. */
  publish(): void {
    this.#changed.emit('change')
  }

  /**
   * @param position of an entry
   * @returns it; undefined when there is none yet
   * @throws {RangeError} when it is no longer kept
   */
  at(position: number): LogEntry | undefined {
    if (position < this.#forgotten)
      throw new RangeError('the operation log no longer has this entry')
    return this.#entries[position - this.#forgotten]
  }

  /**
   * @param time
   * @returns position of the first entry of that time or later
   */
  positionOf(time: ClusterTime): number {
    let low = 0
    let high = this.#entries.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#entries[middle]?.time ?? 0) < time) low = middle + 1
      else high = middle
    }
    return this.#forgotten + low
  }

  /**
   * Lets go of everything: a change stream that has not read all of it cannot go on.
   *
   * @param since time of the first operation that may come
   */
  forgetAll(since: ClusterTime): void {
    this.#forgotten += this.#entries.length
    this.#entries = []
    this.#keptSince = since
    this.publish()
  }

  /**
   * @param timeoutMs
   * @param signal ends the waiting
   * @returns resolves at the next change, after the time, or when the signal says so
   */
  changed(timeoutMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        this.#changed.off('change', done)
        signal.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, timeoutMs)
      this.#changed.once('change', done)
      if (signal.aborted) done()
      else signal.addEventListener('abort', done)
    })
  }

  #forget(count: number): void {
    const kept = this.#entries[count]
    this.#entries = this.#entries.slice(count)
    this.#forgotten += count
    this.#keptSince = kept?.time ?? this.#keptSince
  }
}
