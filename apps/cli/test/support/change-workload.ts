import { setTimeout as sleep } from 'node:timers/promises'
import { isConflict, openChangeSession, type ChangeSession } from './change-session.ts'
import { ChangeTransactions, type Statement } from './change-transactions.ts'
import type { SourceKind } from './load-source.ts'
import { seededRandom } from './seeded-random.ts'

/** How much is written. */
export interface ChangeWorkloadOptions {
  readonly seed: number
  /** Changes of rows, of all connections together. */
  readonly changesPerSecond: number
  readonly durationMs: number
  readonly connections?: number
  /** Ends it before its time. */
  readonly signal?: AbortSignal
}

/**
 * What was written, roughly: numbers for people. What the tables hold and what happened in which order, the database alone knows;
 * ask its tables and its log (`readChangeLog`).
 */
export interface ChangeWorkloadSummary {
  readonly changes: number
  readonly commits: number
  readonly rollbacks: number
  readonly conflicts: number
  readonly largestTransaction: number
}

/** Writes mixed changes to the tables of `createChangeTables` at a steady rate. */
export async function runChangeWorkload(
  kind: SourceKind,
  url: string,
  options: ChangeWorkloadOptions,
): Promise<ChangeWorkloadSummary> {
  const { connections = 4, changesPerSecond, durationMs, seed, signal } = options
  const summary = { changes: 0, commits: 0, rollbacks: 0, conflicts: 0, largestTransaction: 0 }
  const startedMs = performance.now()
  const isOver = () => performance.now() - startedMs >= durationMs || signal?.aborted === true
  // One that writes a large transaction does not hold the others up.
  const isAhead = () =>
    summary.changes > (changesPerSecond * (performance.now() - startedMs)) / 1000
  const writers = Array.from({ length: connections }, async (_, index) => {
    await using session = await openChangeSession(kind, url)
    const transactions = new ChangeTransactions(kind, index, seededRandom(seed + index))
    while (!isOver()) {
      if (isAhead()) await sleep(5)
      else await writeTransaction(session, transactions.next(), summary)
    }
  })
  await Promise.all(writers)
  return summary
}

type Counts = { -readonly [key in keyof ChangeWorkloadSummary]: number }

async function writeTransaction(
  session: ChangeSession,
  statements: readonly Statement[],
  summary: Counts,
): Promise<void> {
  let changes = 0
  let changesAtSavepoint = 0
  try {
    for (const { sql, step } of statements) {
      const affected = await session.execute(sql)
      if (step === undefined) changes += affected
      else if (step === 'savepoint') changesAtSavepoint = changes
      else if (step === 'rollback to savepoint') changes = changesAtSavepoint
      else if (step === 'rollback') summary.rollbacks += 1
      else if (step === 'commit') {
        summary.commits += 1
        summary.changes += changes
        summary.largestTransaction = Math.max(summary.largestTransaction, changes)
      }
    }
  } catch (error) {
    if (!isConflict(error)) throw error
    await session.execute('ROLLBACK')
    summary.conflicts += 1
  }
}
