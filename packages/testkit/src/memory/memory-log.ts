import { PluginError, type FollowOptions } from '@millrace/core/plugin'
import {
  BatchBuilder,
  byteLengthOfCell,
  qualifiedName,
  type Cell,
  type Position,
  type RecordBatch,
  type Row,
  type TableSchema,
} from '@millrace/core/record'
import type { Dataset } from '../dataset.ts'
import { entryOf, type MemoryChange } from './memory-parts.ts'

/** A row of a table in memory; `undefined` where one was deleted, so that the others keep their places. */
export type MemoryRow = readonly Cell[] | undefined

/** What the log holds: a change of a row, the end of all rows of a table, or new columns of it. */
type LogEntry =
  | MemoryChange
  | { readonly dataset: number; readonly operation: 'truncate' }
  | { readonly dataset: number; readonly operation: 'define'; readonly schema: TableSchema }

/** The log of a source in memory: changes behind the rows of its datasets, appended while readers follow it. */
export class MemoryLog {
  readonly #entries: LogEntry[] = []
  #waiting: (() => void)[] = []
  #forgotten = 0
  /** What `acknowledge` said last: the number of changes that may be forgotten. */
  acknowledged = 0
  /** How many changes are said to be kept at most; absent: there is no limit. */
  budgetBytes: number | undefined

  /** Changes so far. */
  get length(): number {
    return this.#entries.length
  }

  /** Commits changes, as one transaction. */
  append(...changes: readonly MemoryChange[]): void {
    const transaction = this.#entries.length + 1
    this.#append(changes.map((change) => ({ transaction, ...change })))
  }

  /** Empties the table of a dataset. */
  truncate(dataset = 0): void {
    this.#append([{ dataset, operation: 'truncate' }])
  }

  /** Gives the table of a dataset other columns: those it had and more behind them. */
  define(dataset: number, schema: TableSchema): void {
    this.#append([{ dataset, operation: 'define', schema }])
  }

  #append(entries: readonly LogEntry[]): void {
    this.#entries.push(...entries)
    for (const resume of this.#waiting.splice(0)) resume()
  }

  /** Forgets the first changes: positions before them are lost. */
  forget(count: number): void {
    this.#forgotten = count
  }

  /** The schemas of the datasets once so many changes were made. */
  schemasAt(datasets: readonly Dataset[], count: number): readonly TableSchema[] {
    const schemas = datasets.map(({ schema }) => schema)
    for (const entry of this.#entries.slice(0, count))
      if (entry.operation === 'define') schemas[entry.dataset] = entry.schema
    return schemas
  }

  /** The rows of a dataset once so many changes were made, each at the place it always has. */
  rowsAt(datasets: readonly Dataset[], index: number, count: number): readonly MemoryRow[] {
    const { rows, schema } = datasets[index] as Dataset
    const state: MemoryRow[] = [...rows]
    const keyOf = (row: readonly Cell[]) => JSON.stringify(schema.key.map((at) => String(row[at])))
    const entries = this.#entries.slice(0, count).filter(({ dataset = 0 }) => dataset === index)
    const places = new Map(entries.length > 0 ? rows.map((row, at) => [keyOf(row), at]) : [])
    for (const entry of entries) {
      if (entry.operation === 'truncate') {
        state.fill(undefined)
        places.clear()
      }
      if (entry.operation === 'truncate' || entry.operation === 'define') continue
      const { operation, row, before } = entry
      const place = places.get(keyOf(before ?? row)) ?? state.length
      places.delete(keyOf(before ?? row))
      const old = state[place]
      const next = row.map((cell, column) => (cell === undefined ? old?.[column] : cell))
      state[place] = operation === 'd' ? undefined : next
      if (operation !== 'd') places.set(keyOf(next), place)
    }
    const { length } = this.schemasAt(datasets, count)[index]?.fields ?? schema.fields
    return state.map((row) =>
      row === undefined || row.length >= length
        ? row
        : [...row, ...Array<null>(length - row.length).fill(null)],
    )
  }

  /** Changes behind a position, until another one, or until they are stopped. */
  async *follow(
    datasets: readonly Dataset[],
    from: Position,
    options: FollowOptions,
  ): AsyncGenerator<RecordBatch, void> {
    const { signal, until, leaveOut } = options
    const isLeftOut = (index: number) => {
      const { schema } = datasets[this.#entries[index]?.dataset ?? 0] as Dataset
      return leaveOut?.has(qualifiedName(schema)) === true
    }
    let next = this.#indexOf(from)
    let given = next
    const end = until === undefined ? Infinity : this.#indexOf(until)
    signal.throwIfAborted()
    while (next < end) {
      if (next === this.#entries.length) await this.#more(signal)
      else if (isLeftOut(next)) next += 1
      else {
        const { batch, behind } = this.#take(datasets, { next, end, options })
        next = behind
        if (batch !== undefined) {
          given = next
          yield batch
        }
      }
      signal.throwIfAborted()
    }
    const { schema } = datasets[0] as Dataset
    if (given < next) yield new BatchBuilder(schema, options).take(positionInLog(next))
  }

  #take(
    datasets: readonly Dataset[],
    { next, end, options }: { next: number; end: number; options: FollowOptions },
  ): { readonly batch: RecordBatch | undefined; readonly behind: number } {
    const entry = this.#entries[next] as LogEntry
    const schemas = this.schemasAt(datasets, next)
    const schema = schemas[entry.dataset ?? 0] as TableSchema
    const position = positionInLog(next + 1)
    if (entry.operation === 'define') return { batch: undefined, behind: next + 1 }
    if (entry.operation === 'truncate')
      return {
        batch: { schema, rows: [], byteSize: 0, position, isTruncate: true },
        behind: next + 1,
      }
    const builder = new BatchBuilder(schema, options)
    let behind = next
    for (; behind < Math.min(end, this.#entries.length); behind += 1) {
      const change = this.#entries[behind] as LogEntry
      if (change.operation === 'truncate' || change.operation === 'define') break
      if ((change.dataset ?? 0) !== (entry.dataset ?? 0)) break
      const found = entryOf(datasets, change, behind)
      const row: Row = [...found.row]
      const size = row.reduce<number>((sum, cell) => sum + byteLengthOfCell(cell ?? null), 0)
      if (builder.mustFlushBefore(size)) break
      if (found.change !== undefined) builder.addChange(row, size, found.change)
    }
    return { batch: builder.take(positionInLog(behind)), behind }
  }

  async #more(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const abort = () => reject(signal.reason as Error)
      signal.addEventListener('abort', abort, { once: true })
      this.#waiting.push(() => {
        signal.removeEventListener('abort', abort)
        resolve()
      })
    })
  }

  #indexOf({ token, label }: Position): number {
    if (typeof token === 'number' && token >= this.#forgotten) return token
    throw new PluginError({
      code: 'POSITION_LOST',
      message: `Following the changes in memory: ${label} is forgotten.`,
      hint: 'Read the rows again.',
    })
  }
}

/** The position behind so many changes. */
export function positionInLog(count: number): Position {
  return { token: count, label: `change ${count}` }
}
