import type { DirtyRecord } from '@millrace/core/plugin'

/** The stream that has the failed records of a table, as RDI names it. */
export function deadLetterKey(table: string): string {
  return `dlq:${table}`
}

/** The message of a failed record: what RDI's tools show of one, and the row as JSON. */
export function deadLetterCommand(
  { table, namespace, time, code, reason, row, isTransformed }: DirtyRecord,
  maxMessages: number,
): readonly string[] {
  const place = namespace === undefined ? [] : ['schema', namespace]
  const form = isTransformed ? ['transformed', '1'] : []
  const fields = [
    'timestamp',
    String(time.getTime()),
    ...place,
    'table',
    table,
    'code',
    code,
    'reason_rejected',
    reason,
    ...form,
    'row',
    JSON.stringify(row),
  ]
  return ['XADD', deadLetterKey(table), 'MAXLEN', '~', String(maxMessages), '*', ...fields]
}
