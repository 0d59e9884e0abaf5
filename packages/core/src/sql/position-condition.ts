/** One column of an order, and the value at which the row of a position stands in it. */
export interface OrderBound {
  /** The column, ready to stand in a statement. */
  readonly column: string
  /** The value as a literal of the column's type; `undefined` for NULL. */
  readonly literal: string | undefined
  /** Whether rows of the split may have NULL there; only the first column may. */
  readonly isNullable: boolean
}

/** How a database orders and compares. */
export interface ComparisonDialect {
  /** Whether `ORDER BY` puts NULL before everything else; otherwise behind. */
  readonly nullsFirst: boolean
  /** Whether `(a, b) > (x, y)` is looked up in an index. */
  readonly comparesRows: boolean
}

/** Which rows are meant: those behind a position, or those up to and including it. */
export type PositionSide = 'behind' | 'up-to'

interface Comparison {
  /** Of the last column. */
  readonly operator: string
  /** Of a column before the last, without and with rows that are equal there. */
  readonly beyond: string
  readonly notBefore: string
  /** What holds of a row in an order of no columns: it stands at the position. */
  readonly ofEqualRows: string
}

const comparisons: Record<PositionSide, Comparison> = {
  behind: { operator: '>', beyond: '>', notBefore: '>=', ofEqualRows: 'FALSE' },
  'up-to': { operator: '<=', beyond: '<', notBefore: '<=', ofEqualRows: 'TRUE' },
}

/**
 * The SQL condition, without parentheses around it, of the rows on one side of a position in an order that is ascending in
 * all columns. It agrees with `ORDER BY` whatever the collation, since the server compares in both.
 */
export function positionCondition(
  side: PositionSide,
  bounds: readonly OrderBound[],
  { nullsFirst, comparesRows }: ComparisonDialect,
): string {
  const compared = comparesRows ? rowComparison : stepwiseComparison
  const comparison = comparisons[side]
  const [first, ...rest] = bounds
  if (first?.isNullable !== true) return compared(comparison, bounds)
  const { column, literal } = first
  // Whether all rows with NULL are on this side of those without.
  const hasNulls = nullsFirst === (side === 'up-to')
  if (literal === undefined) {
    const nulls = `${column} IS NULL AND (${compared(comparison, rest)})`
    return hasNulls ? nulls : `(${nulls}) OR ${column} IS NOT NULL`
  }
  const values = compared(comparison, bounds)
  return hasNulls ? `(${values}) OR ${column} IS NULL` : values
}

function rowComparison(
  { operator, ofEqualRows }: Comparison,
  bounds: readonly OrderBound[],
): string {
  if (bounds.length === 0) return ofEqualRows
  const columns = bounds.map(({ column }) => column).join(', ')
  const literals = bounds.map(literalOf).join(', ')
  return bounds.length === 1
    ? `${columns} ${operator} ${literals}`
    : `(${columns}) ${operator} (${literals})`
}

/** The same as a row comparison, in the form from which MySQL and MariaDB make ranges of a composite index. */
function stepwiseComparison(comparison: Comparison, bounds: readonly OrderBound[]): string {
  const { operator, beyond, notBefore, ofEqualRows } = comparison
  const [first, ...rest] = bounds
  if (first === undefined) return ofEqualRows
  const { column } = first
  const literal = literalOf(first)
  if (rest.length === 0) return `${column} ${operator} ${literal}`
  const equal = `${column} = ${literal} AND (${stepwiseComparison(comparison, rest)})`
  return `${column} ${notBefore} ${literal} AND (${column} ${beyond} ${literal} OR (${equal}))`
}

/** NULL stands in the first column alone, where it is handled before. */
function literalOf({ literal = 'NULL' }: OrderBound): string {
  return literal
}
