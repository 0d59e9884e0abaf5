import type { FollowOptions, PluginContext, ReaderSession } from '@millrace/core/plugin'
import type { Position, RecordBatch } from '@millrace/core/record'
import { never, openReader, shown, testDataSource, type TestDatabase } from './test-source.ts'

export const followOptions: FollowOptions = {
  signal: never,
  maxRows: 1000,
  maxBytes: 1 << 20,
  maxDelayMs: 10,
}

/** A reader that follows tables of the database. */
export async function followingReader(
  database: TestDatabase,
  tables: readonly string[],
  parameters: object = {},
  warnings: string[] = [],
  context: Partial<PluginContext> = {},
): Promise<ReaderSession> {
  return await openReader(
    { tables: tables.map((table) => ({ table })), ...parameters },
    [testDataSource(database.name)],
    warnings,
    { follows: true, ...context },
  )
}

/** Changes from a position on, up to what is committed by now. */
export async function changesSince(
  session: ReaderSession,
  from: Position,
  options: Partial<FollowOptions> = {},
): Promise<RecordBatch[]> {
  const until = await session.currentPosition!({ signal: never })
  const batches: RecordBatch[] = []
  for await (const batch of session.follow!(from, { ...followOptions, until, ...options })) {
    batches.push(batch)
  }
  return batches
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
