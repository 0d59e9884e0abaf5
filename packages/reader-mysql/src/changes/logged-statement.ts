import type { Logger } from '@millrace/core/plugin'
import type { FollowedTables } from './followed-tables.ts'
import { inflatedLog } from './inflated-log.ts'
import { unreadable } from './log-fault.ts'
import type { EventFields } from './packet-numbers.ts'

/** A statement in the log. */
export interface LoggedStatement {
  /** Where names without a database are looked for. */
  readonly database: string
  readonly text: string
}

/** Fields of a query event. */
export function statementOf(fields: EventFields, isCompressed: boolean): LoggedStatement {
  fields.slice(8)
  const databaseLength = fields.number(1)
  fields.number(2)
  fields.slice(fields.number(2))
  const database = fields.text(databaseLength)
  fields.number(1)
  const text = isCompressed ? inflatedLog(fields.rest()) : fields.rest()
  return { database, text: text.toString('utf8') }
}

/** Marks the tables whose definition a statement may change: those whose name it has anywhere, since a look too many is no harm. */
export function markChangedTables(
  tables: FollowedTables,
  { text }: LoggedStatement,
  logger: Logger,
): void {
  const isWhole = /^\s*\w+\s+(?:database|schema)\b/i.test(text)
  const isDrop = /^\s*drop\s+(?:table|database|schema)\b/i.test(text)
  const isPartition = /\b(?:truncate|drop|exchange|discard)\s+(?:partition|tablespace)\b/i.test(
    text,
  )
  for (const followed of tables.all) {
    if (!isNamed(text, isWhole ? followed.database : followed.table)) continue
    followed.isStale = true
    if (isDrop) logger.warn(`table ${followed.name} may be gone; its rows stay in the target`)
    if (isPartition) {
      logger.warn(
        `a partition of ${followed.name} may be gone or exchanged: the log does not tell which rows were in it`,
      )
    }
  }
}

/**
 * A session may log statements in the place of rows.
 *
 * @throws PluginError SOURCE_FAILED when the statement names a followed table
 */
export function refuseStatement(tables: FollowedTables, { database, text }: LoggedStatement): void {
  for (const { name, table, database: own } of tables.all) {
    const isOwn = own.toLowerCase() === database.toLowerCase() || isNamed(text, own)
    if (!isOwn || !isNamed(text, table)) continue
    throw unreadable(
      `the log has a statement in the place of the rows of table ${name} that it changed`,
      'SET GLOBAL binlog_format = ROW, and in no session anything else; then take a new snapshot.',
    )
  }
}

/** Whether a name stands in a statement, not as a part of another one. */
function isNamed(text: string, name: string): boolean {
  const lower = text.toLowerCase()
  const wanted = name.toLowerCase()
  for (let at = lower.indexOf(wanted); at !== -1; at = lower.indexOf(wanted, at + 1)) {
    const around = (lower[at - 1] ?? ' ') + (lower[at + wanted.length] ?? ' ')
    if (!/[\p{L}\p{N}_$]/u.test(around)) return true
  }
  return false
}
