import type { UUID } from 'bson'
import { CommandError } from '../commands/command-error.ts'
import type { BsonDocument } from '../documents/bson-document.ts'
import type { Transaction } from '../sessions/transaction.ts'
import { Catalog, namespaceText, type Namespace } from './catalog.ts'
import { ClusterClock, timestampOf, type ClusterTime } from './cluster-clock.ts'
import type { Collection } from './collection.ts'
import {
  OperationLog,
  type DefinitionEntry,
  type TransactionMark,
  type UpdateDescription,
} from './operation-log.ts'

/** One document is to become another. */
export interface DocumentChange {
  readonly kind: 'insert' | 'replace' | 'update' | 'delete'
  readonly namespace: Namespace
  /** Order key of its `_id`. */
  readonly key: string
  readonly before: Buffer | undefined
  readonly after: Buffer | undefined
  readonly description?: UpdateDescription
}

/** How long an older version of a document may still be read, in cluster time: 5 minutes, as MongoDB keeps it by default. */
const snapshotWindow = timestampWindow(300)

/** The data of the replica set: every change goes through here and into the operation log. */
export class DataStore {
  readonly clock = new ClusterClock()
  readonly catalog = new Catalog()
  readonly log: OperationLog
  #snapshotsSince: ClusterTime = this.clock.now

  /** @param maxLogEntries how far change streams can go back */
  constructor(maxLogEntries: number) {
    this.log = new OperationLog(this.clock.now, maxLogEntries)
  }

  /**
   * Changes a document, now or, in a transaction, when that is committed.
   *
   * @throws {CommandError} WriteConflict when another transaction is changing the document
   */
  write(change: DocumentChange, transaction: Transaction | undefined): void {
    const collection = this.#collectionFor(change.namespace)
    if (transaction !== undefined) transaction.add(change, collection)
    else this.#apply(change, collection, { time: this.clock.next(), place: 0, mark: undefined })
  }

  /** Makes the changes of a transaction visible, all at one cluster time. */
  commit(transaction: Transaction): void {
    const time = this.clock.next()
    for (const [place, change] of transaction.changes.entries()) {
      const collection = this.#collectionFor(change.namespace)
      this.#apply(change, collection, { time, place, mark: transaction.mark })
    }
    this.log.publish()
  }

  /** Puts a document there as if it had always been: no change stream tells of it. */
  fill(collection: Collection, key: string, bytes: Buffer): void {
    collection.put(key, bytes, 0)
  }

  /** Writes down what happened to a collection or a database. */
  define(
    kind: DefinitionEntry['kind'],
    namespace: Namespace,
    uuid: UUID | undefined,
    more: { readonly to?: Namespace; readonly details?: BsonDocument } = {},
  ): void {
    this.log.append({
      kind,
      namespace,
      uuid,
      time: this.clock.next(),
      place: 0,
      wallMs: Date.now(),
      transaction: undefined,
      ...more,
    })
    this.log.publish()
  }

  /** @returns the collection, made when there is none, as a write does */
  #collectionFor(namespace: Namespace): Collection {
    const found = this.catalog.find(namespace)
    if (found !== undefined) return found
    const created = this.catalog.create(namespace)
    this.define('create', namespace, created.uuid)
    return created
  }

  /**
   * @param time of a snapshot
   * @throws {CommandError} SnapshotTooOld
   */
  checkSnapshot(time: ClusterTime): void {
    const oldest = Math.max(this.#snapshotsSince, this.clock.now - snapshotWindow)
    if (time >= oldest) return
    throw new CommandError(
      'SnapshotTooOld',
      `Read timestamp ${timestampOf(time).t} s is older than the oldest available timestamp.`,
      { labels: ['TransientTransactionError'] },
    )
  }

  /** Lets go of the operation log and of all snapshots. */
  forgetHistory(): void {
    const time = this.clock.next()
    this.#snapshotsSince = time
    this.log.forgetAll(time)
  }

  #apply(
    { kind, namespace, key, before, after, description }: DocumentChange,
    collection: Collection,
    { time, place, mark }: { time: ClusterTime; place: number; mark: TransactionMark | undefined },
  ): void {
    collection.put(key, after, time, time - snapshotWindow)
    this.log.append({
      kind,
      namespace,
      before,
      after,
      description,
      time,
      place,
      wallMs: Date.now(),
      uuid: collection.uuid,
      transaction: mark,
      keepsImages: collection.keepsImages,
    })
  }
}

function timestampWindow(seconds: number): ClusterTime {
  return seconds * 0x10_0000
}

/**
 * @param namespace
 * @param key
 * @returns the error of two writers that want the same document
 */
export function writeConflict(namespace: Namespace, key: string): CommandError {
  const place = `${namespaceText(namespace)} (${key.length} bytes of key)`
  return new CommandError(
    'WriteConflict',
    `Caused by :: Write conflict during plan execution and yielding is disabled. :: ${place}`,
    { labels: ['TransientTransactionError'] },
  )
}
