import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { FollowOptions, ReaderSession } from '@millrace/core/plugin'
import {
  qualifiedName,
  type Position,
  type RecordBatch,
  type TableSchema,
} from '@millrace/core/record'
import { sampleSchema, type Dataset } from '../../dataset.ts'
import { given, methodOf } from '../optional-part.ts'
import { never } from '../test-context.ts'
import { givenForm, givenRow } from './document-form.ts'
import type { FollowedSource, SourceChange } from './followed-source.ts'
import { OpenReader } from './open-reader.ts'
import type { ReaderHarness } from './reader-harness.ts'

/** Why the cases of followed changes are skipped. */
export function withoutFollow({ plugin }: ReaderHarness): string | undefined {
  return plugin.capabilities.follow ? undefined : 'capabilities.follow is false'
}

/** Two tables with a few rows each: `people` and `notes`. */
export function followedTables(): readonly Dataset[] {
  const [id, name, note] = sampleSchema.fields
  assert.ok(id !== undefined && name !== undefined && note !== undefined)
  const people: TableSchema = { ...sampleSchema, namespace: 'first' }
  return [
    { schema: people, rows: [1, 2, 3].map((key) => [key, `name ${key}`, null]) },
    {
      schema: { ...people, table: 'notes', fields: [note, id], key: [1] },
      rows: [1, 2].map((key) => [`note ${key}`, key]),
    },
  ]
}

/** A session that follows tables, and the place where its changes begin. */
export interface FollowScene {
  readonly harness: ReaderHarness
  /** As the reader has to give them. */
  readonly datasets: readonly Dataset[]
  readonly source: FollowedSource
  readonly reader: OpenReader
  readonly schemas: readonly TableSchema[]
  /** Where the plan says that changes begin. */
  readonly from: Position
  /** Opens another session of the same job. */
  readonly later: () => Promise<OpenReader>
  /** Changes that were made as the reader has to give them. */
  readonly given: (made: readonly SourceChange[]) => readonly SourceChange[]
}

/** Puts tables into a source, opens a session of a job that follows them, and makes its plan. */
export async function followTables(
  harness: ReaderHarness,
  act: (scene: FollowScene) => Promise<void>,
  samples: readonly Dataset[] = followedTables(),
): Promise<void> {
  await using source = await given(harness, 'holdFollowed')(samples)
  const job = `conformance_${randomBytes(4).toString('hex')}`
  const later = () => OpenReader.open(harness, source, { follows: true, job })
  await using reader = await later()
  const schemas = await reader.describe()
  const { followFrom } = await reader.plan(1)
  assert.ok(followFrom, 'the plan of a job that follows changes has no followFrom')
  await act({
    harness,
    datasets: samples.map((sample) => givenForm(harness, sample)),
    source,
    reader,
    schemas,
    from: followFrom,
    later,
    given: (made) =>
      made.map((change) => {
        const { schema } = samples[change.table] as Dataset
        return { ...change, row: givenRow(harness, schema, change.row) }
      }),
  })
}

/** The end of the log as the session tells it. */
export async function currentPosition({ session }: OpenReader): Promise<Position> {
  return await methodOf(session, 'currentPosition')({ signal: never })
}

/** All batches behind a position, up to what is committed by now. */
export async function changesUntilNow(
  reader: OpenReader,
  from: Parameters<NonNullable<ReaderSession['follow']>>[0],
  options: Partial<FollowOptions> = {},
): Promise<RecordBatch[]> {
  const until = await currentPosition(reader)
  return await reader.changes(from, { until, ...options })
}

/** Index of the table of a schema, also of a later version. */
export function tableIndex(schemas: readonly TableSchema[], schema: TableSchema): number {
  return schemas.findIndex((one) => qualifiedName(one) === qualifiedName(schema))
}

/** Rows to create, each a transaction of its own where `size` is 1. */
export function creations(table: number, keys: readonly number[], text = 'new'): SourceChange[] {
  return keys.map((key) => ({
    table,
    operation: 'c',
    row: table === 0 ? [key, `${text} ${key}`, null] : [`${text} ${key}`, key],
  }))
}

/** Makes transactions one after the other. */
export async function commitAll(
  source: FollowedSource,
  transactions: readonly (readonly SourceChange[])[],
): Promise<void> {
  for (const changes of transactions) await source.commit(changes)
}
