import type { ReadOptions, Split } from '../plugin/reader.ts'
import type { JsonValue } from '../record/record-batch.ts'
import { positionLost } from './key-position.ts'
import type { SplitRange } from './plan-splits.ts'
import type { SourceObject } from './source-object.ts'
import type { SplitOrder } from './split-order.ts'

/** A split with the object of the job that it is a part of. */
export interface FoundSplit<Table, Key> {
  readonly object: SourceObject<Table>
  readonly range: SplitRange<Key>
}

/**
 * Finds the object a split is a part of. Splits may come from a checkpoint, so nothing in them is taken for granted;
 * the key is only known to be an object with the name of a column.
 *
 * @throws PluginError POSITION_LOST when the job does not read that object, or read it elsewhere in its list
 */
export function findSplit<Table, Key extends { readonly column: string }>(
  split: Split,
  objects: readonly SourceObject<Table>[],
): FoundSplit<Table, Key> {
  const { range } = split
  if (!isSplitRange(range)) {
    throw positionLost(`reading split ${split.id}`, 'it is no split of this reader')
  }
  const object = objects.find(
    ({ sourceIndex, index, label, named }) =>
      sourceIndex === range.sourceIndex &&
      (named === undefined ? index === range.objectIndex : label === split.table),
  )
  if (object?.label !== split.table) {
    const place = `place ${range.objectIndex + 1} of connection ${range.sourceIndex + 1}`
    const isNamed = objects.some(({ named }) => named !== undefined)
    const found = isNamed
      ? 'which the job does not read'
      : `the job has ${object === undefined ? 'nothing' : object.label} at ${place}`
    throw positionLost(`reading split ${split.id}`, `it is a part of ${split.table}, ${found}`)
  }
  return { object, range: range as unknown as SplitRange<Key> }
}

/**
 * Refuses a split that was cut by a column that is no longer what it was.
 *
 * @param now - the key that a split by this column would have now
 * @throws PluginError POSITION_LOST
 */
export function requireSplitKey<Key extends { readonly column: string }>(
  split: Split,
  { key }: SplitRange<Key>,
  now: Key | undefined,
): void {
  if (key === undefined || (now !== undefined && isSame(key, now))) return
  throw positionLost(
    `reading split ${split.id}`,
    `it was cut by the column ${key.column}, which is another one now`,
  )
}

/**
 * The order in which a read has to give or bound the rows of a split; `undefined` when any will do, because no positions
 * are given or wanted, or the split has none.
 *
 * @param order - what the split can be ordered by now
 * @throws PluginError POSITION_LOST when a position was given, or is expected, where there is none
 */
export function requireOrder<Column>(
  split: Split,
  order: SplitOrder<Column> | undefined,
  { positions = false, from, until }: Pick<ReadOptions, 'positions' | 'from' | 'until'>,
): SplitOrder<Column> | undefined {
  const isBounded = from !== undefined || until !== undefined
  const isWanted = isBounded || (positions && split.resumable)
  if (!isWanted) return undefined
  const doing = `reading split ${split.id}`
  if (!split.resumable)
    throw positionLost(doing, 'it has no positions, and one to read from or until was given')
  if (order === undefined) {
    throw positionLost(
      doing,
      'the table has no unique key any more by which its rows were in order',
    )
  }
  return order
}

function isSame(left: object, right: object): boolean {
  const entries = Object.entries(left)
  return (
    entries.length === Object.keys(right).length &&
    entries.every(([name, value]) => (right as Record<string, unknown>)[name] === value)
  )
}

interface AnySplitRange {
  readonly sourceIndex: number
  readonly objectIndex: number
}

function isSplitRange(value: JsonValue): value is JsonValue & AnySplitRange {
  if (!isObject(value)) return false
  const { sourceIndex, objectIndex, key, range } = value
  return (
    typeof sourceIndex === 'number' &&
    typeof objectIndex === 'number' &&
    (key === undefined || (isObject(key) && typeof key['column'] === 'string')) &&
    isObject(range) &&
    isBound(range['lower']) &&
    isBound(range['upper']) &&
    typeof range['includesNull'] === 'boolean'
  )
}

function isObject(
  value: JsonValue | undefined,
): value is { readonly [key: string]: JsonValue | undefined } & JsonValue {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isBound(value: JsonValue | undefined): boolean {
  return value === undefined || typeof value === 'string'
}
