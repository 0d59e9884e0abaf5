import type { Cell, Changes, RecordBatch, Row } from '@millrace/core/record'
import type { CompiledOutput } from './compile-output.ts'
import type { RowPlan, TransactionPlan } from './plan-transaction.ts'
import { isSameCell } from './plain-changes.ts'
import { filledFrom } from './row-target.ts'

/** Changes of a batch that later ones of the same key make needless, in outputs that hold the last value alone. */
export interface CoalescedRows {
  /** By row: the row that is written instead; 0: none. */
  readonly next: Int32Array
  /** Rows that are written with cells of those before them, because theirs were not sent. */
  readonly plans: ReadonlyMap<number, RowPlan>
}

/** Slots that are looked at for a row; where all of them are taken by others it stands for itself. */
const maxProbes = 8
/** After so many batches in which no key was repeated only every fourth is looked at. */
const maxIdle = 8
/** Longer cells are told apart by their beginning, their end and their length; then they are compared. */
const maxHashed = 48

/**
 * Finds changes to the same key in a batch.
 *
 * Performance: rows are looked up by the few cells that keys are made of, in a table of numbers that is kept from batch to
 * batch: some 40 ns for a row of which there is no other (4 % of what it takes to encode it), a quarter of that where keys are
 * not repeated, and nothing for batches that only insert. No key is made.
 */
export class RowCoalescer {
  readonly #places: readonly number[]
  /** Numbers of rows, counted over all batches. */
  #table = new Int32Array(1024)
  #nextNumber = 1
  /** Batches since a key was repeated. */
  #idle = 0

  /** @param outputs those that hold the last value alone */
  constructor(outputs: readonly CompiledOutput[]) {
    this.#places = [...new Set(outputs.flatMap(({ places }) => places))]
  }

  /**
   * Looks at the changes of a batch that are written as they stand; `undefined` when no two of them have one key.
   *
   * @param planned transactions that are not: what is on either side of them is not taken together
   */
  find(
    batch: RecordBatch,
    changes: Changes,
    planned: readonly TransactionPlan[],
  ): CoalescedRows | undefined {
    if (!changes.operations.includes('u')) return undefined
    this.#idle += 1
    if (this.#idle > maxIdle && this.#idle % 4 !== 0) return undefined
    const { rows } = batch
    const plans = new Map<number, RowPlan>()
    let next: Int32Array | undefined
    const onRepeat = (earlier: number, at: number) => {
      next ??= new Int32Array(rows.length)
      next[earlier] = at
      const row = rows[at] as Row
      if (!row.includes(undefined)) return
      const filled = filledFrom(row, plans.get(earlier)?.filled ?? (rows[earlier] as Row))
      plans.set(at, { removals: [], filled, isMoved: true })
    }
    let from = 0
    for (const plan of planned) {
      this.#findWithin(rows, from, plan.from, onRepeat)
      from = plan.to
    }
    this.#findWithin(rows, from, rows.length, onRepeat)
    if (next === undefined) return undefined
    this.#idle = 0
    return { next, plans }
  }

  #findWithin(
    rows: readonly Row[],
    from: number,
    to: number,
    onRepeat: (earlier: number, at: number) => void,
  ): void {
    if (to - from < 2) return
    this.#makeRoom(to - from)
    const table = this.#table
    const places = this.#places
    const [place = 0] = places
    const isSingle = places.length === 1
    const mask = table.length - 1
    const first = this.#nextNumber
    this.#nextNumber += to - from
    for (let at = from; at < to; at += 1) {
      const row = rows[at] as Row
      const hash = isSingle ? hashOfCell(row[place], 0) : hashOfRow(row, places)
      let slot = (hash ^ (hash >>> 15)) & mask
      for (let probe = 0; probe < maxProbes; probe += 1) {
        const number = table[slot] as number
        if (number < first) {
          table[slot] = first + at - from
          break
        }
        const earlier = number - first + from
        if (this.#isSamePlace(rows[earlier] as Row, row)) {
          table[slot] = first + at - from
          onRepeat(earlier, at)
          break
        }
        slot = (slot + 1) & mask
      }
    }
  }

  #makeRoom(count: number): void {
    let size = this.#table.length
    while (size < 4 * count) size *= 2
    const isUsedUp = this.#nextNumber + count > 0x7fff_0000
    if (size === this.#table.length && !isUsedUp) return
    this.#table = new Int32Array(size)
    this.#nextNumber = 1
  }

  #isSamePlace(one: Row, other: Row): boolean {
    const places = this.#places
    for (let at = 0; at < places.length; at += 1) {
      const index = places[at] as number
      const cell = one[index]
      // A row without a key has none in common with another.
      if (cell === null || cell === undefined) return false
      if (cell !== other[index] && !isSameCell(cell, other[index])) return false
    }
    return true
  }
}

function hashOfRow(row: Row, places: readonly number[]): number {
  let hash = 17
  for (let at = 0; at < places.length; at += 1) hash = hashOfCell(row[places[at] as number], hash)
  return hash
}

function hashOfCell(cell: Cell, seed: number): number {
  const text = typeof cell === 'string' ? cell : textOf(cell)
  const { length } = text
  let hash = seed + length
  if (length <= maxHashed) {
    for (let at = 0; at < length; at += 1) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0
    return hash
  }
  for (let at = 0; at < maxHashed / 2; at += 1)
    hash = (Math.imul(hash, 961) + 31 * text.charCodeAt(at) + text.charCodeAt(length - 1 - at)) | 0
  return hash
}

function textOf(cell: Cell): string {
  return cell instanceof Uint8Array
    ? Buffer.from(cell.buffer, cell.byteOffset, cell.byteLength).toString('latin1')
    : String(cell)
}

/** The rows that a row stands for. */
export function replacedBy({ next }: CoalescedRows, row: number): readonly number[] {
  const found: number[] = []
  for (let at = next.lastIndexOf(row); row > 0 && at >= 0; at = next.lastIndexOf(at)) {
    found.push(at)
    if (at === 0) break
  }
  return found
}
