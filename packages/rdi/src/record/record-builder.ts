import type { Field, OperationCode, Row } from '@millrace/core/record'
import type { RdiRecord } from '../model/expression.ts'
import { newRecord } from './new-record.ts'
import { compileRecordValue, type ValueOfCell, type ValueSettings } from './record-value.ts'

interface BuiltField {
  readonly name: string
  readonly index: number
  readonly valueOf: ValueOfCell
}

/** Makes records of the rows of one table, of the columns that somebody looks at. */
export class RecordBuilder {
  readonly #fields: readonly BuiltField[]

  /**
   * @param columns of the rows
   * @param indexes of the columns that records have
   */
  constructor(columns: readonly Field[], indexes: readonly number[], settings: ValueSettings) {
    this.#fields = indexes.map((index) => {
      const column = columns[index] as Field
      return { name: column.name, index, valueOf: compileRecordValue(column, settings) }
    })
  }

  /** @param other where cells are taken from that the source did not send because they are the same there */
  build(row: Row, other: Row | null | undefined): RdiRecord {
    const record = newRecord()
    for (const { name, index, valueOf } of this.#fields) {
      const cell = row[index]
      record[name] = valueOf(cell === undefined && other ? other[index] : cell)
    }
    return record
  }
}

/** What a full record tells of its table. */
export interface TableNames {
  readonly table: string
  readonly schema?: string
  readonly db?: string
}

/** A change as records show it: the row is what it became, or what it was for `d`. */
export interface RowChange {
  readonly operation: OperationCode
  readonly row: Row
  /** The row before, where the source gave it. */
  readonly before: Row | null | undefined
}

/** Makes records in the form of RDI's `row_format: full`. */
export class FullRecordBuilder {
  readonly #values: RecordBuilder
  readonly #key: RecordBuilder
  readonly #names: TableNames

  constructor(values: RecordBuilder, key: RecordBuilder, names: TableNames) {
    this.#values = values
    this.#key = key
    this.#names = names
  }

  build({ operation, row, before }: RowChange): RdiRecord {
    const isDelete = operation === 'd'
    const old = isDelete ? row : before
    return this.#record(
      {
        key: this.#key.build(row, before),
        before: old ? this.#values.build(old, row) : null,
        after: isDelete ? null : this.#values.build(row, before),
      },
      operation,
    )
  }

  /** The record that an image before a change was when it was written. */
  buildBefore({ operation, row, before }: RowChange & { readonly before: Row }): RdiRecord {
    return this.#record(
      {
        key: this.#key.build(before, row),
        before: this.#values.build(before, row),
        after: this.#values.build(before, row),
      },
      operation,
    )
  }

  #record(images: Pick<RdiRecord, 'key' | 'before' | 'after'>, operation: OperationCode) {
    const record = newRecord()
    Object.assign(record, images)
    record['opcode'] = operation
    Object.assign(record, this.#names)
    return record
  }
}
