import type { RdiRecord, RdiValue } from '../../model/expression.ts'
import type { FieldReader } from './field-reader.ts'
import { jsonText } from './json-text.ts'
import { rowReady, type SqliteEngine } from './sqlite-engine.ts'

/** A field and the parameter it is bound to: the first is 1. */
export interface BoundField {
  readonly parameter: number
  readonly reader: FieldReader
  /** Numbers without a fraction are floating-point numbers all the same. */
  readonly isReal: boolean
}

const type = { integer: 1, real: 2, text: 3, blob: 4 } as const
const largestInteger = 2n ** 63n - 1n

/** A prepared `SELECT` of expressions over the fields of one record: one row, a column for each expression. */
export class SqliteStatement {
  readonly #engine: SqliteEngine
  readonly #handle: number
  readonly #fields: readonly BoundField[]

  /**
   * @param fields those of all parameters; what the statement does not use is left out
   * @throws {SqliteError}
   */
  constructor(engine: SqliteEngine, sql: string, fields: readonly BoundField[]) {
    this.#engine = engine
    this.#handle = engine.prepare(sql)
    const parameters = engine.exports.sqlite3_bind_parameter_count(this.#handle)
    this.#fields = fields.filter(({ parameter }) => parameter <= parameters)
  }

  /**
   * Calculates the expressions for a record; `column` reads the results, until `reset`.
   *
   * @returns undefined, or what SQLite has against it
   */
  step(record: RdiRecord): string | undefined {
    this.#engine.startRecord()
    for (const field of this.#fields) {
      if (!this.#bind(field, record)) return this.#engine.lastMessage()
    }
    if (this.#engine.exports.sqlite3_step(this.#handle) === rowReady) return undefined
    return this.#engine.lastMessage()
  }

  column(index: number): RdiValue {
    const { exports } = this.#engine
    switch (exports.sqlite3_column_type(this.#handle, index)) {
      case type.integer:
        return this.#integer(index)
      case type.real:
        return exports.sqlite3_column_double(this.#handle, index)
      case type.text:
        return this.#engine.columnText(this.#handle, index)
      case type.blob:
        return this.#engine.columnBase64(this.#handle, index)
      default:
        return null
    }
  }

  reset(): void {
    this.#engine.exports.sqlite3_reset(this.#handle)
  }

  close(): void {
    this.#engine.exports.sqlite3_finalize(this.#handle)
  }

  /** As a double first: a `bigint` for every small number would cost more than the expression. */
  #integer(index: number): number | bigint {
    const { exports } = this.#engine
    const value = exports.sqlite3_column_double(this.#handle, index)
    if (Number.isSafeInteger(value)) return value
    return exports.sqlite3_column_int64(this.#handle, index)
  }

  #bind(field: BoundField, record: RdiRecord): boolean {
    const { exports } = this.#engine
    const { parameter } = field
    const value = field.reader.read(record)
    if (typeof value === 'string') return this.#engine.bindText(this.#handle, parameter, value)
    if (typeof value === 'number') return this.#bindNumber(parameter, value, field.isReal)
    if (value === null || value === undefined) {
      return exports.sqlite3_bind_null(this.#handle, parameter) === 0
    }
    if (typeof value === 'bigint') return this.#bindBigint(parameter, value, field.isReal)
    if (typeof value === 'boolean') {
      return exports.sqlite3_bind_int(this.#handle, parameter, value ? 1 : 0) === 0
    }
    return this.#engine.bindText(this.#handle, parameter, jsonText(value))
  }

  #bindNumber(parameter: number, value: number, isReal: boolean): boolean {
    const { exports } = this.#engine
    if (isReal || !Number.isSafeInteger(value)) {
      return exports.sqlite3_bind_double(this.#handle, parameter, value) === 0
    }
    if ((value | 0) === value) {
      return exports.sqlite3_bind_int(this.#handle, parameter, value) === 0
    }
    return exports.sqlite3_bind_int64(this.#handle, parameter, BigInt(value)) === 0
  }

  /** Beyond 64 bits, as the unsigned integers of MySQL are, a text keeps all digits, as it does for decimals. */
  #bindBigint(parameter: number, value: bigint, isReal: boolean): boolean {
    const { exports } = this.#engine
    if (isReal) return exports.sqlite3_bind_double(this.#handle, parameter, Number(value)) === 0
    if (value > largestInteger || value < -largestInteger - 1n) {
      return this.#engine.bindText(this.#handle, parameter, value.toString())
    }
    return exports.sqlite3_bind_int64(this.#handle, parameter, value) === 0
  }
}
