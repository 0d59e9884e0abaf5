/**
 * The statement that reads a table.
 *
 * @param table - the table, ready to stand in a statement
 * @param expressions - the select list
 * @param conditions - joined by AND, each in parentheses of its own; absent ones are left out
 */
export function selectStatement(
  table: string,
  expressions: readonly string[],
  ...conditions: readonly (string | undefined)[]
): string {
  const given = conditions.filter((condition) => condition !== undefined)
  // The line break ends a comment at the end of a condition.
  const where = given.map((condition) => `(${condition}\n)`).join(' AND ')
  return `SELECT ${expressions.join(', ')} FROM ${table}${where === '' ? '' : ` WHERE ${where}`}`
}
