import type { Changes, RecordBatch, Row } from '@millrace/core/record'
import type { CompiledOutput } from './compile-output.ts'
import { filledFrom, targetOf } from './row-target.ts'

/** Bytes of rows that are remembered of one transaction; of a larger one the earlier are forgotten. */
const maxRememberedBytes = 16 * 1024 * 1024

/** The row that wrote a target last, and the number of the batch in which it did. */
export interface WrittenTarget {
  readonly row: Row
  readonly batch: number
}

/** Consecutive plain changes of one batch. */
interface PlainRun {
  readonly rows: readonly Row[]
  readonly changes: Changes
  readonly from: number
  readonly to: number
  readonly batch: number
}

/**
 * Who wrote a target last within the transaction that is being written, over all the batches it comes in. Plain changes are
 * only noted as runs: most transactions end without anybody asking for a target, and then none is made.
 */
export class WrittenTargets {
  readonly #outputs: readonly CompiledOutput[]
  /** By output: who wrote a target last. */
  readonly #byOutput: readonly Map<string, WrittenTarget>[]
  #runs: PlainRun[] = []
  #bytes = 0
  #transaction: number | undefined
  #isComplete = false

  constructor(outputs: readonly CompiledOutput[]) {
    this.#outputs = outputs
    this.#byOutput = outputs.map(() => new Map<string, WrittenTarget>())
  }

  /**
   * Whether everything is known that the transaction wrote before. Not so in one that was going on already when the first of its
   * changes was seen here, as may be after a restart, nor in one so large that its beginning was forgotten.
   */
  get isComplete(): boolean {
    return this.#isComplete
  }

  /**
   * The next changes belong to this transaction.
   *
   * @param begins the source says that they are its first
   * @param isAlone whether all of its changes of the table so far were seen here
   */
  enter(transaction: number | undefined, begins: boolean, isAlone = true): void {
    if (transaction === this.#transaction && isAlone) return
    this.#isComplete = isAlone && (begins || this.#transaction !== undefined)
    this.#transaction = transaction
    this.#clear()
  }

  /** Forgets what is too much to be kept. Called between batches: those of one batch know of one another. */
  trim(): void {
    if (this.#bytes <= maxRememberedBytes) return
    this.#isComplete = false
    this.#clear()
  }

  /** Plain changes of the transaction. */
  addRun({ rows, byteSize }: RecordBatch, run: Omit<PlainRun, 'rows'>): void {
    this.#runs.push({ rows, ...run })
    this.#count(byteSize, rows.length, run.to - run.from)
  }

  /** A row wrote a target of an output. */
  set(output: number, id: string, written: WrittenTarget): void {
    this.#byOutput[output]?.set(id, written)
  }

  /** Rows of which `set` was called, for what is kept of them. */
  countRows({ rows, byteSize }: RecordBatch, count: number): void {
    this.#count(byteSize, rows.length, count)
  }

  /** Makes the targets of the runs, before others are asked for or set. */
  makeTargets(): void {
    if (this.#runs.length === 0) return
    const runs = this.#runs
    this.#runs = []
    for (const run of runs) for (let at = run.from; at < run.to; at += 1) this.#addPlain(run, at)
  }

  get(output: number, id: string): WrittenTarget | undefined {
    return this.#byOutput[output]?.get(id)
  }

  delete(output: number, id: string): void {
    this.#byOutput[output]?.delete(id)
  }

  #count(byteSize: number, all: number, some: number): void {
    this.#bytes += (byteSize * some) / Math.max(1, all)
  }

  #clear(): void {
    this.#runs = []
    this.#bytes = 0
    for (const written of this.#byOutput) written.clear()
  }

  #addPlain({ rows, changes, batch }: PlainRun, at: number): void {
    const sent = rows[at] as Row
    const before = changes.before[at] ?? sent
    const row = filledFrom(sent, before)
    for (const [output, compiled] of this.#outputs.entries()) {
      if (compiled.remove === undefined) continue
      const target = targetOf(compiled, row)
      if (!('error' in target)) this.set(output, target.id, { row, batch })
    }
  }
}
