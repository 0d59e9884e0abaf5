import type { Cell, Changes, RecordBatch, Row, RowError, TableSchema } from '@millrace/core/record'
import { cellsNotSent, type CompiledOutput } from './compile-output.ts'
import { compilePlainCheck, isSameCell, type PlainCheck } from './plain-changes.ts'
import { filledFrom, targetOf, type Target } from './row-target.ts'
import { WrittenTargets } from './written-targets.ts'
import { isComputed, type ArgumentText } from './writer-output.ts'

/** Something that a row had in an output and has no more. */
export interface Removal {
  readonly output: CompiledOutput
  /** The row as it was. */
  readonly old: Row
  readonly key: ArgumentText
  /** Where the key goes instead of being deleted: cells of it were not sent. */
  readonly renameTo?: ArgumentText
  /**
   * Whether it stands at its place among the writes. All others come before the writes of their transaction, so that two rows
   * that swap keys both survive; but what the same row wrote earlier in the transaction has to be removed after that.
   */
  readonly isLate: boolean
  /**
   * What the source said of the row as it was, where it is not known what the transaction wrote before: then the key is removed only
   * if it still holds that. After a restart in the middle of a transaction another row may have taken it.
   */
  readonly known?: Row
}

/** What is known of a row before it is written. */
export interface RowPlan {
  readonly removals: readonly Removal[]
  /** The row with the cells that were not sent taken from the one before. */
  readonly filled: Row
  /** Whether it has another place than before in an output: there it is written as a whole. */
  readonly isMoved: boolean
  readonly error?: RowError
}

/** A transaction, or the part of it that a batch has, of which more than the rows as they stand has to be written. */
export interface TransactionPlan {
  /** Its rows in the batch, the last one not included. */
  readonly from: number
  readonly to: number
  readonly rows: readonly RowPlan[]
}

/** Who planned the changes of a table last: rows of one transaction may come under several schemas. */
export class PlanTurns {
  #planner: object | undefined
  #transaction: number | undefined

  /** Whether nobody else has planned changes of the transaction since the planner did, or at all. */
  take(planner: object, transaction: number | undefined): boolean {
    const isAlone = this.#planner === planner || this.#transaction !== transaction
    this.#planner = planner
    this.#transaction = transaction
    return isAlone
  }
}

/** When a removal comes. `unsure`: early, if the key is still the row's. */
type Place = 'early' | 'late' | 'unsure'

/**
 * Plans what the rows of transactions remove, over all the batches of which they are made.
 *
 * Performance: transactions whose changes are all plain need no plan and are not looked at row by row a second time.
 */
export class TransactionPlanner {
  readonly #outputs: readonly CompiledOutput[]
  readonly #identity: readonly number[]
  /** Columns that tell rows apart besides: what an expression gave may differ from one time to the next. */
  readonly #compared: readonly number[]
  readonly #hasRemovals: boolean
  readonly #isPlain: PlainCheck
  readonly #written: WrittenTargets
  readonly #turns: PlanTurns
  /** Plans of batches that may have to be written again. */
  readonly #plans = new WeakMap<RecordBatch, readonly TransactionPlan[]>()
  #batch = 0

  /** @param turns shared by all that plan changes of the same table */
  constructor(outputs: readonly CompiledOutput[], schema: TableSchema, turns: PlanTurns) {
    this.#outputs = outputs
    this.#turns = turns
    this.#isPlain = compilePlainCheck(outputs)
    this.#hasRemovals = outputs.some(({ remove }) => remove !== undefined)
    this.#written = new WrittenTargets(outputs)
    this.#compared = schema.fields.flatMap((field, index) => (isComputed(field) ? [] : [index]))
    this.#identity = schema.key.length > 0 ? schema.key : this.#compared
  }

  /**
   * Plans the transactions of a batch, in their order; those whose changes are all plain are left out. The same for the same
   * batch however often it is asked for.
   */
  plan(batch: RecordBatch, changes: Changes): readonly TransactionPlan[] {
    const known = this.#plans.get(batch)
    if (known !== undefined) return known
    this.#batch += 1
    this.#written.trim()
    const plans: TransactionPlan[] = []
    const { transactions } = changes
    const count = batch.rows.length
    for (let from = 0; from < count;) {
      const transaction = transactions[from]
      let isPlain = true
      let to = from
      for (; to < count && transactions[to] === transaction; to += 1)
        isPlain &&= this.#isPlain(changes, batch.rows, to)
      const begins = from === 0 && changes.beginsTransaction === true
      this.#written.enter(transaction, begins, this.#turns.take(this, transaction))
      if (!isPlain) plans.push(this.#planTransaction(batch, changes, from, to))
      else if (this.#hasRemovals && to === count)
        // Only the last one may go on in the next batch.
        this.#written.addRun(batch, { changes, from, to, batch: this.#batch })
      from = to
    }
    this.#plans.set(batch, plans)
    return plans
  }

  #planTransaction(
    batch: RecordBatch,
    changes: Changes,
    from: number,
    to: number,
  ): TransactionPlan {
    const rows: RowPlan[] = []
    this.#written.makeTargets()
    for (let at = from; at < to; at += 1) {
      const row = batch.rows[at] as Row
      const before = changes.before[at] ?? null
      rows.push(
        changes.operations[at] === 'd' ? this.#planDelete(row) : this.#planWrite(row, before),
      )
    }
    this.#written.countRows(batch, to - from)
    return { from, to, rows }
  }

  #planDelete(row: Row): RowPlan {
    const removals: Removal[] = []
    for (let at = 0; at < this.#outputs.length; at += 1) {
      const output = this.#outputs[at] as CompiledOutput
      const target = targetOf(output, row)
      if ('error' in target) return refused(row, target.error)
      const place = output.remove === undefined ? 'none' : this.#placeOf(at, target.id, row, row)
      if (place !== 'none')
        removals.push({ output, old: row, key: target.key, ...howOf(place, row) })
    }
    return { removals, filled: row, isMoved: false }
  }

  #planWrite(row: Row, before: Row | null): RowPlan {
    const filled = before === null ? row : filledFrom(row, before)
    const old = before === null ? undefined : filledFrom(before, row)
    const removals: Removal[] = []
    const targets: string[] = []
    let isMoved = false
    for (let at = 0; at < this.#outputs.length; at += 1) {
      const output = this.#outputs[at] as CompiledOutput
      const target = targetOf(output, filled)
      if ('error' in target) return refused(filled, target.error)
      targets.push(target.id)
      if (old === undefined || output.remove === undefined) continue
      const was = targetOf(output, old)
      // A row that was dirty before left nothing behind.
      if ('error' in was || was.id === target.id) continue
      isMoved = true
      const removal = this.#removalOf(at, { row: old, sent: before ?? old, ...was }, target, filled)
      if (removal === undefined) continue
      if ('code' in removal) return refused(filled, removal)
      removals.push(removal)
    }
    for (const [at, id] of targets.entries())
      if (this.#outputs[at]?.remove !== undefined)
        this.#written.set(at, id, { row: filled, batch: this.#batch })
    return { removals, filled, isMoved }
  }

  /** What an update leaves behind; `undefined` when that is another row's by now. */
  #removalOf(
    at: number,
    old: Target & { readonly row: Row; readonly sent: Row },
    target: Target,
    filled: Row,
  ): Removal | RowError | undefined {
    const output = this.#outputs[at] as CompiledOutput
    const place = this.#placeOf(at, old.id, old.row, old.sent)
    const isWhole = output.columns.every((index) => filled[index] !== undefined)
    if (!isWhole && (!output.canRename || place === 'none')) return cellsNotSent
    if (place === 'none') return undefined
    const removal = { output, old: old.row, key: old.key, ...howOf(place, old.sent) }
    return isWhole ? removal : { ...removal, renameTo: target.key }
  }

  /** `old` has no gaps, `sent` is what the source said of it. When a target is to be removed; `none` when it is another row's by now. */
  #placeOf(at: number, id: string, old: Row, sent: Row): Place | 'none' {
    const written = this.#written.get(at, id)
    if (written === undefined) return this.#written.isComplete ? 'early' : 'unsure'
    const isSame = this.#isSameRow(written.row, old, sent)
    if (isSame) this.#written.delete(at, id)
    if (written.batch !== this.#batch) return isSame ? 'early' : 'none'
    return isSame ? 'late' : 'early'
  }

  /** Compares what identifies the rows, and what is known of both of them. */
  #isSameRow(one: Row, other: Row, sent: Row): boolean {
    return (
      this.#identity.every((index) => isSameCell(one[index], other[index])) &&
      this.#compared.every((index) => isMaybeSame(one[index], sent[index]))
    )
  }
}

function howOf(place: Place, sent: Row): Pick<Removal, 'isLate' | 'known'> {
  return { isLate: place === 'late', ...(place === 'unsure' && { known: sent }) }
}

function refused(filled: Row, error: RowError): RowPlan {
  return { removals: [], filled, isMoved: false, error }
}

function isMaybeSame(one: Cell, other: Cell): boolean {
  return one === undefined || other === undefined || isSameCell(one, other)
}
