import { qualifiedName } from '../record/qualified-name.ts'
import type { TableSchema } from '../record/table-schema.ts'
import type { JobCounts } from './job-counts.ts'
import { SlidingRate } from './sliding-rate.ts'

/** What a run is at: the rows that are there, or what changes in them. */
export type RunPhase = 'snapshot' | 'changes'

/** What has become of the rows of one table in one phase of a run. */
export interface TableNumbers {
  readonly table: string
  readonly phase: RunPhase
  readonly recordsRead: number
  readonly recordsWritten: number
  readonly recordsFiltered: number
  readonly recordsDirty: number
  readonly bytesRead: number
  readonly bytesWritten: number
}

/** The same, while the run goes on. */
export interface MovingTable extends TableNumbers {
  /** Rows whose outcome was settled in a second, over the last few. */
  readonly perSecond: number
  /** How many of its splits are in the target to their ends; absent where that is not known. */
  readonly splits?: SplitCounts | undefined
}

/** How far the rows of a table have come. */
export interface SplitCounts {
  readonly total: number
  readonly done: number
}

/** The numbers as they are now, as a plain object. */
export function tableNumbersOf(numbers: TableNumbers): TableNumbers {
  const { table, phase, recordsRead, recordsWritten, recordsFiltered, recordsDirty } = numbers
  const { bytesRead, bytesWritten } = numbers
  const records = { recordsRead, recordsWritten, recordsFiltered, recordsDirty }
  return { table, phase, ...records, bytesRead, bytesWritten }
}

/**
 * Counts by table, added up once a batch. They only grow: rows that are written again, because the target went back in time,
 * count again.
 */
export class TableCounts {
  readonly #bySchema: Record<RunPhase, WeakMap<TableSchema, CountedTable>> = {
    snapshot: new WeakMap(),
    changes: new WeakMap(),
  }
  readonly #byName = new Map<string, CountedTable>()
  /** Of a table of the run's plan. */
  splitsOf: ((table: string) => SplitCounts | undefined) | undefined

  /** One for each table and phase of which there was a batch, in the order of their first one. */
  get all(): readonly MovingTable[] {
    return [...this.#byName.values()]
  }

  /** A batch of a table is settled. */
  add(schema: TableSchema, phase: RunPhase, counts: JobCounts): void {
    const numbers = this.#bySchema[phase].get(schema) ?? this.#numbersOf(schema, phase)
    numbers.add(counts)
  }

  #numbersOf(schema: TableSchema, phase: RunPhase): CountedTable {
    const table = qualifiedName(schema)
    const key = `${phase} ${table}`
    const numbers =
      this.#byName.get(key) ?? new CountedTable(table, phase, () => this.splitsOf?.(table))
    this.#byName.set(key, numbers)
    this.#bySchema[phase].set(schema, numbers)
    return numbers
  }
}

class CountedTable implements MovingTable {
  readonly table: string
  readonly phase: RunPhase
  recordsRead = 0
  recordsWritten = 0
  recordsFiltered = 0
  recordsDirty = 0
  bytesRead = 0
  bytesWritten = 0
  readonly #rate = new SlidingRate()

  readonly #splits: () => SplitCounts | undefined

  constructor(table: string, phase: RunPhase, splits: () => SplitCounts | undefined) {
    this.table = table
    this.phase = phase
    this.#splits = splits
  }

  get splits(): SplitCounts | undefined {
    return this.#splits()
  }

  get perSecond(): number {
    return this.#rate.perSecond()
  }

  add(counts: JobCounts): void {
    this.recordsRead += counts.recordsRead
    this.recordsWritten += counts.recordsWritten
    this.recordsFiltered += counts.recordsFiltered
    this.recordsDirty += counts.recordsDirty
    this.bytesRead += counts.bytesRead
    this.bytesWritten += counts.bytesWritten
    this.#rate.add(counts.recordsRead)
  }
}
