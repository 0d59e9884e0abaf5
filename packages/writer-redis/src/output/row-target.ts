import type { Row, RowError } from '@millrace/core/record'
import { isRowError } from '../encode/cell-text.ts'
import type { CompiledOutput } from './compile-output.ts'
import { idOf } from './output-expiry.ts'
import type { ArgumentText } from './writer-output.ts'

/** Where a row is in an output. */
export interface Target {
  readonly key: ArgumentText
  /** The same text for the same key, and the same member in it, only. */
  readonly id: string
}

/** Where a row is in an output, or why that cannot be said. */
export function targetOf(output: CompiledOutput, row: Row): Target | { readonly error: RowError } {
  const key = output.key(row)
  if (isRowError(key)) return { error: key }
  if (output.member === undefined) return { key, id: idOf(key) }
  const member = output.member(row)
  if (isRowError(member)) return { error: member }
  return { key, id: `${idOf(key).length} ${idOf(key)}${idOf(member)}` }
}

/** A row with the cells that were not sent taken from the other one. */
export function filledFrom(row: Row, other: Row): Row {
  if (!row.includes(undefined)) return row
  return row.map((cell, index) => (cell === undefined ? other[index] : cell))
}
