/** One column of an order, and the value at which the last row that was read stands in it. */
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

/**
 * The SQL condition, without parentheses around it, of the rows behind a place in an order that is ascending in all
 * columns. It agrees with `ORDER BY` whatever the collation, since the server compares in both.
 */
export function rowsAfter(bounds: readonly OrderBound[], dialect: ComparisonDialect): string {
  const [first, ...rest] = bounds
  const after = dialect.comparesRows ? rowComparison : stepwiseComparison
  if (first?.isNullable !== true) return after(bounds)
  const { column, literal } = first
  if (literal === undefined) {
    const otherNulls = `${column} IS NULL AND (${after(rest)})`
    return dialect.nullsFirst ? `(${otherNulls}) OR ${column} IS NOT NULL` : otherNulls
  }
  const values = after(bounds)
  return dialect.nullsFirst ? values : `(${values}) OR ${column} IS NULL`
}

function rowComparison(bounds: readonly OrderBound[]): string {
  const columns = bounds.map(({ column }) => column).join(', ')
  const literals = bounds.map(literalOf).join(', ')
  return bounds.length === 1 ? `${columns} > ${literals}` : `(${columns}) > (${literals})`
}

/** The same as a row comparison, in the form from which MySQL and MariaDB make ranges of a composite index. */
function stepwiseComparison(bounds: readonly OrderBound[]): string {
  const [first, ...rest] = bounds
  if (first === undefined) return 'FALSE'
  const { column } = first
  const literal = literalOf(first)
  if (rest.length === 0) return `${column} > ${literal}`
  const beyond = `${column} > ${literal} OR (${column} = ${literal} AND (${stepwiseComparison(rest)}))`
  return `${column} >= ${literal} AND (${beyond})`
}

/** NULL stands in the first column alone, where it is handled before. */
function literalOf({ literal = 'NULL' }: OrderBound): string {
  return literal
}
