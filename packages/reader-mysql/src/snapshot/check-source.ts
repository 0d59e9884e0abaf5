import type { Finding } from '@millrace/core/plugin'
import { unevenColumnFindings, type RelationalConfig } from '@millrace/core/sql'
import type { SourceSession } from '../connection/open-session.ts'
import { statementError } from '../connection/source-error.ts'
import { typeNumber } from '../types/native-types.ts'
import type { DescribedObject, SourceObject } from './source-object.ts'

/**
 * What a connection says against the job before any table is looked at: `preSql` checks that don't hold, settings of
 * `session` that were put back.
 *
 * @throws PluginError when a statement of `preSql` is refused
 */
export async function checkSource(
  { connection, restored }: SourceSession,
  config: RelationalConfig,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const findings = restored.map((name): Finding => ({
    severity: 'warning',
    message: `session, or sessionVariables of the data source, changes ${name}; the reader put it back: text is read as UTF-8 and instants in UTC`,
    hint: 'Use setting.common.column.timeZone for the zone in which instants are written.',
    path: ['session'],
  }))
  for (const [index, statement] of config.preSql.entries()) {
    try {
      const rows = await connection.query(statement, signal)
      if (rows.length === 1 && Number(rows[0]?.[0] ?? NaN) === 0) continue
      findings.push({
        severity: 'error',
        message: `preSql ${index + 1} gives ${answerText(rows)}, expected one row with the value 0`,
        hint: 'Mend what the statement looks for, or take it out of preSql.',
        path: ['preSql', index],
      })
    } catch (error) {
      signal.throwIfAborted()
      throw statementError(`running preSql ${index + 1}`, error)
    }
  }
  return findings
}

function answerText(rows: readonly (readonly unknown[])[]): string {
  return rows.length === 1 ? 'another value' : `${rows.length} rows`
}

/** What is wrong between objects, or lossy in one. */
export function objectFindings(described: readonly DescribedObject[]): readonly Finding[] {
  const counted = described.map(({ object, columns }) => ({ object, columnCount: columns.length }))
  return [
    ...unevenColumnFindings(counted),
    ...described.flatMap(({ object, columns }) =>
      object.query === undefined ? [] : floatFindings(object, columns),
    ),
  ]
}

function floatFindings(
  object: SourceObject,
  columns: DescribedObject['columns'],
): readonly Finding[] {
  const names = columns
    .filter(({ columnType }) => columnType === typeNumber.float)
    .map(({ name }) => name)
  if (names.length === 0) return []
  return [
    {
      severity: 'warning',
      message: `${object.label}: the server prints FLOAT columns (${names.join(', ')}) with six digits`,
      hint: `For every digit write ${names[0]} + 0e0 AS ${names[0]} in the statement.`,
      path: object.path,
    },
  ]
}
