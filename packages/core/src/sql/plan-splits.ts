import type { Logger } from '../plugin/context.ts'
import type { Split } from '../plugin/reader.ts'
import type { JsonValue } from '../record/record-batch.ts'
import { splitsPerTable, wholeTable, type KeyRange } from './key-range.ts'
import type { RelationalConfig } from './relational-config.ts'
import type { SourceObject } from './source-object.ts'

/** `Split.range` of a relational reader: which object, and which part of it. `Key` is how it knows a split key. */
export interface SplitRange<Key> {
  readonly sourceIndex: number
  readonly objectIndex: number
  readonly key?: Key
  readonly range: KeyRange
}

/** What differs between databases when tables are cut. `Described` is what the reader knows of an object. */
export interface SplitDialect<Described, Key> {
  /** The column that `splitPk` names: a key, or, when it cannot be one, the name of its type for a warning. */
  keyOf(described: Described, splitPk: string): Key | string
  /** Rows as the server's statistics guess them. */
  estimatedRows(described: Described): Promise<number | undefined>
  /** About `count` ranges that hold every row exactly once. */
  ranges(described: Described, key: Key, count: number): Promise<readonly KeyRange[]>
  /** Whether the rows of a split can be read in the order of a unique key. */
  isResumable(described: Described, range: SplitRange<Key>): boolean
  /** The reader's error for a statement that failed. */
  failed(doing: string, error: unknown): Error
}

/** Cuts the objects of a job into splits for `desired` channels; a statement of `querySql` is one split. */
export async function planSplits<Described extends { readonly object: SourceObject<unknown> }, Key>(
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
    const { object } = described
    const splitPk = object.table === undefined || count === 1 ? undefined : config.splitPk
    const key = splitPk === undefined ? undefined : keyOf(described, splitPk, dialect, logger)
    try {
      splits.push(...(await splitsOf(described, key, count, dialect)))
    } catch (error) {
      throw dialect.failed(
        `cutting ${object.label}${splitPk === undefined ? '' : ` by ${splitPk}`}`,
        error,
      )
    }
  }
  return splits
}

function keyOf<Described extends { readonly object: SourceObject<unknown> }, Key>(
  described: Described,
  splitPk: string,
  dialect: SplitDialect<Described, Key>,
  logger: Logger,
): Key | undefined {
  const key = dialect.keyOf(described, splitPk)
  if (typeof key !== 'string') return key
  logger.warn(
    `table ${described.object.label} is read in one split: splitPk ${splitPk} is ${key}, expected an integer or text`,
  )
  return undefined
}

async function splitsOf<Described extends { readonly object: SourceObject<unknown> }, Key>(
  described: Described,
  key: Key | undefined,
  count: number,
  dialect: SplitDialect<Described, Key>,
): Promise<readonly Split[]> {
  const { object } = described
  const rows = object.table === undefined ? undefined : await dialect.estimatedRows(described)
  const ranges = key === undefined ? [wholeTable] : await dialect.ranges(described, key, count)
  return ranges.map((range) => {
    const splitRange: SplitRange<Key> = {
      sourceIndex: object.sourceIndex,
      objectIndex: object.index,
      ...(key === undefined ? {} : { key }),
      range,
    }
    return {
      id: `${object.sourceIndex}.${object.index}/${object.label}${rangeText(range)}`,
      table: object.label,
      range: splitRange as unknown as JsonValue,
      resumable: dialect.isResumable(described, splitRange),
      ...(rows === undefined ? {} : { estimatedRows: Math.ceil(rows / ranges.length) }),
    }
  })
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
