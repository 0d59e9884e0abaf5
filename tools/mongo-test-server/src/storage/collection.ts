import { UUID } from 'bson'
import { compareKeys } from '../order/sort-key.ts'
import type { ClusterTime } from './cluster-clock.ts'
import { bytesAt, forgetVersionsBefore, type StoredDocument } from './stored-document.ts'

/** One index, as `listIndexes` shows it. */
export interface IndexDefinition {
  readonly key: Record<string, unknown>
  readonly name: string
  readonly unique?: boolean
}

/** Bounds of `_id` as order keys. */
export interface KeyRange {
  readonly from: string
  readonly fromInclusive: boolean
  readonly to: string
  readonly toInclusive: boolean
}

/**
 * The documents of a collection as BSON bytes, with their older versions. They are found by `_id`, in the order of `_id` (made when it
 * is asked for), or in the order they came in.
 */
export class Collection {
  readonly uuid = new UUID()
  /** Whether change streams get documents as they were before and after a change. */
  keepsImages = false
  /** What it is made of, where it is a view and holds nothing itself. */
  view: { readonly on: string; readonly pipeline: unknown } | undefined
  readonly indexes: IndexDefinition[] = [{ key: { _id: 1 }, name: '_id_' }]
  readonly #byKey = new Map<string, StoredDocument>()
  readonly #natural: StoredDocument[] = []
  #ordered: StoredDocument[] = []
  /** How many of `#natural` are in `#ordered`. */
  #orderedCount = 0
  #liveCount = 0
  #liveBytes = 0

  /** How many documents it holds now. */
  get count(): number {
    return this.#liveCount
  }

  /** Their length in bytes. */
  get bytes(): number {
    return this.#liveBytes
  }

  /**
   * @param key order key of an `_id`
   * @returns its document, which may have been deleted
   */
  find(key: string): StoredDocument | undefined {
    return this.#byKey.get(key)
  }

  /**
   * Makes a new version of a document.
   *
   * @param key order key of its `_id`
   * @param bytes BSON; undefined deletes it
   * @param time when it is that from
   * @param horizon versions that ended before are let go of
   */
  put(key: string, bytes: Buffer | undefined, time: ClusterTime, horizon: ClusterTime = 0): void {
    const document = this.#byKey.get(key)
    const before = document?.latest.bytes
    if (document === undefined) {
      const latest = { bytes, since: time, previous: undefined }
      const added = { key, latest }
      this.#byKey.set(key, added)
      this.#natural.push(added)
    } else {
      document.latest = { bytes, since: time, previous: document.latest }
      if (horizon > 0) forgetVersionsBefore(document, horizon)
    }
    this.#liveCount += Number(bytes !== undefined) - Number(before !== undefined)
    this.#liveBytes += (bytes?.length ?? 0) - (before?.length ?? 0)
  }

  /**
   * The documents in the order they came in, among them deleted ones. The list is the collection's own: it may grow while it
   * is read, and is never reordered.
   */
  inNaturalOrder(): readonly StoredDocument[] {
    return this.#natural
  }

  /**
   * The documents in the order of `_id`, among them deleted ones. The list may grow at its end while it is read; documents that belong
   * elsewhere go to a new list.
   */
  inIdOrder(): readonly StoredDocument[] {
    const added = this.#natural.length - this.#orderedCount
    if (added === 0) return this.#ordered
    const fresh = this.#natural.slice(this.#orderedCount)
    this.#orderedCount = this.#natural.length
    fresh.sort(byKey)
    const last = this.#ordered.at(-1)
    if (last === undefined) this.#ordered = fresh
    else if (last.key < (fresh[0]?.key ?? ''))
      for (const document of fresh) this.#ordered.push(document)
    else this.#ordered = [...this.#ordered, ...fresh].sort(byKey)
    return this.#ordered
  }

  /**
   * @param range
   * @returns where it begins and ends in `inIdOrder()`
   */
  positionsOf(range: KeyRange): { readonly start: number; readonly end: number } {
    const ordered = this.inIdOrder()
    return {
      start: firstPosition(ordered, range.from, range.fromInclusive),
      end: firstPosition(ordered, range.to, !range.toInclusive),
    }
  }

  /**
   * @param time undefined: now
   * @returns the documents of that time, in no order
   */
  *documentsAt(time: ClusterTime | undefined): Generator<Buffer> {
    for (const document of this.#natural) {
      const bytes = bytesAt(document, time)
      if (bytes !== undefined) yield bytes
    }
  }
}

function byKey(left: StoredDocument, right: StoredDocument): number {
  return compareKeys(left.key, right.key)
}

/** @returns the first position whose key is not below `key` (not at it either, unless `inclusive`) */
function firstPosition(
  ordered: readonly StoredDocument[],
  key: string,
  inclusive: boolean,
): number {
  let low = 0
  let high = ordered.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const found = ordered[middle]?.key ?? ''
    if (inclusive ? found < key : found <= key) low = middle + 1
    else high = middle
  }
  return low
}
