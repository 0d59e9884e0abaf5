import type { RecordBatch, Row } from '@millrace/core/record'
import type { DataSource } from '@millrace/core/plugin'
import type { Following, StepParameters } from '@millrace/reader-tests'
import { openReader, shown, testDataSource, type TestDatabase } from './test-source.ts'

export {
  begin,
  changesBetween,
  changesUntilNow,
  followOptions,
  rowsOf,
  type Following,
} from '@millrace/reader-tests'

/** A reader of a job that follows changes. */
export async function openFollower(
  database: TestDatabase,
  tables: readonly string[],
  {
    parameters = {},
    fields = {},
    warnings = [],
  }: { parameters?: StepParameters; fields?: Partial<DataSource>; warnings?: string[] } = {},
): Promise<Following> {
  const named = tables.map((table) => ({ schema: 'public', table }))
  const session = await openReader(
    { tables: named, ...parameters },
    [testDataSource(database.name, fields)],
    warnings,
    { follows: true },
  )
  return session as Following
}

/** One change: operation, row, row before. */
export type ShownChange = readonly [string, Row, Row | null]

/** The changes of batches, bytes as hex; a truncate is `t` with the table. */
export function shownChanges(batches: readonly RecordBatch[]): ShownChange[] {
  return batches.flatMap(({ rows, changes, isTruncate, schema }): ShownChange[] =>
    isTruncate === true
      ? [['t', [schema.table], null]]
      : rows.map((row, index) => [
          changes?.operations[index] ?? '?',
          row.map(shown),
          changes?.before[index]?.map(shown) ?? null,
        ]),
  )
}
