import type { JsonValue } from '../record/record-batch.ts'
import type { LogStatus } from '../plugin/reader.ts'
import type { ChangesProgress } from './changes-progress.ts'
import { growingBudget, logBudgetOf, type LogBudget } from './log-budget.ts'

/** The part of a checkpoint that says how far changes are behind; it is written beside those of the splits. */
export const keptLagId = '(lag)'

/** How far changes were behind when that was kept last. */
export interface KeptLag {
  readonly atMs: number
  /** From the commit of a change until it is in the target; absent before the first. */
  readonly lagMs?: number
  /** Of the log, what the source would still have kept. */
  readonly leftBytes?: number
  /** By which that got less. */
  readonly bytesPerHour?: number
}

/** As it is now, for the checkpoint. */
export function keptLagJson({ lagMs, log }: ChangesProgress, atMs = Date.now()): JsonValue {
  const budget = log?.budget?.kind === 'size' ? log.budget : undefined
  return {
    atMs,
    ...(lagMs === undefined ? {} : { lagMs: Math.round(lagMs) }),
    ...(budget === undefined ? {} : { leftBytes: budget.leftBytes }),
    ...(budget?.bytesPerHour === undefined ? {} : { bytesPerHour: budget.bytesPerHour }),
  }
}

/** Reads it back. */
export function keptLagOf(json: JsonValue | undefined): KeptLag | undefined {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return undefined
  const { atMs, lagMs, leftBytes, bytesPerHour } = json as Readonly<Record<string, JsonValue>>
  if (typeof atMs !== 'number') return undefined
  return {
    atMs,
    ...(typeof lagMs === 'number' ? { lagMs } : {}),
    ...(typeof leftBytes === 'number' ? { leftBytes } : {}),
    ...(typeof bytesPerHour === 'number' ? { bytesPerHour } : {}),
  }
}

/** Half a minute of a log says little about the hours to come. */
const leastMs = 30_000

/**
 * The budget of a log that was asked once. A run knows how fast it shrinks; where none goes on, what has become of it since the
 * last one tells.
 */
export function budgetWithRate(
  log: LogStatus,
  kept: KeptLag | undefined,
  { isHeld, nowMs = Date.now() }: { readonly isHeld: boolean; readonly nowMs?: number },
): LogBudget | undefined {
  const budget = logBudgetOf(log)
  if (budget?.kind !== 'size' || kept === undefined) return budget
  if (isHeld) return growingBudget(budget, kept.bytesPerHour)
  const { atMs, leftBytes = 0 } = kept
  if (nowMs - atMs < leastMs) return budget
  return growingBudget(budget, ((leftBytes - budget.leftBytes) / (nowMs - atMs)) * 3_600_000)
}
