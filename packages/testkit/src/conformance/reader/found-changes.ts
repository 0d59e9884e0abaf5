import assert from 'node:assert/strict'
import type { Cell, RecordBatch, Row } from '@millrace/core/record'
import type { Dataset } from '../../dataset.ts'
import { cellText, isSameCell } from '../../type-samples.ts'
import { placing } from './document-form.ts'
import { tableIndex, type FollowScene } from './follow-scene.ts'
import type { SourceChange } from './followed-source.ts'

/** One change as it was handed out. */
export interface FoundChange {
  readonly table: number
  readonly operation: string
  readonly row: Readonly<Row>
  readonly before: Readonly<Row> | null
  readonly transaction: number
  readonly committedAtMs: number
}

/** The changes of batches, in order; those that are not a change of a row are left out. */
export function foundChanges(
  { datasets, schemas }: Pick<FollowScene, 'datasets' | 'schemas'>,
  batches: readonly RecordBatch[],
): FoundChange[] {
  return batches.flatMap(({ rows, changes, schema }) => {
    const table = tableIndex(schemas, schema)
    const inOrder = placing(schema, datasets[table]?.schema ?? schema)
    return rows.map((row, index) => {
      assert.ok(changes, 'a batch of changes has rows, but no changes')
      const { operations, before, transactions, committedAtMs } = changes
      const rowBefore = before[index] ?? null
      return {
        table,
        operation: operations[index] ?? 'none',
        row: inOrder(row),
        before: rowBefore && inOrder(rowBefore),
        transaction: transactions[index] ?? Number.NaN,
        committedAtMs: committedAtMs[index] ?? Number.NaN,
      }
    })
  })
}

type NamedChange = Pick<FoundChange, 'table' | 'operation' | 'row'>

const keyCells = ({ schema }: Dataset, row: Readonly<Row>) => schema.key.map((at) => row[at])

/** Text that is equal for the rows of one key. */
export function keyOf(dataset: Dataset, row: readonly Cell[]): string {
  return keyCells(dataset, [...row])
    .map(String)
    .join(', ')
}

/** `u people 3`. */
export function changeName(
  datasets: readonly Dataset[],
  { table, operation, row }: NamedChange | SourceChange,
): string {
  const dataset = datasets[table]
  if (dataset === undefined) return `${operation} of a table that is not followed`
  return `${operation} ${dataset.schema.table} ${keyOf(dataset, row)}`
}

/** Rows of tables as changes are made to them: table and key, then the row. */
export class TableRows {
  readonly #datasets: readonly Dataset[]
  readonly #rows = new Map<string, readonly Cell[]>()

  constructor(datasets: readonly Dataset[], isFilled = true) {
    this.#datasets = datasets
    if (!isFilled) return
    for (const [table, { rows }] of datasets.entries())
      for (const row of rows) this.#rows.set(this.#key(table, row), row)
  }

  get(table: number, row: readonly Cell[]): readonly Cell[] | undefined {
    return this.#rows.get(this.#key(table, row))
  }

  /** Puts a row that was read. */
  put(table: number, row: readonly Cell[]): void {
    this.#rows.set(this.#key(table, row), row)
  }

  /** Makes a change; cells that were not sent stay as they are. */
  apply({ table, operation, row }: NamedChange | SourceChange): void {
    const key = this.#key(table, row)
    const old = this.#rows.get(key)
    if (operation === 'd') this.#rows.delete(key)
    else
      this.#rows.set(
        key,
        row.map((cell, at) => (cell === undefined ? old?.[at] : cell)),
      )
  }

  /** What differs from other rows; `undefined` when nothing does. */
  differenceFrom(other: TableRows): string | undefined {
    for (const [key, row] of other.#rows) {
      const found = this.#rows.get(key)
      if (found === undefined) return `the row ${key} is missing`
      const at = row.findIndex((cell, index) => !isSame(cell, found[index]))
      if (at >= 0)
        return `the row ${key} holds ${cellText(found[at])}, expected ${cellText(row[at])}`
    }
    for (const key of this.#rows.keys())
      if (!other.#rows.has(key)) return `the row ${key} is there, and was deleted`
    return undefined
  }

  #key(table: number, row: readonly Cell[]): string {
    const dataset = this.#datasets[table] as Dataset
    return `${dataset.schema.table} ${keyOf(dataset, row)}`
  }
}

function isSame(left: Cell, right: Cell): boolean {
  if (left === null || right === null) return left === right
  if (left instanceof Uint8Array) return isSameCell('bytes', right, left)
  return !(right instanceof Uint8Array) && String(left) === String(right)
}

/** Fails unless the changes are those that were made, in that order, with the rows and rows before that they had. */
export function assertSameChanges(
  scene: FollowScene,
  batches: readonly RecordBatch[],
  made: readonly SourceChange[],
  { before = new TableRows(scene.datasets), circumstances = '' } = {},
): void {
  const { datasets } = scene
  const found = foundChanges(scene, batches)
  const given = scene.given(made)
  for (const [index, expected] of given.entries()) {
    const name = `change ${index + 1}`
    const change = found[index]
    const wanted = changeName(datasets, expected)
    assert.ok(change, `${name} (${wanted}) and those behind it never came${circumstances}`)
    const actual = changeName(datasets, change)
    assert.ok(actual === wanted, `${name} is ${actual}, expected ${wanted}${circumstances}`)
    const brought = changeToBring(scene, change, given.slice(index)) ?? expected
    assertCells(change, brought, datasets, before, `${name} (${wanted})`)
    before.apply(expected)
  }
  const [extra] = found.slice(made.length)
  const text = extra && `${changeName(datasets, extra)} came, and was never made${circumstances}`
  assert.equal(extra, undefined, text)
}

/** Of a change and those behind it the one whose row an update may bring, and does; only where updates are looked up. */
function changeToBring(
  { datasets, harness }: FollowScene,
  { operation, table, row }: FoundChange,
  [made, ...later]: readonly SourceChange[],
): SourceChange | undefined {
  if (harness.documents?.updatesAreLookedUp !== true || operation !== 'u') return made
  const dataset = datasets[table] as Dataset
  return [made, ...later].find(
    (change) =>
      change?.table === table &&
      change.operation !== 'd' &&
      dataset.schema.fields.every(({ type }, at) => isSameCell(type, row[at], change.row[at])),
  )
}

function assertCells(
  { row, before, operation, table }: FoundChange,
  expected: SourceChange,
  datasets: readonly Dataset[],
  rows: TableRows,
  name: string,
): void {
  const { fields, key } = (datasets[table] as Dataset).schema
  const old = rows.get(table, expected.row)
  for (const [at, field] of fields.entries()) {
    const [found, wanted] = [row[at], expected.row[at]]
    const isUnchanged = operation === 'u' && isSame(old?.[at], wanted)
    const mayBeUnsent = !key.includes(at) && (operation === 'd' || isUnchanged)
    const isRight = isSameCell(field.type, found, wanted) || (found === undefined && mayBeUnsent)
    const text = `${name}: its column ${field.name} is ${cellText(found)}, expected ${cellText(wanted)}`
    assert.ok(isRight, text)
    const [foundBefore, wantedBefore] = [before?.[at], old?.[at]]
    const isBefore = foundBefore === undefined || isSameCell(field.type, foundBefore, wantedBefore)
    const textBefore = `${name}: the row before it has ${cellText(foundBefore)} in ${field.name}, expected ${cellText(wantedBefore)}`
    assert.ok(isBefore, textBefore)
  }
  const isPlain = operation === 'u' || before === null
  assert.ok(isPlain, `${name}: it has a row before, which only u has`)
}
