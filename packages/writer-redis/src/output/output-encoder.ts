import type { RejectedRow } from '@millrace/core/plugin'
import type {
  Changes,
  OperationCode,
  RecordBatch,
  Row,
  RowError,
  TableSchema,
} from '@millrace/core/record'
import { isRowError } from '../encode/cell-text.ts'
import {
  isCopiable,
  isOversized,
  maxArgumentBytes,
  tooLarge,
  type EncodedBatch,
} from '../encode/compile-encoder.ts'
import { columnAt } from '../encode/key.ts'
import { CellSource } from '../encode/text-argument.ts'
import { compileTextCheck, type TextCheck } from '../encode/well-formed.ts'
import { RespWriter } from '../resp/resp-writer.ts'
import { replacedBy, RowCoalescer, type CoalescedRows } from './coalesce-rows.ts'
import { compileOutput, textsOf, type CompiledOutput } from './compile-output.ts'
import { keyPieces } from './output-key.ts'
import { ExpiryList, writeExpiries, type KeyExpiry } from './output-expiry.ts'
import {
  PlanTurns,
  TransactionPlanner,
  type RowPlan,
  type TransactionPlan,
} from './plan-transaction.ts'
import { RemovalWriter, type RowRemoval } from './removal-writer.ts'
import { compileTextHash, type TextHash } from './text-hash.ts'
import type { ArgumentText, WriterOutput } from './writer-output.ts'

/** What an encoder of outputs needs to know. */
export interface OutputEncoderOptions {
  /** Whether keys have owners of their own: no command may touch two of them then. */
  readonly isCluster: boolean
  /** Shared by the encoders of one table. */
  readonly turns?: PlanTurns
}

/** Consecutive rows of a batch; of these `only` some, where it is there. */
interface RowRange {
  readonly from: number
  readonly to: number
  readonly only: ReadonlySet<number> | undefined
}

/** Turns batches of one schema into the commands of the outputs of its route. Compiled once per schema. */
export class OutputEncoder {
  readonly schema: TableSchema
  /** Of joined columns; there are none here. */
  readonly delimiterHits = 0
  readonly #outputs: readonly CompiledOutput[]
  readonly #textCheck: TextCheck
  readonly #textHash: TextHash | undefined
  readonly #planner: TransactionPlanner
  readonly #coalescer: RowCoalescer | undefined
  /** Whether nothing is left to be done for a row that another one replaces. */
  readonly #replacesAll: boolean
  /** Of batches that may have to be written again; `undefined` where no row replaces another. */
  readonly #coalescedBy = new WeakMap<RecordBatch, CoalescedRows | undefined>()
  /** Of the batch that is being encoded. */
  #coalesced: CoalescedRows | undefined
  readonly #removals: RemovalWriter
  readonly #isCluster: boolean
  readonly #writer = new RespWriter()
  #rows: number[] = []
  #expiries = new ExpiryList()
  /** Of the row that was written last; they count once it is known to be good. */
  readonly #rowExpiries: KeyExpiry[] = []
  /** Whether lengths of the next row are counted in bytes at once. */
  #startsExact = false

  constructor(
    outputs: readonly WriterOutput[],
    schema: TableSchema,
    { isCluster, turns = new PlanTurns() }: OutputEncoderOptions,
  ) {
    this.schema = schema
    this.#isCluster = isCluster
    this.#outputs = outputs.map((output) => compileOutput(output, schema))
    this.#textHash = compileTextHash(outputs, schema)
    this.#planner = new TransactionPlanner(this.#outputs, schema, turns)
    const last = this.#outputs.filter(({ holdsLast }) => holdsLast)
    this.#coalescer = last.length > 0 ? new RowCoalescer(last) : undefined
    this.#replacesAll = last.length === this.#outputs.length
    this.#removals = new RemovalWriter(isCluster)
    this.#textCheck = compileTextCheck(textColumns(outputs, schema))
  }

  /** Encodes the rows of a batch, or `some` of them: each once, in the order of the batch. */
  encode(batch: RecordBatch, some?: readonly number[]): EncodedBatch {
    // Rows with several commands are named several times, in the order of these.
    const only = some && new Set(some)
    const rejected: RejectedRow[] = []
    this.#encodeRows(batch, only, rejected)
    if (this.#isBroken(rejected)) {
      this.#coalescedBy.set(batch, undefined)
      rejected.length = 0
      this.#encodeRows(batch, only, rejected)
    }
    const coalesced = this.#coalesced
    this.#coalesced = undefined
    const writeCount = this.#rows.length
    this.#encodeExpiries()
    const payload = this.#writer.finish()
    let byteLength = 0
    for (const part of payload.parts) byteLength += part.byteLength
    return {
      payload: payload.parts,
      byteLength,
      rows: this.#rows,
      writeCount,
      rejected,
      ...(coalesced && { replacedBy: (row) => replacedBy(coalesced, row) }),
      release: () => payload.release(),
    }
  }

  #encodeRows(
    batch: RecordBatch,
    only: ReadonlySet<number> | undefined,
    rejected: RejectedRow[],
  ): void {
    this.#writer.reset()
    this.#rows = []
    this.#expiries = new ExpiryList()
    const { changes } = batch
    const isTextual = only === undefined && changes === undefined && this.#textHash !== undefined
    if (isTextual && isCopiable(batch)) this.#encodeText(batch, rejected)
    else if (changes === undefined || changes.operations.every((code) => code === 'r'))
      this.#encodePlain(batch, { from: 0, to: batch.rows.length, only }, rejected)
    else this.#encodeChanges(batch, changes, only, rejected)
  }

  /** Whether a row cannot be written that stands for others, or that another one stands for. */
  #isBroken(rejected: readonly RejectedRow[]): boolean {
    const next = this.#coalesced?.next
    if (next === undefined) return false
    return rejected.some(({ row }) => next[row] !== 0 || (row > 0 && next.includes(row)))
  }

  /** The key of a row in the first output; empty where it has none. */
  keyOf(row: Row): ArgumentText {
    return this.targetsOf(row)[0]?.key ?? ''
  }

  /** All keys of a row, with the types they should have. */
  targetsOf(row: Row): readonly { readonly key: ArgumentText; readonly type: string }[] {
    return this.#outputs.flatMap((output) => {
      const key = output.key(row)
      return isRowError(key) ? [] : [{ key, type: output.keyType }]
    })
  }

  #encodeText(batch: RecordBatch, rejected: RejectedRow[]): void {
    const { text } = batch
    const write = this.#textHash
    if (text === undefined || write === undefined) return
    const source = new CellSource(text)
    for (let at = 0; at < text.rowCount; at += 1) {
      const count = write(source, at, this.#writer)
      if (count > 0) this.#note(at, count)
      else this.#encodeRow(batch, at, 'r', rejected)
    }
  }

  /** Rows that are written as they stand. */
  #encodePlain(batch: RecordBatch, { from, to, only }: RowRange, rejected: RejectedRow[]): void {
    const operations = batch.changes?.operations
    const coalesced = this.#coalesced
    for (let at = from; at < to; at += 1) {
      if (only !== undefined && !only.has(at)) continue
      if (coalesced !== undefined && this.#replacesAll && coalesced.next[at] !== 0) continue
      this.#encodeRow(batch, at, operations?.[at] ?? 'r', rejected, coalesced?.plans.get(at))
    }
  }

  #encodeRow(
    batch: RecordBatch,
    index: number,
    operation: OperationCode,
    rejected: RejectedRow[],
    plan?: RowPlan,
  ): void {
    const row = batch.rows[index] as Row
    const isTooLarge = batch.byteSize > maxArgumentBytes / 4 && isOversized(plan?.filled ?? row)
    const outcome = isTooLarge ? tooLarge : this.#exactly(row, index, operation, plan)
    if (typeof outcome !== 'number') {
      rejected.push({ row: index, error: outcome })
      return
    }
    this.#note(index, outcome)
    if (this.#rowExpiries.length > 0) this.#noteExpiries()
  }

  /**
   * Writes a row, with lengths in bytes when it is not all ASCII; leaves nothing behind when it is dirty. Gives the number of its
   * commands.
   */
  #exactly(
    row: Row,
    index: number,
    operation: OperationCode,
    plan: RowPlan | undefined,
  ): number | RowError {
    const writer = this.#writer
    writer.beginRow()
    if (!this.#startsExact) {
      const outcome = this.#writeRow(row, index, operation, plan)
      if (typeof outcome !== 'number') writer.rewind()
      if (typeof outcome !== 'number' || writer.settleRow()) return outcome
      writer.rewind()
    }
    writer.isExact = true
    const outcome =
      this.#textCheck(plan?.filled ?? row) ?? this.#writeRow(row, index, operation, plan)
    if (typeof outcome === 'number') writer.settleRow()
    writer.isExact = false
    // Rows of one table are alike: the next one is not written twice when this one had to be.
    this.#startsExact = !writer.isAscii
    if (typeof outcome !== 'number') writer.rewind()
    return outcome
  }

  #writeRow(
    row: Row,
    index: number,
    operation: OperationCode,
    plan: RowPlan | undefined,
  ): number | RowError {
    const writer = this.#writer
    const filled = plan === undefined ? row : plan.filled
    const isReplaced = this.#coalesced !== undefined && this.#coalesced.next[index] !== 0
    let count = 0
    if (this.#rowExpiries.length > 0) this.#rowExpiries.length = 0
    for (let at = 0; at < this.#outputs.length; at += 1) {
      const output = this.#outputs[at] as CompiledOutput
      if (operation === 'd' && output.remove !== undefined) continue
      if (isReplaced && output.holdsLast) continue
      const key = output.key(filled)
      if (isRowError(key)) return key
      // Members and entries are found by what may not have been sent; messages are what was sent.
      const isFilled = output.member !== undefined || (plan?.isMoved && output.remove !== undefined)
      const source = isFilled ? filled : row
      const written = output.write(source, key, writer, operation)
      if (typeof written !== 'number') return written
      count += written
      if (output.seconds === undefined || written === 0) continue
      const seconds = output.seconds(source)
      if (seconds === undefined) continue
      if (seconds !== null && typeof seconds !== 'number') return seconds
      const expiry: KeyExpiry = { key, type: output.keyType, seconds, row: index }
      if (seconds === 0) {
        // At once, so that what others write to the key afterwards stays.
        writeExpiries([expiry], writer)
        count += 1
      }
      this.#rowExpiries.push(expiry)
    }
    return count
  }

  #noteExpiries(): void {
    for (const expiry of this.#rowExpiries) {
      if (expiry.seconds === 0) this.#expiries.remove(expiry.key)
      else this.#expiries.add(expiry)
    }
  }

  #note(index: number, count: number): void {
    for (let done = 0; done < count; done += 1) this.#rows.push(index)
  }

  #encodeChanges(
    batch: RecordBatch,
    changes: Changes,
    only: ReadonlySet<number> | undefined,
    rejected: RejectedRow[],
  ): void {
    const plans = this.#planner.plan(batch, changes)
    if (!this.#coalescedBy.has(batch))
      this.#coalescedBy.set(batch, this.#coalescer?.find(batch, changes, plans))
    this.#coalesced = this.#coalescedBy.get(batch)
    let from = 0
    for (const plan of plans) {
      this.#encodePlain(batch, { from, to: plan.from, only }, rejected)
      this.#encodeTransaction(batch, plan, only, rejected)
      from = plan.to
    }
    this.#encodePlain(batch, { from, to: batch.rows.length, only }, rejected)
  }

  #encodeTransaction(
    batch: RecordBatch,
    { from, rows }: TransactionPlan,
    only: ReadonlySet<number> | undefined,
    rejected: RejectedRow[],
  ): void {
    const good: number[] = []
    const removals: RowRemoval[] = []
    for (const [at, plan] of rows.entries()) {
      const row = from + at
      if (only !== undefined && !only.has(row)) continue
      const error = this.#errorOf(batch, plan, row)
      if (error !== undefined) {
        rejected.push({ row, error })
        continue
      }
      good.push(row)
      for (const removal of plan.removals) if (!removal.isLate) removals.push({ row, removal })
    }
    const isAlone = good.length === 1
    for (const row of this.#removals.writeEarly(removals, isAlone, this.#writer)) this.#note(row, 1)
    for (const row of good) {
      const plan = rows[row - from] as RowPlan
      this.#note(row, this.#removals.writeAtRow(row, plan.removals, isAlone, this.#writer))
      const operation = batch.changes?.operations[row] ?? 'r'
      this.#encodeRow(batch, row, operation, rejected, plan)
    }
  }

  /** Why a row cannot be written. Asked before anything of it is removed. */
  #errorOf(batch: RecordBatch, plan: RowPlan, index: number): RowError | undefined {
    if (plan.error !== undefined) return plan.error
    if (plan.removals.length === 0) return undefined
    const refused = this.#removals.errorOf(plan.removals)
    if (refused !== undefined) return refused
    const row = batch.rows[index] as Row
    if (batch.byteSize > maxArgumentBytes / 4 && isOversized(row)) return tooLarge
    const operation = batch.changes?.operations[index] ?? 'r'
    const outcome = this.#exactly(row, index, operation, plan)
    if (typeof outcome !== 'number') return outcome
    this.#writer.rewind()
    return undefined
  }

  #encodeExpiries(): void {
    const writer = this.#writer
    writer.isExact = true
    for (const group of this.#expiries.groups(this.#isCluster)) {
      writer.beginRow()
      writeExpiries(group, writer)
      writer.settleRow()
      this.#rows.push(group[0]?.row ?? 0)
    }
    writer.isExact = false
  }
}

/** Columns whose text goes to Redis as it is; JSON has escapes for what is no text. */
function textColumns(outputs: readonly WriterOutput[], schema: TableSchema) {
  const indexes = new Set(
    outputs.flatMap((output) =>
      output.type === 'json'
        ? keyPieces(output, schema).filter((piece) => typeof piece === 'number')
        : schema.fields.map((_, index) => index),
    ),
  )
  const texts = outputs.slice(0, 1).flatMap((output) => textsOf(output, schema))
  return [...indexes].map((index) => columnAt(schema, texts, index))
}
