import type { ComparisonDialect, OrderBound } from './rows-after.ts'

/** The SQL condition, without parentheses around it, of the rows that `rowsAfter` leaves out. */
export function rowsUpTo(bounds: readonly OrderBound[], dialect: ComparisonDialect): string {
  const [first, ...rest] = bounds
  const upTo = dialect.comparesRows ? rowComparison : stepwiseComparison
  if (first?.isNullable !== true) return upTo(bounds)
  const { column, literal } = first
  if (literal === undefined) {
    const theseNulls = `${column} IS NULL AND (${upTo(rest)})`
    return dialect.nullsFirst ? theseNulls : `(${theseNulls}) OR ${column} IS NOT NULL`
  }
  const values = upTo(bounds)
  return dialect.nullsFirst ? `(${values}) OR ${column} IS NULL` : values
}

function rowComparison(bounds: readonly OrderBound[]): string {
  const columns = bounds.map(({ column }) => column).join(', ')
  const literals = bounds.map(literalOf).join(', ')
  return bounds.length === 1 ? `${columns} <= ${literals}` : `(${columns}) <= (${literals})`
}

/** The same as a row comparison, in the form from which MySQL and MariaDB make ranges of a composite index. */
function stepwiseComparison(bounds: readonly OrderBound[]): string {
  const [first, ...rest] = bounds
  if (first === undefined) return 'TRUE'
  const { column } = first
  const literal = literalOf(first)
  if (rest.length === 0) return `${column} <= ${literal}`
  const within = `${column} < ${literal} OR (${column} = ${literal} AND (${stepwiseComparison(rest)}))`
  return `${column} <= ${literal} AND (${within})`
}

/** NULL stands in the first column alone, where it is handled before. */
function literalOf({ literal = 'NULL' }: OrderBound): string {
  return literal
}
