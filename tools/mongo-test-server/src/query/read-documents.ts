import { decodeDocument } from '../documents/bson-document.ts'
import { sortDocuments, type SortSpecification } from '../order/sort-documents.ts'
import type { ClusterTime } from '../storage/cluster-clock.ts'
import type { Collection } from '../storage/collection.ts'
import { bytesAt, type StoredDocument } from '../storage/stored-document.ts'
import { compileFilter } from './filter.ts'
import { idCondition } from './id-range.ts'

/** Which documents of a collection, and in which order. */
export interface ReadRequest {
  readonly filter: Record<string, unknown>
  readonly sort: SortSpecification
  /** Whether the index of `_id` is to be used, which gives its order. */
  readonly byId?: boolean
  /** undefined: now. */
  readonly time: ClusterTime | undefined
  /** What a transaction sees in place of what is stored, by order key of `_id`. */
  readonly overlay: ReadonlyMap<string, Buffer | undefined> | undefined
}

/** One document that was found. */
export interface FoundDocument {
  readonly key: string
  readonly bytes: Buffer
}

/**
 * Reads documents as bytes. They are decoded only where the filter or the order asks for other fields than `_id`.
 *
 * @param collection
 * @param request
 * @returns the documents, read as they are asked for
 */
export function readDocuments(
  collection: Collection,
  request: ReadRequest,
): Iterator<FoundDocument> {
  const { keys, range, rest } = idCondition(request.filter)
  const [[sortField, direction] = ['', 1], ...more] = request.sort
  const idOrder = sortField === '_id' && more.length === 0
  const sorted = request.sort.length > 0 && sortField !== '$natural'
  const useIds = idOrder || range !== undefined || request.byId === true
  const candidates =
    keys !== undefined
      ? listed(collection, keys)
      : useIds
        ? inRange(collection, range)
        : collection.inNaturalOrder()
  const backwards = direction < 0 && (idOrder || sortField === '$natural')
  const inRangeToo = keys !== undefined && range !== undefined ? range : undefined
  const isOwn = (key: string) =>
    (keys === undefined || keys.includes(key)) && (range === undefined || isWithin(key, range))
  const plain = presentDocuments(backwards ? reversed(candidates) : candidates, request, isOwn)
  const within =
    inRangeToo === undefined
      ? plain
      : filtered(plain, ({ key }) => key >= inRangeToo.from && key <= inRangeToo.to)
  const test = rest === undefined ? undefined : compileFilter(rest)
  const wanted =
    test === undefined ? within : filtered(within, ({ bytes }) => test(decodeDocument(bytes)))
  if (!sorted || (idOrder && request.overlay === undefined && keys === undefined)) return wanted
  const all = [...wanted]
  return sortDocuments(all, request.sort, ({ bytes }) => decodeDocument(bytes)).values()
}

function* listed(collection: Collection, keys: readonly string[]): Generator<StoredDocument> {
  for (const key of keys) yield collection.find(key) ?? absent(key)
}

function absent(key: string): StoredDocument {
  return { key, latest: { bytes: undefined, since: 0, previous: undefined } }
}

function inRange(
  collection: Collection,
  range: Parameters<Collection['positionsOf']>[0] | undefined,
): readonly StoredDocument[] {
  const ordered = collection.inIdOrder()
  if (range === undefined) return ordered
  const { start, end } = collection.positionsOf(range)
  return ordered.slice(start, end)
}

function reversed(candidates: Iterable<StoredDocument>): Iterable<StoredDocument> {
  return [...candidates].reverse()
}

/** Those that exist at the time of the read; a transaction's own documents come last. */
function* presentDocuments(
  candidates: Iterable<StoredDocument>,
  { time, overlay }: ReadRequest,
  isOwn: (key: string) => boolean,
): Generator<FoundDocument> {
  for (const document of candidates) {
    if (overlay?.has(document.key)) continue
    const bytes = bytesAt(document, time)
    if (bytes !== undefined) yield { key: document.key, bytes }
  }
  if (overlay === undefined) return
  for (const [key, bytes] of overlay) if (bytes !== undefined && isOwn(key)) yield { key, bytes }
}

function isWithin(
  key: string,
  { from, fromInclusive, to, toInclusive }: Parameters<Collection['positionsOf']>[0],
): boolean {
  return (fromInclusive ? key >= from : key > from) && (toInclusive ? key <= to : key < to)
}

function* filtered(
  documents: Iterable<FoundDocument>,
  test: (document: FoundDocument) => boolean,
): Generator<FoundDocument> {
  for (const document of documents) if (test(document)) yield document
}
