import { PluginError } from '../plugin/errors.ts'
import { nearestName } from './nearest-name.ts'

/**
 * Refuses a `splitPk` that is no column of the table: a typo would otherwise only make the job slow.
 *
 * @param found - whether the table has the column, by the reader's own rules for names
 * @throws PluginError SOURCE_OBJECT_MISSING with the nearest name
 */
export function requireSplitColumn(
  splitPk: string,
  table: string,
  columns: readonly string[],
  found: boolean,
): void {
  if (found || columns.length === 0) return
  const nearest = nearestName(splitPk, columns)
  throw new PluginError({
    code: 'SOURCE_OBJECT_MISSING',
    message: `preparing to split table ${table}: it has no column ${JSON.stringify(splitPk)} to split by`,
    hint:
      nearest === undefined ? `The columns are ${columns.join(', ')}.` : `Did you mean ${nearest}?`,
  })
}
