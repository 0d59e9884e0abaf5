import type { Cell, Row, TableSchema } from '@millrace/core/record'
import { ExpressionFailure, type RdiValue } from '../model/expression.ts'
import { describeValue, jsonOfValue } from '../record/cell-of-value.ts'
import { compileRecordValue, type ValueOfCell, type ValueSettings } from '../record/record-value.ts'
import { failureReason, shortText } from './blocks/compiled-block.ts'
import { AbsentValue, type ExpressionSet } from './expression-set.ts'
import type { OutputColumn } from './output-plan.ts'
import type { RecordSet } from './record-set.ts'

/** Computes the columns that outputs have for themselves: keys and expiries. */
export class OutputCells {
  readonly #columns: readonly OutputColumn[]
  readonly #program: ExpressionSet
  readonly #keyPrefix: string
  readonly #keyParts: readonly {
    readonly index: number
    readonly name: string
    readonly valueOf: ValueOfCell
  }[]

  /** @param program the expressions of those columns that have one, in their order */
  constructor(
    columns: readonly OutputColumn[],
    program: ExpressionSet,
    {
      schema,
      key,
      values,
    }: {
      readonly schema: TableSchema
      readonly key: readonly number[]
      readonly values: ValueSettings
    },
  ) {
    this.#columns = columns
    this.#program = program
    this.#keyPrefix = schema.table
    this.#keyParts = key.flatMap((index) => {
      const column = schema.fields[index]
      if (column === undefined) return []
      return [{ index, name: column.name, valueOf: compileRecordValue(column, values) }]
    })
  }

  /**
   * Evaluates over the records; those that have no proper key or expiry fail.
   *
   * @param rowOf cells of a record as read, and those to fill it up from
   * @returns by record, in the order of the columns
   */
  evaluate(
    set: RecordSet,
    rowOf: (index: number) => readonly [Row, Row | null | undefined],
  ): readonly (readonly Cell[])[] {
    const { records } = set
    const cells: Cell[][] = records.map(() => [])
    if (this.#columns.length === 0) return cells
    const results = this.#program.evaluate(set)
    let at = 0
    for (const column of this.#columns) {
      if (column.kind === 'default-key') {
        for (const [index, row] of cells.entries()) row.push(this.#defaultKey(...rowOf(index)))
        continue
      }
      const values = results[at] ?? []
      for (const [index, row] of cells.entries()) {
        const cell = cellOf(column, values[index])
        if (cell instanceof ExpressionFailure) {
          // What an expression gave is in the message already.
          const read = cell === values[index] ? this.#program.valuesRead(at, records[index]) : ''
          set.fail(index, failureReason(column.label, cell, read))
        } else row.push(cell)
      }
      at += 1
    }
    return cells
  }

  /** Null, which the writer refuses, where the row has no value for the key. */
  #defaultKey(row: Row, other: Row | null | undefined): Cell {
    let text = this.#keyPrefix
    for (const { index, name, valueOf } of this.#keyParts) {
      const cell = row[index]
      const value = valueOf(cell === undefined && other ? other[index] : cell)
      if (value === null || value === undefined) return null
      text += `:${name}:${typeof value === 'object' ? jsonOfValue(value) : String(value)}`
    }
    return text
  }
}

type ExpressionColumn = Extract<OutputColumn, { readonly expression: unknown }>

function cellOf(
  column: ExpressionColumn,
  value: RdiValue | ExpressionFailure,
): Cell | ExpressionFailure {
  const { expression, kind } = column
  if (kind === 'expire' && value instanceof AbsentValue) return undefined
  if (value instanceof ExpressionFailure) return value
  if (value === null || value === undefined) return null
  const cell = kind === 'key' ? keyText(value) : wholeSeconds(value)
  if (cell !== undefined) return cell
  const expected = kind === 'key' ? 'text or a number' : 'a number of seconds'
  return new ExpressionFailure(
    `the expression ${shortText(expression.text)} gave ${describeValue(value)}, expected ${expected}`,
  )
}

function keyText(value: RdiValue): string | undefined {
  if (typeof value === 'object') return undefined
  // RDI is written in Python, and so are its keys.
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  return String(value)
}

function wholeSeconds(value: RdiValue): number | bigint | undefined {
  if (typeof value === 'bigint') return value
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? Math.floor(number) : undefined
}
