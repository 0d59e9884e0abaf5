import type { Logger } from '../plugin/context.ts'
import type { JsonValue } from '../record/record-batch.ts'
import type { JobCheckpoint } from './job-checkpoint.ts'
import type { JobCounters } from './job-counters.ts'
import { keptLagId, keptLagJson } from './kept-lag.ts'
import type { MovingTable, TableCounts } from './table-counts.ts'

/** The part of a checkpoint that counts changes by table; it is written beside those of the splits. */
export const tableTotalsId = '(tables)'

/** What has become of the changes of one table since the snapshot of its job. */
export interface TableTotal {
  readonly recordsRead: number
  readonly recordsWritten: number
  readonly recordsFiltered: number
  readonly recordsDirty: number
  /** When it was kept last. */
  readonly perSecond: number
}

export type TableTotalsByName = ReadonlyMap<string, TableTotal>

/** How often the totals are kept, in milliseconds: a run that is killed forgets so much of them. */
const intervalMs = 5000
const patienceMs = 1000

/** Keeps in the checkpoint what has become of the changes of each table, and how far they are behind. Failing to do so harms nothing. */
export class TableTotals implements AsyncDisposable {
  readonly #checkpoint: JobCheckpoint
  readonly #counters: JobCounters
  readonly #logger: Logger
  readonly #timer: NodeJS.Timeout
  readonly #earlier: TableTotalsByName
  /** Counts of this process that belong to an earlier snapshot. */
  readonly #before: ReadonlyMap<string, TableTotal>
  #kept: string
  #underWay: Promise<void> | undefined

  constructor(checkpoint: JobCheckpoint, counters: JobCounters, logger: Logger) {
    this.#checkpoint = checkpoint
    this.#counters = counters
    this.#logger = logger
    this.#earlier = checkpoint.tableTotals
    this.#before = new Map(changesOf(counters.tables).map((one) => [one.table, totalOf(one)]))
    this.#kept = JSON.stringify(tableTotalsJson(this.#now()))
    this.#timer = setInterval(() => this.#begin(), intervalMs).unref()
  }

  #begin(): void {
    this.#underWay ??= this.#keep().finally(() => (this.#underWay = undefined))
  }

  #now(): TableTotalsByName {
    const totals = new Map(this.#earlier)
    for (const [table, total] of totals) totals.set(table, { ...total, perSecond: 0 })
    for (const one of changesOf(this.#counters.tables)) {
      const total = add(totals.get(one.table), totalOf(one), this.#before.get(one.table))
      totals.set(one.table, total)
    }
    return totals
  }

  async #keep(): Promise<void> {
    const json = tableTotalsJson(this.#now())
    const text = JSON.stringify(json)
    try {
      const call = { signal: AbortSignal.timeout(patienceMs) }
      await this.#checkpoint.keepPart(keptLagId, keptLagJson(this.#counters.changes), call)
      if (text === this.#kept) return
      await this.#checkpoint.keepPart(tableTotalsId, json, call)
      this.#kept = text
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      this.#logger.debug(`the counts of the tables were not kept: ${reason}`)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    await this.#underWay
    await this.#keep()
  }
}

function changesOf(counts: TableCounts): readonly MovingTable[] {
  return counts.all.filter(({ phase }) => phase === 'changes')
}

function totalOf(numbers: MovingTable): TableTotal {
  const { recordsRead, recordsWritten, recordsFiltered, recordsDirty, perSecond } = numbers
  return { recordsRead, recordsWritten, recordsFiltered, recordsDirty, perSecond }
}

const none: TableTotal = {
  recordsRead: 0,
  recordsWritten: 0,
  recordsFiltered: 0,
  recordsDirty: 0,
  perSecond: 0,
}

/** What an earlier run has counted and what this one has, but for what was there before. */
function add(earlier = none, now: TableTotal, before = none): TableTotal {
  return {
    recordsRead: earlier.recordsRead + now.recordsRead - before.recordsRead,
    recordsWritten: earlier.recordsWritten + now.recordsWritten - before.recordsWritten,
    recordsFiltered: earlier.recordsFiltered + now.recordsFiltered - before.recordsFiltered,
    recordsDirty: earlier.recordsDirty + now.recordsDirty - before.recordsDirty,
    perSecond: Math.round(now.perSecond),
  }
}

/** The totals as the checkpoint keeps them. */
function tableTotalsJson(totals: TableTotalsByName): JsonValue {
  return Object.fromEntries(
    [...totals].map(([table, total]) => [
      table,
      [
        total.recordsRead,
        total.recordsWritten,
        total.recordsFiltered,
        total.recordsDirty,
        total.perSecond,
      ],
    ]),
  )
}

/** Reads totals back; what is none counts as 0. */
export function tableTotalsOf(json: JsonValue | undefined): TableTotalsByName {
  const totals = new Map<string, TableTotal>()
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return totals
  for (const [table, list] of Object.entries(json)) {
    if (!Array.isArray(list)) continue
    const [recordsRead = 0, recordsWritten = 0, recordsFiltered = 0, recordsDirty = 0, rate = 0] =
      list.map(Number)
    const counts = { recordsRead, recordsWritten, recordsFiltered, recordsDirty }
    totals.set(table, { ...counts, perSecond: rate })
  }
  return totals
}
