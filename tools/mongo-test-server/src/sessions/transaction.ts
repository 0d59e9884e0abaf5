import { namespaceText, type Namespace } from '../storage/catalog.ts'
import type { ClusterTime } from '../storage/cluster-clock.ts'
import type { Collection } from '../storage/collection.ts'
import { writeConflict, type DocumentChange } from '../storage/data-store.ts'
import type { TransactionMark } from '../storage/operation-log.ts'

/** Who is changing which document: `database.collection` and order key. */
export type DocumentLocks = Map<string, Transaction>

/** Changes that become visible together, and the snapshot they were made on. */
export class Transaction {
  readonly mark: TransactionMark
  /** What it reads is as of this time. */
  readonly startTime: ClusterTime
  readonly changes: DocumentChange[] = []
  state: 'open' | 'committed' | 'aborted' = 'open'
  readonly #overlays = new Map<string, Map<string, Buffer | undefined>>()
  readonly #locks: DocumentLocks
  readonly #held: string[] = []

  constructor(mark: TransactionMark, startTime: ClusterTime, locks: DocumentLocks) {
    this.mark = mark
    this.startTime = startTime
    this.#locks = locks
  }

  /** What it has changed in a collection, by order key of `_id`; undefined: deleted. */
  overlay(namespace: Namespace): ReadonlyMap<string, Buffer | undefined> | undefined {
    return this.#overlays.get(namespaceText(namespace))
  }

  /**
   * @param change
   * @param collection that it is about
   * @throws {CommandError} WriteConflict when another has changed the document since the start, or is about to
   */
  add(change: DocumentChange, collection: Collection): void {
    const place = namespaceText(change.namespace)
    const lock = lockName(change.namespace, change.key)
    const holder = this.#locks.get(lock)
    const changedAt = collection.find(change.key)?.latest.since ?? 0
    if ((holder !== undefined && holder !== this) || changedAt > this.startTime)
      throw writeConflict(change.namespace, change.key)
    if (holder === undefined) {
      this.#locks.set(lock, this)
      this.#held.push(lock)
    }
    const overlay = this.#overlays.get(place) ?? new Map<string, Buffer | undefined>()
    this.#overlays.set(place, overlay.set(change.key, change.after))
    this.changes.push(change)
  }

  /** Ends it; what it changed may be changed by others again. */
  end(state: 'committed' | 'aborted'): void {
    this.state = state
    for (const lock of this.#held) this.#locks.delete(lock)
  }
}

/**
 * @param namespace
 * @param key order key of an `_id`
 * @returns the name of the document among the locks
 */
export function lockName(namespace: Namespace, key: string): string {
  return `${namespaceText(namespace)}\0${key}`
}
