import type { LogStatus } from '../plugin/reader.ts'

/** How much log a source still keeps for whoever has not read it. */
export type LogBudget = SizeBudget | TimeBudget

/** Of a source that keeps so much, and how fast that gets less. */
export interface SizeBudget {
  readonly kind: 'size'
  /** What the source calls its log. */
  readonly log: string
  readonly totalBytes: number
  readonly leftBytes: number
  /** Bytes an hour by which it gets less; absent while it does not, or is not known. */
  readonly bytesPerHour?: number
  /** Until nothing is left, at this rate. */
  readonly leftMs?: number
}

/** Of a source that keeps it for so long. */
export interface TimeBudget {
  readonly kind: 'time'
  /** What the source calls its log. */
  readonly log: string
  readonly totalMs: number
  /** Until the source may forget what comes next. */
  readonly leftMs: number
}

/** What a source says of its log at one moment; `undefined` where it sets no limit. */
export function logBudgetOf(status: LogStatus): LogBudget | undefined {
  const { budgetBytes, budgetLeftBytes, keptMs, keptLeftMs, log = 'log' } = status
  if (budgetBytes !== undefined && budgetLeftBytes !== undefined)
    return { kind: 'size', log, totalBytes: budgetBytes, leftBytes: budgetLeftBytes }
  if (keptMs === undefined || keptLeftMs === undefined) return undefined
  return { kind: 'time', log, totalMs: keptMs, leftMs: keptLeftMs }
}

/** A budget of which the log takes so much in an hour; where it takes nothing, it has no end. */
export function growingBudget(budget: SizeBudget, bytesPerHour: number | undefined): SizeBudget {
  if (bytesPerHour === undefined || bytesPerHour <= 0) return budget
  return { ...budget, bytesPerHour, leftMs: (budget.leftBytes / bytesPerHour) * hourMs }
}

/** Rates are measured over this long. */
const windowMs = 600_000
/** A rate says nothing before. */
const leastWindowMs = 15_000
const hourMs = 3_600_000
/** Shares of the budget at which people are to hear of it. */
const warningShares = [0.2, 0.5]

/** Follows the budget of a log over time. Times are of `performance.now`. */
export class LogBudgetMeter {
  #samples: { readonly atMs: number; readonly leftBytes: number }[] = []
  /** The lowest share that was warned of. */
  #warnedShare = 1

  /**
   * What is left, and how long it lasts; `undefined` where the source sets no limit.
   *
   * @param warn told when half of it, or a fifth, is left: once, until more than half is left again
   */
  next(
    status: LogStatus,
    warn: (message: string) => void,
    nowMs = performance.now(),
  ): LogBudget | undefined {
    const known = logBudgetOf(status)
    if (known === undefined) return undefined
    const budget = known.kind === 'size' ? this.#withRate(known, nowMs) : known
    this.#warn(budget, warn)
    return budget
  }

  #withRate(budget: SizeBudget, nowMs: number): SizeBudget {
    const { leftBytes } = budget
    this.#samples.push({ atMs: nowMs, leftBytes })
    this.#samples = this.#samples.filter(({ atMs }) => atMs >= nowMs - windowMs)
    return growingBudget(budget, this.#bytesPerHour(nowMs, leftBytes))
  }

  #bytesPerHour(nowMs: number, leftBytes: number): number | undefined {
    const [first] = this.#samples
    if (first === undefined || nowMs - first.atMs < leastWindowMs) return undefined
    return ((first.leftBytes - leftBytes) / (nowMs - first.atMs)) * hourMs
  }

  #warn(budget: LogBudget, warn: (message: string) => void): void {
    const share = shareOf(budget)
    if (share > 0.5) this.#warnedShare = 1
    const passed = warningShares.find((limit) => share <= limit)
    if (passed === undefined || passed >= this.#warnedShare) return
    this.#warnedShare = passed
    warn(
      `${logBudgetText(budget)}: the source forgets what is not read by then, and the position is lost. Find out what holds the pipeline up, or let the source keep more.`,
    )
  }
}

function shareOf(budget: LogBudget): number {
  const [left, total] =
    budget.kind === 'size' ? [budget.leftBytes, budget.totalBytes] : [budget.leftMs, budget.totalMs]
  return total === 0 ? 0 : left / total
}

/** An end that is further away is not worth a word. */
const longestLeftMs = 48 * hourMs

/** `WAL budget 8.0 of 10.0 GB left, 1.2 GB/h, about 7 h`, `binlog budget 5.5 of 7.0 days left` */
export function logBudgetText(budget: LogBudget): string {
  if (budget.kind === 'time') {
    const { log, totalMs, leftMs } = budget
    const { name, ms } = timeUnits.find((unit) => totalMs >= 2 * unit.ms) ?? leastTimeUnit
    return `${log} budget ${(leftMs / ms).toFixed(1)} of ${(totalMs / ms).toFixed(1)} ${name} left`
  }
  const { log, totalBytes, leftBytes, bytesPerHour, leftMs } = budget
  const unit = unitOf(totalBytes)
  const left = `${log} budget ${inUnit(leftBytes, unit)} of ${inUnit(totalBytes, unit)} ${unit.name} left`
  if (bytesPerHour === undefined || leftMs === undefined || leftMs > longestLeftMs) return left
  const rateUnit = unitOf(bytesPerHour)
  return `${left}, ${inUnit(bytesPerHour, rateUnit)} ${rateUnit.name}/h, about ${durationText(leftMs)}`
}

const timeUnits = [
  { name: 'days', ms: 24 * hourMs },
  { name: 'h', ms: hourMs },
]
const leastTimeUnit = { name: 'min', ms: 60_000 }

interface ByteUnit {
  readonly name: string
  readonly bytes: number
}

const units: readonly ByteUnit[] = [
  { name: 'TB', bytes: 1024 ** 4 },
  { name: 'GB', bytes: 1024 ** 3 },
  { name: 'MB', bytes: 1024 ** 2 },
]
const leastUnit: ByteUnit = { name: 'KB', bytes: 1024 }

function unitOf(bytes: number): ByteUnit {
  return units.find((unit) => bytes >= unit.bytes) ?? leastUnit
}

function inUnit(bytes: number, unit: ByteUnit): string {
  return (bytes / unit.bytes).toFixed(1)
}

function durationText(ms: number): string {
  return ms < 2 * hourMs ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / hourMs)} h`
}
