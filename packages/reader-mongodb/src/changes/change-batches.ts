import {
  BatchBuilder,
  BegunTransactions,
  type BatchLimits,
  type RecordBatch,
  type TableSchema,
} from '@millrace/core/record'
import type { DocumentChange } from './document-change.ts'
import {
  compareTimes,
  positionOf,
  type ClusterTime,
  type StreamPosition,
} from './stream-position.ts'

/** When a change was committed. */
export interface CommitTime {
  readonly time: ClusterTime
  readonly committedAtMs: number
}

/** More increments than a second ever has. */
const incrementsPerSecond = 2 ** 20

/** Collects changes into batches, each with the place behind its last change. */
export class ChangeBatches {
  /** Batches that are full, or are followed by something else. */
  readonly ready: RecordBatch[] = []
  readonly #limits: BatchLimits
  readonly #begun: BegunTransactions
  /** Of the batch without rows that comes first. */
  readonly #idleSchema: TableSchema
  #builder: BatchBuilder | undefined
  #schema: TableSchema | undefined
  #position: StreamPosition
  #given: StreamPosition

  /** @param from - the place to go on from */
  constructor(idleSchema: TableSchema, limits: BatchLimits, from: StreamPosition) {
    this.#idleSchema = idleSchema
    this.#limits = limits
    this.#position = from
    this.#given = from
    // Behind a token more of its time may come.
    const isInside = from.token !== undefined
    this.#begun = new BegunTransactions(isInside ? transactionOf(from.time) : undefined)
  }

  /** Adds a change, behind which the stream goes on at `position`. */
  add(change: DocumentChange, commit: CommitTime, position: StreamPosition): void {
    const { schema, operation, row, before, byteSize } = change
    if (this.#builder !== undefined && this.#schema === schema) {
      if (this.#builder.mustFlushBefore(byteSize)) this.flush()
    } else {
      this.flush()
      this.#schema = schema
      this.#builder = new BatchBuilder(schema, this.#limits)
    }
    const transaction = transactionOf(commit.time)
    const { committedAtMs } = commit
    this.#builder.addChange(row, byteSize, { operation, before, transaction, committedAtMs })
    this.#position = position
  }

  /** The collection of these documents is empty now. */
  addTruncate(schema: TableSchema, position: StreamPosition): void {
    this.flush()
    this.#position = position
    this.#given = position
    const empty = { schema, rows: [], byteSize: 0, position: positionOf(position) }
    this.ready.push({ ...empty, changes: noChanges, isTruncate: true })
  }

  /** Nothing for the job stands before `position`. */
  pass(position: StreamPosition): void {
    if ((this.#builder?.rowCount ?? 0) === 0) this.#position = position
  }

  /** Hands out what there is. */
  flush(): void {
    if (this.#builder === undefined || this.#builder.rowCount === 0) return
    const { changes = noChanges, ...batch } = this.#builder.take(positionOf(this.#position))
    const beginsTransaction = this.#begun.begins(batch.schema, changes.transactions)
    this.ready.push({ ...batch, changes: { ...changes, beginsTransaction } })
    this.#given = this.#position
  }

  /** A batch without rows that says how far the stream has come, if it has come further than the last one said. */
  mark(): void {
    if (this.#position === this.#given) return
    if (
      compareTimes(this.#position.time, this.#given.time) === 0 &&
      JSON.stringify(this.#position.token) === JSON.stringify(this.#given.token)
    )
      return
    this.#given = this.#position
    const schema = this.#schema ?? this.#idleSchema
    const position = positionOf(this.#position)
    this.ready.push({ schema, rows: [], byteSize: 0, position, changes: noChanges })
  }
}

const noChanges = { operations: [], before: [], transactions: [], committedAtMs: [] }

/** What is committed together has one time. */
function transactionOf({ seconds, increment }: ClusterTime): number {
  return seconds * incrementsPerSecond + Math.min(increment, incrementsPerSecond - 1)
}
