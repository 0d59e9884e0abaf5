import type { DataSource } from '@millrace/core/plugin'
import { PluginError } from '@millrace/core/plugin'
import { quoteLiteral } from '../snapshot/quote-sql.ts'
import { messageOf } from './postgres-errors.ts'

/** Set before the user's own statements, which may change them. */
const before: Readonly<Record<string, string>> = {
  TimeZone: 'UTC',
  statement_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  transaction_timeout: '0',
}

/** Set after the user's statements: the form of the cells rests on them. */
const after: Readonly<Record<string, string>> = {
  client_encoding: 'UTF8',
  DateStyle: 'ISO, YMD',
  IntervalStyle: 'postgres',
  extra_float_digits: '1',
  bytea_output: 'hex',
  standard_conforming_strings: 'on',
  xmloption: 'content',
}

/**
 * Brings a fresh connection into the state that reading needs, running the job's `session` statements on the way.
 *
 * @throws PluginError SOURCE_STATEMENT_INVALID when the server refuses one of them.
 */
export async function prepareSession(
  run: (sql: string) => Promise<unknown>,
  source: DataSource,
  statements: readonly string[],
): Promise<void> {
  const schemas = source.properties['currentSchema'] ?? source.properties['search_path']
  await run(settingsSql(before))
  if (schemas !== undefined) {
    await run(`SELECT set_config('search_path', ${quoteLiteral(schemas)}, false)`)
  }
  for (const [index, statement] of statements.entries()) {
    try {
      await run(statement)
    } catch (error) {
      throw new PluginError({
        code: 'SOURCE_STATEMENT_INVALID',
        message: `session[${index}] was refused: ${messageOf(error)}`,
        cause: error,
      })
    }
  }
  await run(settingsSql(after))
}

/** Settings that this server does not know are passed over: their number grows with every release. */
function settingsSql(settings: Readonly<Record<string, string>>): string {
  const rows = Object.entries(settings).map(
    ([name, value]) => `(${quoteLiteral(name.toLowerCase())}, ${quoteLiteral(value)})`,
  )
  return `SELECT pg_catalog.set_config(s.name, v.value, false) FROM (VALUES ${rows.join(', ')}) AS v(name, value) JOIN pg_catalog.pg_settings AS s ON pg_catalog.lower(s.name) = v.name`
}
