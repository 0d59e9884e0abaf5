import type { Logger } from '../plugin/context.ts'
import type { Split } from '../plugin/reader.ts'
import type { JsonValue } from '../record/record-batch.ts'
import type { TableSchema } from '../record/table-schema.ts'
import { splitsPerTable, wholeTable, type KeyRange } from './key-range.ts'
import type { RelationalConfig } from './relational-config.ts'
import type { SourceObject } from './source-object.ts'
import type { UniqueKey } from './split-order.ts'

/** `Split.range` of a relational reader: which object, and which part of it. `Key` is how it knows a split key. */
export interface SplitRange<Key> {
  readonly sourceIndex: number
  readonly objectIndex: number
  readonly key?: Key
  readonly range: KeyRange
}

/** What is known of an object by the time it is cut. */
export interface CuttableObject {
  readonly object: SourceObject<unknown>
  readonly schema: TableSchema
  readonly uniqueKeys: readonly UniqueKey[]
}

/** What differs between databases when tables are cut. `Described` is what the reader knows of an object. */
export interface SplitDialect<Described, Key> {
  /** The column that `splitPk` names: a key, or, when it cannot be one, the name of its type for a warning. */
  keyOf(described: Described, splitPk: string): Key | string
  /** A name as `splitPk` has to have it, so that it is taken as it is. */
  quoteName(name: string): string
  /** Rows as the server's statistics guess them. */
  estimatedRows(described: Described): Promise<number | undefined>
  /** About `count` ranges that hold every row exactly once. */
  ranges(described: Described, key: Key, count: number): Promise<readonly KeyRange[]>
  /** Whether the rows of a split can be read in the order of a unique key. */
  isResumable(described: Described, range: SplitRange<Key>): boolean
  /** The reader's error for a statement that failed. */
  failed(doing: string, error: unknown): Error
}

/** Rows from which a table is cut without having been asked for: below, one split is as fast. */
const largeTableRows = 50_000

/** How an object is cut, if at all. */
interface Cut<Key> {
  readonly key: Key
  readonly count: number
}

/** Cuts the objects of a job into splits for `desired` channels; a statement of `querySql` is one split. */
export async function planSplits<Described extends CuttableObject, Key>(
  objects: readonly Described[],
  desired: number,
  config: RelationalConfig,
  dialect: SplitDialect<Described, Key>,
  logger: Logger,
): Promise<readonly Split[]> {
  const tables = objects.filter(({ object }) => object.table !== undefined)
  const count = splitsPerTable(desired, tables.length, config.splitFactor)
  const splits: Split[] = []
  for (const described of objects) {
    const { label, splitPk, table, named } = described.object
    const asked = count === 1 ? undefined : askedCut(described, count, dialect, logger)
    try {
      const rows = table === undefined ? undefined : await dialect.estimatedRows(described)
      const cut = named === undefined ? asked : ownCut(described, desired, rows, dialect)
      const ranges =
        cut === undefined ? [wholeTable] : await dialect.ranges(described, cut.key, cut.count)
      splits.push(...splitsOf(described, cut?.key, ranges, rows, dialect))
    } catch (error) {
      const by = asked === undefined ? '' : ` by ${splitPk}`
      throw dialect.failed(`cutting ${label}${by}`, error)
    }
  }
  return splits
}

/** The cut that `splitPk` asks for. */
function askedCut<Described extends CuttableObject, Key>(
  described: Described,
  count: number,
  dialect: SplitDialect<Described, Key>,
  logger: Logger,
): Cut<Key> | undefined {
  const { label, splitPk } = described.object
  if (splitPk === undefined) return undefined
  const key = dialect.keyOf(described, splitPk)
  if (typeof key !== 'string') return { key, count }
  logger.warn(
    `table ${label} is read in one split: splitPk ${splitPk} is ${key}, expected an integer or text`,
  )
  return undefined
}

/** A large table with columns of its own is cut by the first column of its key, where an index begins with that. */
function ownCut<Described extends CuttableObject, Key>(
  described: Described,
  desired: number,
  rows: number | undefined,
  dialect: SplitDialect<Described, Key>,
): Cut<Key> | undefined {
  const { object, schema, uniqueKeys } = described
  const name = schema.fields[schema.key[0] ?? -1]?.name
  if (name === undefined || object.named?.statement !== undefined || desired === 1) return undefined
  if ((rows ?? 0) < largeTableRows || !uniqueKeys.some(({ columns }) => columns[0] === name))
    return undefined
  const key = dialect.keyOf(described, dialect.quoteName(name))
  return typeof key === 'string' ? undefined : { key, count: desired }
}

function splitsOf<Described extends CuttableObject, Key>(
  described: Described,
  key: Key | undefined,
  ranges: readonly KeyRange[],
  rows: number | undefined,
  dialect: SplitDialect<Described, Key>,
): readonly Split[] {
  const { object } = described
  return ranges.map((range) => {
    const splitRange: SplitRange<Key> = {
      sourceIndex: object.sourceIndex,
      objectIndex: object.index,
      ...(key === undefined ? {} : { key }),
      range,
    }
    return {
      id: `${idOf(object)}${rangeText(range)}`,
      table: object.label,
      range: splitRange as unknown as JsonValue,
      resumable: dialect.isResumable(described, splitRange),
      ...(rows === undefined ? {} : { estimatedRows: Math.ceil(rows / ranges.length) }),
    }
  })
}

/** A table as written may stand in a list twice; one that is named stands there once, wherever it is. */
function idOf({ sourceIndex, index, label, named }: SourceObject<unknown>): string {
  return named === undefined ? `${sourceIndex}.${index}/${label}` : `${sourceIndex}/${label}`
}

/** Tells the ranges of a table apart, the same way in every run. */
function rangeText({ lower, upper }: KeyRange): string {
  return lower === undefined && upper === undefined ? '' : `[${lower ?? ''},${upper ?? ''})`
}

/** How keys in the server's order are looked up. */
export interface BoundLookup {
  /** Ranges wanted. */
  readonly count: number
  /** Keys that are not null. */
  readonly total: number
  /** The key that is `offset` keys (from 0) above `last`, or above the beginning; `undefined` past the end. */
  readonly next: (last: string | undefined, offset: number) => Promise<string | undefined>
}

/**
 * Keys at even distances in the server's own order: each is looked up from the one before, so an index on the key is
 * walked once in all. Strictly increasing by the column's collation, whatever that holds equal.
 */
export async function orderedBounds({
  count,
  total,
  next,
}: BoundLookup): Promise<readonly string[]> {
  const step = Math.ceil(total / count)
  const bounds: string[] = []
  while (step > 0 && bounds.length < count - 1) {
    const last = bounds.at(-1)
    const bound = await next(last, last === undefined ? step : step - 1)
    if (bound === undefined) break
    bounds.push(bound)
  }
  return bounds
}
