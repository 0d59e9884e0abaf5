import type { JobCounters } from './job-counters.ts'

/** Whether a run gets on, and what keeps it from doing so. */
export interface RunHealth {
  readonly isHealthy: boolean
  /** One for each job that does not get on: `shop: …`. */
  readonly reasons: readonly string[]
}

/** A run that has stood still for longer is not healthy, in milliseconds. A source without changes is heard of every 10 s. */
export const longestStandstillMs = 60_000

/** Looks at the numbers of a run. Times are of `performance.now`. */
export function runHealth(counters: JobCounters, nowMs = performance.now()): RunHealth {
  const reasons = counters.parts.flatMap((part) => {
    const reason = standstillOf(part, nowMs)
    return reason === undefined ? [] : [`${part.job}: ${reason}`]
  })
  return { isHealthy: reasons.length === 0, reasons }
}

function standstillOf(counters: JobCounters, nowMs: number): string | undefined {
  const { failure, retrying, waitingSinceMs, phase, changes } = counters
  if (failure !== undefined) return `has failed: ${failure}`
  const isLong = (sinceMs: number) => nowMs - sinceMs > longestStandstillMs
  const seconds = (sinceMs: number) => Math.round((nowMs - sinceMs) / 1000)
  if (retrying !== undefined && isLong(retrying.sinceMs))
    return `the source has not been read for ${seconds(retrying.sinceMs)} s: ${retrying.reason}`
  if (waitingSinceMs !== undefined && isLong(waitingSinceMs))
    return `the target has not answered for ${seconds(waitingSinceMs)} s`
  if (phase === 'changes' && isLong(changes.movedAtMs))
    return `no batch, heartbeat or settlement for ${seconds(changes.movedAtMs)} s`
  return undefined
}
