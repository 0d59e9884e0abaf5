import type { Document } from 'mongodb'
import type { CallOptions, Logger, Split } from '@millrace/core/plugin'
import type { SourceClient } from '../connection/source-client.ts'
import { sourceFaultOf, statementError } from '../connection/source-error.ts'
import { bsonType } from '../types/bson-types.ts'
import { boundsBetween, splitOf } from './collection-split.ts'
import { isIdType } from './id-conditions.ts'
import { valueOfField, type IdValue } from './id-value.ts'
import type { SourceCollection } from './source-collection.ts'

/** A collection as far as it matters to cut it. */
export type CutCollection = Pick<SourceCollection, 'database' | 'name' | 'label' | 'hasIdOrder'>

/** What a collection is cut with. */
export interface CutOptions extends CallOptions {
  /** Splits wanted. */
  readonly count: number
  /** Documents that are read; absent: all. */
  readonly query?: Document
  readonly hint?: Document | string
  readonly logger: Logger
}

/** Documents from which on a sample has to do: sorting the `_id` of all would take as long as reading them. */
const sampledFrom = 200_000
const samplesPerSplit = 1000
/** MongoDB reads a sample in random order up to this share of a collection; a larger one it sorts. */
const largestShare = 0.05

/** Cuts a collection by `_id` into about `count` splits of the same size; a view is one. */
export async function planSplits(
  source: SourceClient,
  collection: CutCollection,
  options: CutOptions,
): Promise<readonly Split[]> {
  const { query, count } = options
  const rows = query === undefined ? await estimatedCount(source, collection, options) : undefined
  const isCut = count > 1 && collection.hasIdOrder && rows !== 0
  const values = isCut ? await boundsOf(source, collection, rows, options) : []
  const bounds = boundsBetween(values)
  const { label, hasIdOrder } = collection
  const estimatedRows = rows === undefined ? {} : { estimatedRows: Math.ceil(rows / bounds.length) }
  return bounds.map((one) => splitOf(one, { label, resumable: hasIdOrder, ...estimatedRows }))
}

/** As the server's own bookkeeping has it; `undefined` where it has none, or the user may not ask. */
async function estimatedCount(
  { client }: SourceClient,
  { database, name, hasIdOrder }: CutCollection,
  { signal }: CallOptions,
): Promise<number | undefined> {
  // For a view it would be counted.
  if (!hasIdOrder) return undefined
  try {
    const { readPreference } = client
    const answer = await client.db(database).command({ count: name }, { signal, readPreference })
    return Number(answer['n'])
  } catch (error) {
    signal.throwIfAborted()
    if (sourceFaultOf(error).isConnection) throw statementError(`counting ${name}`, error)
    return undefined
  }
}

/** The least `_id` of every part but the first; none when the server refuses to cut. */
async function boundsOf(
  { client }: SourceClient,
  { database, name, label }: CutCollection,
  rows: number | undefined,
  { count, query, hint, signal, logger }: CutOptions,
): Promise<readonly IdValue[]> {
  const pipeline = [
    ...(query === undefined ? [] : [{ $match: query }]),
    ...sampleOf(rows, count),
    { $project: { _id: 1 } },
    { $bucketAuto: { groupBy: '$_id', buckets: count } },
  ]
  const options = { raw: true, allowDiskUse: true, signal, ...(hint === undefined ? {} : { hint }) }
  try {
    const buckets = await client
      .db(database)
      .collection(name)
      .aggregate<Uint8Array>(pipeline, options)
      .toArray()
    const values = buckets.map(leastOf).filter((value) => value !== undefined)
    return values.slice(1)
  } catch (error) {
    signal.throwIfAborted()
    const fault = sourceFaultOf(error)
    if (fault.isConnection) throw statementError(`cutting collection ${label}`, error)
    logger.warn(`collection ${label} is read in one split: cutting it failed: ${fault.message}`)
    return []
  }
}

function sampleOf(rows: number | undefined, count: number): readonly Document[] {
  if (rows === undefined || rows < sampledFrom) return []
  const size = Math.min(count * samplesPerSplit, Math.floor(rows * largestShare) - 1)
  return [{ $sample: { size } }]
}

/** The least value of a bucket: `{_id: {min, max}, count}`. */
function leastOf(bucket: Uint8Array): IdValue | undefined {
  const id = valueOfField(Buffer.from(bucket), 0, '_id')
  if (id?.type !== bsonType.object) return undefined
  const least = valueOfField(Buffer.from(id.bytes), 0, 'min')
  return least !== undefined && isIdType(least.type) ? least : undefined
}
