import assert from 'node:assert/strict'
import type { Row, RecordBatch } from '@millrace/core/record'
import { rowKey, type Dataset } from '../../dataset.ts'
import { cellText } from '../../type-samples.ts'
import { rowsInOrder } from './document-form.ts'

/** What came of one split. */
export interface ReadPart {
  readonly split: string
  readonly batches: readonly RecordBatch[]
}

/** A row for a message: its key, or its first cell where it has none. */
export function rowName({ schema }: Pick<Dataset, 'schema'>, row: Readonly<Row>): string {
  const key = schema.key.length > 0 ? schema.key : [0]
  return `row ${key.map((at) => (typeof row[at] === 'string' ? row[at] : cellText(row[at]))).join(', ')}`
}

/** Fails when rows were lost, repeated or changed, and names the first such row and where it came. */
export function assertEachRowOnce(
  parts: readonly ReadPart[],
  dataset: Dataset,
  circumstances = '',
): void {
  const fault = firstFault(parts, dataset)
  assert.ok(fault === undefined, `${fault}${circumstances}`)
}

/** As {@link assertEachRowOnce}, of rows that came by one read. */
export function assertSameRows(
  batches: readonly RecordBatch[],
  dataset: Dataset,
  circumstances = '',
): void {
  assertEachRowOnce([{ split: 'the read', batches }], dataset, circumstances)
}

function firstFault(parts: readonly ReadPart[], dataset: Dataset): string | undefined {
  const wanted = new Map<string, number>()
  for (const row of dataset.rows) wanted.set(rowKey(row), (wanted.get(rowKey(row)) ?? 0) + 1)
  const seenIn = new Map<string, string[]>()
  const strange: Readonly<Row>[] = []
  for (const { split, batches } of parts) {
    for (const row of batches.flatMap((batch) => rowsInOrder(batch, dataset.schema))) {
      const key = rowKey(row)
      seenIn.set(key, [...(seenIn.get(key) ?? []), split])
      if (!wanted.has(key)) strange.push(row)
    }
  }
  for (const row of dataset.rows) {
    const splits = seenIn.get(rowKey(row)) ?? []
    const count = wanted.get(rowKey(row)) ?? 0
    if (splits.length === count) continue
    if (splits.length > count) return repeated(rowName(dataset, row), splits)
    const other = strange.find((one) => rowName(dataset, one) === rowName(dataset, row))
    if (other !== undefined) return changed(dataset, row, other)
    return `${rowName(dataset, row)} was lost${of(count)}`
  }
  const [first] = strange
  return first && `${rowName(dataset, first)} was read, and is not in the table`
}

const of = (count: number) => (count > 1 ? ` (${count} rows of the table are alike)` : '')

function repeated(name: string, splits: readonly string[]): string {
  const [times, where] = [splits.length, [...new Set(splits)].toSorted()]
  const often = times === 2 ? 'twice' : `${times} times`
  return `${name} was read ${often} (${where.length > 1 ? `splits ${where.join(' and ')}` : where.join()})`
}

function changed({ schema }: Dataset, row: Readonly<Row>, found: Readonly<Row>): string {
  const at = row.findIndex((cell, index) => rowKey([cell]) !== rowKey([found[index]]))
  const column = schema.fields[at]?.name ?? `number ${at + 1}`
  return `${rowName({ schema }, row)} was changed: its column ${column} is ${cellText(found[at])}, expected ${cellText(row[at])}`
}
