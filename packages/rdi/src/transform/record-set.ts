import type { OperationCode, RowError } from '@millrace/core/record'
import type { RdiRecord } from '../model/expression.ts'

/** The code of rows that a transform could not be applied to. */
export const transformFailed = 'TRANSFORM_FAILED'

/** Why a row cannot be transformed; `detail` holds values of it. */
export type RowReason = Pick<RowError, 'message'> & { readonly detail?: string | undefined }

/** The records of a batch on their way through the blocks of a job: those of its rows, and those of the images before them. */
export class RecordSet {
  /** The records that still have something before them. */
  records: RdiRecord[]
  /** By record: the row of the batch it belongs to. */
  owners: number[]
  /** By record: whether it is the image before the change. */
  areBefore: boolean[]
  /** By row: why it ended, `undefined` while it goes on. */
  readonly outcomes: (RowError | 'filtered' | undefined)[]
  /** Whether records may have fields that the source did not send. */
  hasAbsent = false
  readonly #operations: readonly OperationCode[] | undefined
  #hasEnded = false

  /** @param operations by row, where they are known; otherwise all are read from a snapshot */
  constructor(rowCount: number, operations?: readonly OperationCode[]) {
    this.#operations = operations
    this.records = []
    this.owners = []
    this.areBefore = []
    this.outcomes = Array.from({ length: rowCount })
  }

  add(record: RdiRecord, owner: number, isBefore: boolean): void {
    this.records.push(record)
    this.owners.push(owner)
    this.areBefore.push(isBefore)
  }

  /** The row of the record cannot be transformed. The first reason counts. */
  fail(index: number, reason: string | RowReason): void {
    const { message, detail } = typeof reason === 'string' ? { message: reason } : reason
    this.#end(index, {
      code: transformFailed,
      message,
      ...(detail === undefined || detail === '' ? {} : { detail }),
    })
  }

  /** The row of the record is not wanted. The image before a change never decides over its row. */
  filter(index: number): void {
    if (this.areBefore[index] === false) this.#end(index, 'filtered')
  }

  /** Whether the row of the record was removed in the source. */
  isRemoval(index: number): boolean {
    return this.#operations?.[this.owners[index] as number] === 'd'
  }

  /** Whether the row of the record has ended. */
  hasEnded(index: number): boolean {
    return this.outcomes[this.owners[index] as number] !== undefined
  }

  /** Leaves out the records of rows that have ended: no further step runs on them. */
  compact(): void {
    if (!this.#hasEnded) return
    this.#hasEnded = false
    let count = 0
    for (let index = 0; index < this.records.length; index += 1) {
      if (this.hasEnded(index)) continue
      this.records[count] = this.records[index] as RdiRecord
      this.owners[count] = this.owners[index] as number
      this.areBefore[count] = this.areBefore[index] as boolean
      count += 1
    }
    this.records.length = count
    this.owners.length = count
    this.areBefore.length = count
  }

  #end(index: number, outcome: RowError | 'filtered'): void {
    this.outcomes[this.owners[index] as number] ??= outcome
    this.#hasEnded = true
  }
}
