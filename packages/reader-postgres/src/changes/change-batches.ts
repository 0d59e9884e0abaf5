import { PluginError } from '@millrace/core/plugin'
import {
  BegunTransactions,
  type BatchLimits,
  type OperationCode,
  type Position,
  type RecordBatch,
  type Row,
  type TableSchema,
} from '@millrace/core/record'
import { lsnText, positionOf, type LogPosition } from './log-position.ts'

/** Rows of one table with what is known of their changes, by position. */
class ChangeRows {
  rows: Row[] = []
  operations: OperationCode[] = []
  before: (Row | null)[] = []
  transactions: number[] = []
  committedAtMs: number[] = []
  sizes: number[] = []
  byteSize = 0

  /** Takes the first `count` rows out. */
  split(count: number): ChangeRows {
    const head = new ChangeRows()
    head.rows = this.rows.splice(0, count)
    head.operations = this.operations.splice(0, count)
    head.before = this.before.splice(0, count)
    head.transactions = this.transactions.splice(0, count)
    head.committedAtMs = this.committedAtMs.splice(0, count)
    head.sizes = this.sizes.splice(0, count)
    head.byteSize = head.sizes.reduce((sum, size) => sum + size, 0)
    this.byteSize -= head.byteSize
    return head
  }
}

/**
 * Cuts the changes of the log into batches: consecutive changes of one table, within the limits, between two transactions
 * where that is possible. Batches stand in `ready` in order, each with the position behind its last row.
 */
export class ChangeBatches {
  readonly ready: RecordBatch[] = []
  readonly #limits: BatchLimits
  /** Changes of the transaction that begins at the position to go on from which were handed out already. */
  readonly #handedOut: LogPosition
  #schema: TableSchema
  #pending = new ChangeRows()
  /** Of the pending rows, those of transactions that are complete; and where the last of these ended. */
  #completeRows = 0
  #completeLsn: bigint
  /** Everything that was committed before is in the pending rows or in earlier batches. */
  #doneLsn: bigint
  #givenLsn: bigint
  #isOpen = false
  #beginLsn = 0n
  #transaction = 0
  #committedAtMs = 0
  #index = 0
  #skipped = 0
  readonly #begun: BegunTransactions
  /** The transaction in which to go on has not come yet. */
  #isAwaited: boolean

  /**
   * @param schema stands in batches without rows as long as there was none with rows
   * @param from the position to go on from
   */
  constructor(schema: TableSchema, limits: BatchLimits, from: LogPosition) {
    this.#schema = schema
    this.#limits = limits
    this.#handedOut = from
    this.#doneLsn = from.lsn
    this.#givenLsn = from.lsn
    this.#completeLsn = from.lsn
    this.#isAwaited = from.index > 0
    this.#begun = new BegunTransactions(from.index > 0 ? Number(from.lsn) : undefined)
  }

  /** Everything before it was seen. */
  get doneLsn(): bigint {
    return this.#doneLsn
  }

  /** Whether a transaction has begun whose end has not come yet. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Whether rows wait that could be handed out without cutting a transaction. */
  get hasComplete(): boolean {
    return this.#completeRows > 0
  }

  /** @throws PluginError POSITION_LOST when the transaction in which to go on does not come */
  begin(commitLsn: bigint, committedAtMs: number): void {
    if (this.#isAwaited && commitLsn !== this.#handedOut.lsn) throw transactionGone(this.#handedOut)
    this.#isAwaited = false
    this.#isOpen = true
    this.#beginLsn = commitLsn
    // Commit records stand in the log in commit order, below 2^53 for any server that was ever run.
    this.#transaction = Number(commitLsn)
    this.#committedAtMs = committedAtMs
    this.#index = 0
    this.#skipped = commitLsn === this.#handedOut.lsn ? this.#handedOut.index : 0
    this.#doneLsn = commitLsn
  }

  commit(endLsn: bigint): void {
    this.#isOpen = false
    this.#doneLsn = endLsn
    this.#completeRows = this.#pending.rows.length
    this.#completeLsn = endLsn
  }

  /** The server has come to `lsn`, and nothing of what it has sent is open. */
  advance(lsn: bigint): void {
    if (this.#isOpen || lsn <= this.#doneLsn) return
    if (this.#isAwaited) throw transactionGone(this.#handedOut)
    this.#doneLsn = lsn
    if (this.#completeRows > 0) this.#completeLsn = lsn
  }

  /** Counts the next change of the transaction; false when an earlier run handed it out. */
  next(): boolean {
    this.#index += 1
    return this.#index > this.#skipped
  }

  /** Adds the change that was counted last. */
  add(
    schema: TableSchema,
    operation: OperationCode,
    row: Row,
    before: Row | null,
    byteSize: number,
  ): void {
    if (this.#pending.rows.length > 0) {
      if (schema !== this.#schema) this.#cut()
      else if (this.#isFull(byteSize)) this.#makeRoom(byteSize)
    }
    this.#schema = schema
    const rows = this.#pending
    rows.rows.push(row)
    rows.operations.push(operation)
    rows.before.push(before)
    rows.transactions.push(this.#transaction)
    rows.committedAtMs.push(this.#committedAtMs)
    rows.sizes.push(byteSize)
    rows.byteSize += byteSize
  }

  /** The change that was counted last has emptied the table. */
  addTruncate(schema: TableSchema): void {
    if (this.#pending.rows.length > 0) this.#cut()
    this.#schema = schema
    const position = this.#positionOf(this.#beginLsn, this.#index)
    this.#givenLsn = this.#beginLsn
    this.ready.push({
      ...this.#batchOf(new ChangeRows(), position),
      isTruncate: true,
    })
  }

  /** Hands out what is complete, if anything is. */
  flush(): void {
    if (this.#completeRows > 0) this.#cutComplete()
  }

  /** A batch without rows that says how far the log has come, if it has come further than the last batch said. */
  mark(): void {
    if (this.#isOpen || this.#pending.rows.length > 0 || this.#doneLsn <= this.#givenLsn) return
    this.#give(new ChangeRows(), this.#doneLsn)
  }

  /** Ends at `until`, before which everything was seen: the last batch says so. */
  end(until: bigint): void {
    this.#isOpen = false
    if (until > this.#doneLsn) this.#doneLsn = until
    this.#completeLsn = this.#doneLsn
    this.flush()
    this.mark()
  }

  /** Hands out what is complete, so that the open transaction has a batch to itself; else cuts it. */
  #makeRoom(byteSize: number): void {
    if (this.#completeRows > 0) this.#cutComplete()
    if (this.#pending.rows.length > 0 && this.#isFull(byteSize)) this.#cut()
  }

  #isFull(byteSize: number): boolean {
    const { rows, byteSize: used } = this.#pending
    return rows.length >= this.#limits.maxRows || used + byteSize > this.#limits.maxBytes
  }

  #cutComplete(): void {
    const isAll = this.#completeRows === this.#pending.rows.length
    const rows = isAll ? this.#pending : this.#pending.split(this.#completeRows)
    if (isAll) this.#pending = new ChangeRows()
    this.#completeRows = 0
    this.#give(rows, this.#completeLsn)
  }

  /** Hands out all pending rows; the change that was counted last is not among them. */
  #cut(): void {
    if (this.#completeRows === this.#pending.rows.length) {
      this.#cutComplete()
      return
    }
    const rows = this.#pending
    this.#pending = new ChangeRows()
    this.#completeRows = 0
    this.#givenLsn = this.#beginLsn
    this.ready.push(this.#batchOf(rows, this.#positionOf(this.#beginLsn, this.#index - 1)))
  }

  #give(rows: ChangeRows, lsn: bigint): void {
    this.#givenLsn = lsn
    this.ready.push(this.#batchOf(rows, this.#positionOf(lsn)))
  }

  #positionOf(lsn: bigint, index = 0): Position {
    const { publication } = this.#handedOut
    return positionOf({ lsn, index, ...(publication === undefined ? {} : { publication }) })
  }

  #batchOf(changes: ChangeRows, position: Position): RecordBatch {
    const { rows, byteSize, operations, before, transactions, committedAtMs } = changes
    const beginsTransaction = this.#begun.begins(this.#schema, transactions)
    return {
      schema: this.#schema,
      rows,
      byteSize,
      position,
      changes: { operations, before, transactions, committedAtMs, beginsTransaction },
    }
  }
}

function transactionGone({ lsn, index }: LogPosition): PluginError {
  return new PluginError({
    code: 'POSITION_LOST',
    message: `going on with changes: ${index} changes of the transaction at ${lsnText(lsn)} were handed out, and the server does not send it any more`,
    hint: 'Slot or publication are others than before: take a new snapshot.',
  })
}
