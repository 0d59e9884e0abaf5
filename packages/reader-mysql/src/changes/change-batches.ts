import {
  BegunTransactions,
  type BatchLimits,
  type OperationCode,
  type Position,
  type RecordBatch,
  type Row,
  type TableSchema,
} from '@millrace/core/record'

interface Collected {
  rows: Row[]
  operations: OperationCode[]
  before: (Row | null)[]
  transactions: number[]
  committedAtMs: number[]
}

/** Where the log stands. */
export interface LogPlace {
  /** Behind the last transaction that ended; the one under way is not counted. */
  boundary(): Position
  /** Behind the last change that was collected. */
  current(): Position
}

/**
 * Collects changes into batches, each of one table. A transaction that would be cut by a limit, and did not begin the batch,
 * goes into the next one as a whole.
 */
export class ChangeBatches {
  /** Batches that are full. */
  readonly ready: RecordBatch[] = []
  /** When the first of the changes that wait was added. */
  waitingSinceMs = 0
  readonly #limits: BatchLimits
  readonly #place: LogPlace
  #schema: TableSchema | undefined
  #collected: Collected = newCollected()
  #byteSize = 0
  /** Where the transaction under way begins among the rows that wait. */
  #transactionStart = 0
  #bytesBefore = 0
  #transaction = 0
  readonly #begun = new BegunTransactions()
  #committedAtMs = 0

  constructor(limits: BatchLimits, place: LogPlace) {
    this.#limits = limits
    this.#place = place
  }

  get waitingRows(): number {
    return this.#collected.rows.length
  }

  /** @param isResumed an earlier run has handed out a part of it */
  beginTransaction(transaction: number, committedAtMs: number, isResumed: boolean): void {
    if (isResumed) this.#begun.resume(transaction)
    this.#transactionStart = this.#collected.rows.length
    this.#bytesBefore = this.#byteSize
    this.#transaction = transaction
    this.#committedAtMs = committedAtMs
  }

  /** Makes room for a change of `byteSize` bytes. Has to come before the change counts in the position. */
  reserve(schema: TableSchema, byteSize: number): void {
    if (this.#schema !== schema) {
      this.flush()
      this.#schema = schema
      return
    }
    while (this.#isFull(byteSize)) {
      if (this.#transactionStart > 0) this.#flushBefore(this.#transactionStart)
      else this.flush()
    }
  }

  /** Adds a change that there is room for. */
  add(operation: OperationCode, row: Row, before: Row | null, byteSize: number): void {
    const { rows, operations, before: images, transactions, committedAtMs } = this.#collected
    if (rows.length === 0) this.waitingSinceMs = Date.now()
    rows.push(row)
    operations.push(operation)
    images.push(before)
    transactions.push(this.#transaction)
    committedAtMs.push(this.#committedAtMs)
    this.#byteSize += byteSize
  }

  /** Makes a batch of what waits. */
  flush(): void {
    if (this.#collected.rows.length === 0) return
    this.#push(this.#collected, this.#byteSize, this.#place.current())
    this.#collected = newCollected()
    this.#byteSize = 0
    this.#transactionStart = 0
    this.#bytesBefore = 0
  }

  /** Makes a batch without rows. */
  push(batch: RecordBatch): void {
    this.flush()
    this.ready.push(batch)
  }

  #isFull(byteSize: number): boolean {
    const { length } = this.#collected.rows
    const { maxRows, maxBytes } = this.#limits
    return length > 0 && (length >= maxRows || this.#byteSize + byteSize > maxBytes)
  }

  #flushBefore(count: number): void {
    const whole = this.#collected
    const bytes = this.#bytesBefore
    this.#push(slices(whole, 0, count), bytes, this.#place.boundary())
    this.#collected = slices(whole, count, whole.rows.length)
    this.#byteSize -= bytes
    this.#transactionStart = 0
    this.#bytesBefore = 0
  }

  #push({ rows, ...changes }: Collected, byteSize: number, position: Position): void {
    if (this.#schema === undefined) return
    const beginsTransaction = this.#begun.begins(this.#schema, changes.transactions)
    const known = { ...changes, beginsTransaction }
    this.ready.push({ schema: this.#schema, rows, byteSize, position, changes: known })
  }
}

function newCollected(): Collected {
  return { rows: [], operations: [], before: [], transactions: [], committedAtMs: [] }
}

function slices(whole: Collected, start: number, end: number): Collected {
  return {
    rows: whole.rows.slice(start, end),
    operations: whole.operations.slice(start, end),
    before: whole.before.slice(start, end),
    transactions: whole.transactions.slice(start, end),
    committedAtMs: whole.committedAtMs.slice(start, end),
  }
}
