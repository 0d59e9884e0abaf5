import type pg from 'pg'
import type { Finding } from '@millrace/core/plugin'
import { unevenColumnFindings, type RelationalConfig } from '@millrace/core/sql'
import { statementError } from '../connection/source-error.ts'
import type { DescribedObject } from './source-object.ts'

/**
 * `preSql` checks that do not hold: each has to return one row with the value 0 (DataX, `DBUtil.doPreCheck`).
 *
 * @throws PluginError when a statement of `preSql` is refused
 */
export async function checkPreSql(
  client: pg.Client,
  config: RelationalConfig,
): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  for (const [index, text] of config.preSql.entries()) {
    try {
      const { rows } = await client.query<unknown[]>({ rowMode: 'array', text })
      if (rows.length === 1 && Number(rows[0]?.[0] ?? NaN) === 0) continue
      const answer = rows.length === 1 ? 'another value' : `${rows.length} rows`
      findings.push({
        severity: 'error',
        message: `preSql ${index + 1} gives ${answer}, expected one row with the value 0`,
        hint: 'Mend what the statement looks for, or take it out of preSql.',
        path: ['preSql', index],
      })
    } catch (error) {
      throw statementError(`running preSql ${index + 1}`, error)
    }
  }
  return findings
}

/** What is wrong between the objects of one job. */
export function objectFindings(described: readonly DescribedObject[]): readonly Finding[] {
  return unevenColumnFindings(
    described.map(({ object, schema }) => ({ object, columnCount: schema.fields.length })),
  )
}
