import type { Changes, OperationCode, RecordBatch, Row, TableSchema } from '@millrace/core/record'

/** Collects the rows of a batch that go on, with what is known of them as changes. */
export class ChangedRows {
  readonly #read: RecordBatch
  readonly #schema: TableSchema
  /** Rows read that go on. */
  readonly #kept: number[] = []
  readonly #rows: Row[] = []
  readonly #operations: OperationCode[] = []
  readonly #before: (Row | null)[] = []
  /** By row read: where it stands among those that go on. */
  readonly #places = new Map<number, number>()
  #isSteered = false

  constructor(read: RecordBatch, schema: TableSchema) {
    this.#read = read
    this.#schema = schema
  }

  /** What a row read was. */
  operationOf(index: number): OperationCode {
    return this.#read.changes?.operations[index] ?? 'r'
  }

  /** A row goes on. Called in the order of the rows, before all calls of `setBefore`. */
  set(index: number, operation: OperationCode, make: (row: Row) => Row): void {
    if (operation !== this.operationOf(index)) this.#isSteered = true
    this.#places.set(index, this.#kept.length)
    this.#kept.push(index)
    this.#rows.push(make(this.#read.rows[index] as Row))
    this.#operations.push(operation)
    this.#before.push(null)
  }

  /** The image before a row that goes on. */
  setBefore(index: number, make: (row: Row) => Row): void {
    const place = this.#places.get(index)
    const before = this.#read.changes?.before[index]
    if (place === undefined || !before) return
    const made = make(before)
    // A change that became a removal removes what was written for the row before.
    if (this.#operations[place] === 'd') this.#rows[place] = made
    else this.#before[place] = made
  }

  batch(): RecordBatch {
    const { byteSize, position, unreadable } = this.#read
    const changes = this.#changes()
    return {
      schema: this.#schema,
      rows: this.#rows,
      byteSize,
      ...(position && { position }),
      ...(changes && { changes }),
      ...(unreadable && { unreadable }),
    }
  }

  #changes(): Changes | undefined {
    const { changes } = this.#read
    if (changes === undefined && !this.#isSteered) return undefined
    const pick = <T>(values: readonly T[] | undefined, otherwise: T) =>
      this.#kept.map((index) => values?.[index] ?? otherwise)
    return {
      operations: this.#operations,
      before: this.#before,
      transactions: pick(changes?.transactions, 0),
      committedAtMs: pick(changes?.committedAtMs, 0),
      ...(changes?.beginsTransaction === true && { beginsTransaction: true }),
    }
  }
}
