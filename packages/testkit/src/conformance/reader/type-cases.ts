import assert from 'node:assert/strict'
import type { RecordBatch, TableSchema } from '@millrace/core/record'
import type { Dataset } from '../../dataset.ts'
import {
  cellText,
  isSameCell,
  typeDataset,
  typeSampleNames,
  typeSamples,
  type TypeSample,
  type TypeSampleName,
} from '../../type-samples.ts'
import { conformanceCase, type ConformanceCase } from '../conformance-case.ts'
import { given } from '../optional-part.ts'
import { givenForm, rowsInOrder } from './document-form.ts'
import { OpenReader } from './open-reader.ts'
import type { ReaderHarness } from './reader-harness.ts'

/** Does something while the process has another time zone, which must never matter. */
async function inTimeZone<T>(zone: string, act: () => Promise<T>): Promise<T> {
  const before = process.env['TZ']
  process.env['TZ'] = zone
  try {
    return await act()
  } finally {
    if (before === undefined) delete process.env['TZ']
    else process.env['TZ'] = before
  }
}

/** Fails unless every cell of the column `value` arrived, and exactly so. */
export function assertSampleCells(
  name: TypeSampleName,
  batches: readonly RecordBatch[],
  { schema, rows }: Dataset,
  circumstances: string,
): void {
  const values = new Map(
    batches
      .flatMap((batch) => rowsInOrder(batch, schema))
      .map(([id, value]) => [String(id), value] as const),
  )
  const { cells }: TypeSample = typeSamples[name]
  for (const [index, [id, expected]] of rows.entries()) {
    const found = values.get(String(id))
    const isSame = isSameCell(schema.fields[1]?.type ?? 'value', found, expected)
    const held = cellText(cells[index] ?? null)
    const wanted = isSame || cellText(expected) === held ? '' : `, expected ${cellText(expected)}`
    assert.ok(isSame, `${name}: ${held} arrives as ${cellText(found)}${wanted}${circumstances}`)
  }
}

function assertFieldType(
  name: TypeSampleName,
  schema: TableSchema | undefined,
  expected: Dataset,
): void {
  const field = schema?.fields.find((one) => one.name === 'value')
  const type = expected.schema.fields[1]?.type
  const found = `the column of ${name} is described as ${field?.type}, expected ${type}`
  assert.equal(field?.type, type, found)
}

/** One case for each type sample. */
export const readerTypeCases: readonly ConformanceCase<ReaderHarness>[] = typeSampleNames.map(
  (name) =>
    conformanceCase({
      promise: 'types',
      name: `${name} arrives as it was put in, whatever the time zone of the process`,
      skipReason: ({ nativeTypes, lacks }) =>
        nativeTypes === undefined
          ? lacks?.nativeTypes
          : name in nativeTypes
            ? undefined
            : `nativeTypes names no ${name}: ${typeSamples[name].needs}`,
      async run(harness) {
        const nativeType = given(given(harness, 'nativeTypes'), name)
        const sample = typeDataset(name, nativeType)
        const dataset = givenForm(harness, sample)
        await using source = await harness.hold(sample)
        for (const zone of ['Asia/Kathmandu', 'America/New_York']) {
          await inTimeZone(zone, async () => {
            await using reader = await OpenReader.open(harness, source)
            const [schema] = await reader.describe()
            assertFieldType(name, schema, dataset)
            const batches = await reader.read(await reader.onlySplit())
            assertSampleCells(name, batches, dataset, ` with TZ=${zone}`)
          })
        }
      },
    }),
)
