import { qualifiedName } from './qualified-name.ts'
import type { TableSchema } from './table-schema.ts'

/**
 * Tells of the batches of a change stream, in their order, whether they begin their first transaction: what
 * `Changes.beginsTransaction` says.
 */
export class BegunTransactions {
  /** The last transaction of which changes were handed out, by table. */
  readonly #given = new Map<string, number>()
  #resumed: number | undefined

  /** @param resumed the transaction inside which the stream goes on, where it does */
  constructor(resumed?: number) {
    this.#resumed = resumed
  }

  /** The stream goes on inside this transaction, which only its log could tell. */
  resume(transaction: number): void {
    this.#resumed = transaction
  }

  /**
   * Whether nothing of the first of these transactions was handed out before for the table. To be asked once for each batch with
   * rows, in their order.
   *
   * @param transactions of the batch, as they stand in its `changes`
   */
  begins(schema: TableSchema, transactions: readonly number[]): boolean {
    const [first] = transactions
    const last = transactions.at(-1)
    if (first === undefined || last === undefined) return false
    const name = qualifiedName(schema)
    const given = this.#given.get(name)
    this.#given.set(name, last)
    return first !== given && first !== this.#resumed
  }
}
