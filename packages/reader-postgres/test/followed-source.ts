import type { Position, RecordBatch, Row } from '@millrace/core/record'
import type { DataSource, FollowOptions, ReaderSession, Split } from '@millrace/core/plugin'
import { postgresReader } from '../src/index.ts'
import {
  batchesOf,
  configOf,
  never,
  shown,
  testDataSource,
  type Parameters,
  type TestDatabase,
} from './test-source.ts'

export const followOptions: FollowOptions = {
  signal: never,
  maxRows: 1000,
  maxBytes: 1 << 20,
  maxDelayMs: 5,
}

/** A reader of a job that follows changes. */
export async function openFollower(
  database: TestDatabase,
  tables: readonly string[],
  {
    parameters = {},
    fields = {},
    warnings = [],
  }: { parameters?: Parameters; fields?: Partial<DataSource>; warnings?: string[] } = {},
): Promise<Following> {
  const named = tables.map((table) => ({ schema: 'public', table }))
  const config = await configOf({ datasource: 'test', tables: named, ...parameters })
  const logger = { debug() {}, info() {}, warn: (message: string) => void warnings.push(message) }
  const session = await postgresReader.open(
    config,
    {
      step: 'Reader',
      logger,
      timeZone: 'UTC',
      concurrency: 2,
      dataSources: [testDataSource(database.name, fields)],
      follows: true,
    },
    { signal: never },
  )
  return session as Following
}

/** What a session of this reader always has. */
export type Following = ReaderSession &
  Required<
    Pick<ReaderSession, 'follow' | 'takeSnapshot' | 'currentPosition' | 'acknowledge' | 'logStatus'>
  >

/** Slot and publication made, the position behind which changes come. */
export async function begin(session: Following): Promise<Position> {
  const { followFrom } = await session.split(1, { signal: never })
  if (followFrom === undefined) throw new Error('the plan does not say where changes begin')
  return followFrom
}

/** All batches between a position and the end of the log. */
export async function changesUntilNow(
  session: Following,
  from: Position,
  options: Partial<FollowOptions> = {},
): Promise<RecordBatch[]> {
  const until = await session.currentPosition({ signal: never })
  return await changesBetween(session, from, { until, ...options })
}

export async function changesBetween(
  session: Following,
  from: Position,
  options: Partial<FollowOptions>,
): Promise<RecordBatch[]> {
  const batches: RecordBatch[] = []
  for await (const batch of session.follow(from, { ...followOptions, ...options }))
    batches.push(batch)
  return batches
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

/** All rows of a plan's splits. */
export async function rowsOf(session: ReaderSession, splits: readonly Split[]): Promise<Row[]> {
  const rows: Row[] = []
  for (const split of splits)
    for (const batch of await batchesOf(session, split)) rows.push(...batch.rows)
  return rows
}
