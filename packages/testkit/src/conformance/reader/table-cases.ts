import assert from 'node:assert/strict'
import type { TableSchema } from '@millrace/core/record'
import { sampleDataset, type Dataset } from '../../dataset.ts'
import { conformanceCase, type ConformanceCase } from '../conformance-case.ts'
import { given, lacking } from '../optional-part.ts'
import { columnNames, givenForm } from './document-form.ts'
import { OpenReader } from './open-reader.ts'
import { assertSameRows } from './read-rows.ts'
import type { ReaderHarness } from './reader-harness.ts'

/**
 * Tables with columns of their own, two of which differ in their namespace alone; where the source has no namespaces, all of
 * them differ in their names.
 */
function sampleTables(harness: ReaderHarness): readonly Dataset[] {
  const { schema, rows } = sampleDataset(150)
  const [first, second] = hasNamespaces(harness)
    ? [{ namespace: 'first' }, { namespace: 'second' }]
    : [{}, { table: `other_${schema.table}` }]
  const [id, name, note] = schema.fields
  assert.ok(id !== undefined && name !== undefined && note !== undefined)
  return [
    { schema: { ...schema, ...first }, rows },
    {
      schema: { ...schema, ...first, table: 'notes', fields: [note, id], key: [1] },
      rows: rows.slice(0, 40).map((row) => [row[2], row[0]]),
    },
    {
      schema: { ...schema, ...second, fields: [id, name] },
      rows: rows.slice(100).map((row) => row.slice(0, 2)),
    },
  ]
}

function hasNamespaces({ lacks }: ReaderHarness): boolean {
  return lacks?.namespaces === undefined
}

function shapeOf(schema: TableSchema): string {
  const { table, fields, key } = schema
  const keyNames = key.map((at) => fields[at]?.name)
  const columns = columnNames(schema).map(
    (name) => `${name}${keyNames.includes(name) ? ' (key)' : ''}`,
  )
  return `${table}: ${columns.join(', ')}`
}

/** Cases about sessions that read several tables, each with its own columns. */
export const readerTableCases: readonly ConformanceCase<ReaderHarness>[] = [
  conformanceCase({
    promise: 'several tables',
    name: 'each has a schema, in order, told apart by name and namespace',
    skipReason: lacking('holdTables'),
    async run(harness) {
      const samples = sampleTables(harness)
      const datasets = samples.map((sample) => givenForm(harness, sample))
      await using source = await given(harness, 'holdTables')(samples)
      await using reader = await OpenReader.open(harness, source)
      const schemas = await reader.describe()
      const found = schemas.map(shapeOf).join('; ')
      const expected = datasets.map(({ schema }) => shapeOf(schema)).join('; ')
      assert.equal(found, expected, `describe tells ${found}, the source has ${expected}`)
      if (!hasNamespaces(harness)) return
      const [first, second, third] = schemas.map(({ namespace }) => namespace)
      const isApart =
        first !== undefined && first === second && third !== undefined && third !== first
      assert.ok(isApart, `the namespaces are ${first}, ${second} and ${third}`)
    },
  }),
  conformanceCase({
    promise: 'several tables',
    name: 'the rows of each come with its schema object, and a split is of one table',
    skipReason: lacking('holdTables'),
    async run(harness) {
      const samples = sampleTables(harness)
      const datasets = samples.map((sample) => givenForm(harness, sample))
      await using source = await given(harness, 'holdTables')(samples)
      for (const desired of [1, 4]) {
        await using reader = await OpenReader.open(harness, source)
        const schemas = await reader.describe()
        const { splits } = await reader.plan(desired)
        const parts = await reader.readAll(splits, { maxRows: 20 })
        for (const { split, batches } of parts) {
          const tables = new Set(batches.map(({ schema }) => schema))
          assert.ok(tables.size <= 1, `split ${split} gives rows of ${tables.size} tables`)
        }
        const batches = parts.flatMap((part) => part.batches)
        for (const [index, dataset] of datasets.entries()) {
          const own = batches.filter(({ schema }) => schema === schemas[index])
          assertSameRows(own, dataset, `, in the table ${shapeOf(dataset.schema)}`)
        }
        const ids = splits.map(({ id }) => id)
        const twice = ids.find((id, at) => ids.indexOf(id) !== at)
        assert.equal(twice, undefined, `two splits have the id ${twice}`)
      }
    },
  }),
]
