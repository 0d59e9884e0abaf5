import type { Cell, Changes, Row } from '@millrace/core/record'
import type { CompiledOutput } from './compile-output.ts'

/**
 * Whether the change at a place of a batch is written as it stands: it takes nothing away, and where it is written follows
 * from its own cells.
 */
export type PlainCheck = (changes: Changes, rows: readonly Row[], at: number) => boolean

/**
 * Compiles the question that is asked of every change. Performance: nearly every change is plain, so it is answered from the
 * few cells that keys and members are made of, without making those and without an object for the row.
 */
export function compilePlainCheck(outputs: readonly CompiledOutput[]): PlainCheck {
  const removable = outputs.filter(({ remove }) => remove !== undefined)
  const places = unique(removable.flatMap((output) => output.places))
  // Members and entries are written with cells of the row before where theirs were not sent.
  const needed = unique([
    ...outputs.flatMap((output) => output.places),
    ...outputs.flatMap(({ member, columns }) => (member === undefined ? [] : columns)),
  ])
  const hasRemovals = removable.length > 0
  return ({ operations, before }, rows, at) => {
    if (operations[at] === 'd') return !hasRemovals
    const old = before[at]
    if (old === null || old === undefined) return true
    const row = rows[at] as Row
    for (let index = 0; index < needed.length; index += 1)
      if (row[needed[index] as number] === undefined) return false
    for (let index = 0; index < places.length; index += 1) {
      const place = places[index] as number
      const cell = old[place]
      if (cell !== undefined && cell !== row[place] && !isSameCell(cell, row[place])) return false
    }
    return true
  }
}

/** Whether two cells of one column hold the same. */
export function isSameCell(one: Cell, other: Cell): boolean {
  if (one instanceof Uint8Array && other instanceof Uint8Array)
    return Buffer.compare(one, other) === 0
  return one === other
}

function unique(indexes: readonly number[]): readonly number[] {
  return [...new Set(indexes)]
}
