import type { PluginContext } from '@millrace/core/plugin'
import type { RecordBatch } from '@millrace/core/record'
import type { Following } from '@millrace/reader-tests'
import { openReader, shown, testDataSource, type TestDatabase } from './test-source.ts'

export { changesUntilNow, followOptions } from '@millrace/reader-tests'

/** A reader that follows tables of the database. */
export async function followingReader(
  database: TestDatabase,
  tables: readonly string[],
  parameters: object = {},
  warnings: string[] = [],
  context: Partial<PluginContext> = {},
): Promise<Following> {
  const session = await openReader(
    { tables: tables.map((table) => ({ table })), ...parameters },
    [testDataSource(database.name)],
    warnings,
    { follows: true, ...context },
  )
  return session as Following
}

/** `c 1,a`, `u 1,a>1,b`, `d 1,b`, `truncate`. */
export function lines(batches: readonly RecordBatch[]): string[] {
  return batches.flatMap(({ rows, changes, isTruncate }) => {
    if (isTruncate === true) return ['truncate']
    return rows.map((row, index) => {
      const text = (cells: readonly unknown[]) =>
        cells.map((cell) => shown(cell as never)).join(',')
      const before = changes?.before[index]
      const image = before === null || before === undefined ? '' : `${text(before)}>`
      return `${changes?.operations[index]} ${image}${text(row)}`
    })
  })
}
