/**
 * A part of a table by its split key, as plain JSON. Bounds are the text of key values; `lower` is included, `upper`
 * is not. An absent bound is open, so nothing outside the minimum and maximum that were seen is lost.
 */
export interface KeyRange {
  readonly lower?: string
  readonly upper?: string
  /** Whether rows whose key is NULL belong to this part. */
  readonly includesNull: boolean
}

/** The range that is the whole table. */
export const wholeTable: KeyRange = { includesNull: true }

/**
 * Ranges between the bounds, one more than there are bounds; the first and the last are open-ended. Together they
 * hold every row exactly once, whatever the collation, as long as `bounds` are strictly increasing by the database's
 * own comparison. With `isNullable` the first range also takes the rows whose key is NULL.
 */
export function rangesBetween(
  bounds: readonly string[],
  { isNullable }: { isNullable: boolean },
): KeyRange[] {
  const ranges: KeyRange[] = []
  for (let index = 0; index <= bounds.length; index += 1) {
    const lower = bounds[index - 1]
    const upper = bounds[index]
    ranges.push({
      ...(lower === undefined ? {} : { lower }),
      ...(upper === undefined ? {} : { upper }),
      includesNull: index === 0 && (isNullable || bounds.length === 0),
    })
  }
  return ranges
}

/**
 * At most `count` ranges of equal width over integer keys from `min` to `max`, both included; fewer when there are not
 * that many integers. See {@link rangesBetween} for what they promise.
 *
 * @example
 * ```ts
 * integerRanges(1n, 100n, 2, { isNullable: false })
 * // [{ upper: '51', includesNull: false }, { lower: '51', includesNull: false }]
 * ```
 */
export function integerRanges(
  min: bigint,
  max: bigint,
  count: number,
  options: { isNullable: boolean },
): KeyRange[] {
  const width = max - min + 1n
  const wanted = BigInt(Math.max(1, Math.floor(count)))
  const parts = width < wanted ? width : wanted
  const bounds: string[] = []
  for (let index = 1n; index < parts; index += 1n) {
    bounds.push(String(min + (width * index) / parts))
  }
  return rangesBetween(bounds, options)
}

/**
 * The SQL condition of a range without parentheses around it, or `undefined` when the range is the whole table.
 *
 * @param quotedColumn - the key column, ready to stand in a statement
 * @param literal - renders a bound as a literal of the key's type
 */
export function keyRangeCondition(
  range: KeyRange,
  quotedColumn: string,
  literal: (bound: string) => string,
): string | undefined {
  const parts: string[] = []
  if (range.lower !== undefined) parts.push(`${quotedColumn} >= ${literal(range.lower)}`)
  if (range.upper !== undefined) parts.push(`${quotedColumn} < ${literal(range.upper)}`)
  if (parts.length === 0) return undefined
  const inside = parts.join(' AND ')
  return range.includesNull ? `(${inside}) OR ${quotedColumn} IS NULL` : inside
}

/**
 * How many splits each table should get: `ceil(desired / tables)`, times `splitFactor` when there is one table and it
 * is split at all. `desired` is the number of channels.
 */
export function splitsPerTable(desired: number, tableCount: number, splitFactor: number): number {
  const each = Math.ceil(desired / Math.max(1, tableCount))
  return each > 1 && tableCount === 1 ? each * splitFactor : each
}
