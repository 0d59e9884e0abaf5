import assert from 'node:assert/strict'
import type { Field, RecordBatch, TableSchema } from '@millrace/core/record'
import { conformanceCase, type ConformanceCase } from '../conformance-case.ts'
import { given, lacking } from '../optional-part.ts'
import { columnNames } from './document-form.ts'
import {
  changesUntilNow,
  creations,
  followTables,
  withoutFollow,
  type FollowScene,
} from './follow-scene.ts'
import type { SourceChange } from './followed-source.ts'
import { assertSameChanges, changeName, foundChanges } from './found-changes.ts'
import type { ReaderHarness } from './reader-harness.ts'

/** Cases about what happens to a table as a whole. */
export const readerFollowDefinitionCases: readonly ConformanceCase<ReaderHarness>[] = [
  conformanceCase({
    promise: 'truncate',
    name: 'a table that the source empties comes as a batch of its own, in its place among the changes',
    skipReason: (harness) => withoutFollow(harness) ?? lacking('truncate')(harness),
    run: (harness) =>
      followTables(harness, async (scene) => {
        const { source, reader, from, datasets } = scene
        await source.commit(creations(0, [91]))
        await given(source, 'truncate')(0)
        await source.commit(creations(0, [92]))
        const batches = await changesUntilNow(reader, from)
        const found = batches.flatMap((batch) =>
          batch.isTruncate === true
            ? [`truncate ${batch.schema.table}`]
            : foundChanges(scene, [batch]).map((change) => changeName(datasets, change)),
        )
        const expected = 'c people 91, truncate people, c people 92'
        assert.equal(found.join(', '), expected, `${found.join(', ')} came, expected ${expected}`)
        const emptying = batches.find(({ isTruncate }) => isTruncate === true)
        assert.equal(emptying?.rows.length, 0, 'the batch of a truncate has rows')
        assert.ok(emptying.position, 'the batch of a truncate comes without a position')
      }),
  }),
  conformanceCase({
    promise: 'definitions',
    name: 'behind a new column the changes of its table come with a schema of the next version, others as before',
    skipReason: (harness) =>
      withoutFollow(harness) ??
      lacking('addColumn')(harness) ??
      (harness.documents && 'documents have no definition, only the fields that were seen'),
    run: (harness) =>
      followTables(harness, async ({ source, reader, from, schemas }) => {
        await source.commit(creations(0, [101]))
        await given(source, 'addColumn')(0, 'added')
        await source.commit([{ table: 0, operation: 'c', row: [102, 'new 102', null, 'more'] }])
        await source.commit(creations(1, [101]))
        const batches = (await changesUntilNow(reader, from)).filter(({ rows }) => rows.length > 0)
        assert.equal(batches.length, 3, `${batches.length} batches came, expected 3`)
        const [before, behind, other] = batches
        const text = 'a change before the new column, or of another table, has another schema'
        assert.ok(before?.schema === schemas[0] && other?.schema === schemas[1], text)
        const { schema, rows: [row] = [] } = behind ?? {}
        const columns = schema?.fields.map(({ name }) => name).join(', ')
        assert.equal(columns, 'id, name, note, added', `behind it the columns are ${columns}`)
        const version = (schemas[0]?.version ?? 0) + 1
        const found = `behind it the schema has the version ${schema?.version}, expected ${version}`
        assert.equal(schema?.version, version, found)
        const cell = row?.[3]
        assert.equal(cell, 'more', `the new column of a row is ${String(cell)}, expected more`)
      }),
  }),
  conformanceCase({
    promise: 'definitions',
    name: 'a field that no document had comes in a column of its own, with a schema of a later version; others as before',
    skipReason: (harness) =>
      withoutFollow(harness) ??
      lacking('addColumn')(harness) ??
      (harness.documents === undefined ? 'rows are no documents' : undefined),
    run: (harness) =>
      followTables(harness, async (scene) => {
        const { source, reader, from, schemas } = scene
        await source.commit(creations(0, [101]))
        await given(source, 'addColumn')(0, 'added')
        const added = { table: 0, operation: 'c', row: [102, 'new 102', null, 'more'] } as const
        await source.commit([added])
        await source.commit(creations(1, [101]))
        const batches = (await changesUntilNow(reader, from)).filter(({ rows }) => rows.length > 0)
        assertVersions(batches, schemas[0])
        const wide = withColumn(scene, 'added')
        const [plain, other] = [creations(0, [101]), creations(1, [101])]
        assertSameChanges(wide, batches, [...plain, added, ...other])
        const text = 'a change of another table has another schema'
        assert.ok(batches.at(-1)?.schema === schemas[1], text)
      }),
  }),
]

/** The scene with a further field in the documents of its first table. */
function withColumn(scene: FollowScene, name: string): FollowScene {
  const [first, ...others] = scene.datasets
  assert.ok(first, 'the scene has no table')
  const field: Field = { name, type: 'value', nullable: true, nativeType: 'text' }
  const { fields } = first.schema
  const wide = { ...first, schema: { ...first.schema, fields: [...fields, field] } }
  const given = (made: readonly SourceChange[]) =>
    scene.given(made).map((change) => {
      const isShort = change.table === 0 && change.row.length === fields.length
      return isShort ? { ...change, row: [...change.row, null] } : change
    })
  return { ...scene, datasets: [wide, ...others], given }
}

/** Fails unless every schema with other columns than the one before has a later version. */
function assertVersions(batches: readonly RecordBatch[], first: TableSchema | undefined): void {
  let last = first
  for (const { schema } of batches.filter((batch) => batch.schema.table === first?.table)) {
    const [before, behind] = [last, schema].map((one) => one && columnNames(one).join(', '))
    const found = `columns ${before} are followed by ${behind}, and version ${last?.version} by ${schema.version}`
    assert.ok(before === behind || schema.version > (last?.version ?? 0), found)
    last = schema
  }
}
