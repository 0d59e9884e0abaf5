import { AssertionError } from 'node:assert'
import type { ConformanceCase } from '../../src/index.ts'

/** A plugin that breaks one promise, in a harness that tries it. */
export interface Mutant<H> {
  readonly name: string
  /** The promise it breaks. */
  readonly breaks: string
  /** What the failure says behind the promise. */
  readonly says: RegExp
  /** Breaks the plugin of a harness, or its source in a way that only a plugin could. */
  readonly breaking: (harness: H) => H
}

/** A case that failed, and what it said. */
export interface Failure {
  readonly title: string
  readonly message: string
}

/** Runs the cases of the promise that a mutant breaks; rejects when one fails with what is not meant for people. */
export async function failuresOf<H>(
  cases: readonly ConformanceCase<H>[],
  mutant: Mutant<H>,
  harness: H,
): Promise<readonly Failure[]> {
  const failures: Failure[] = []
  for (const one of cases.filter(({ promise }) => promise === mutant.breaks)) {
    // Anew for every case: what one broken session left must not fail the next one.
    const broken = mutant.breaking(harness)
    if (one.skipReason(broken) !== undefined) continue
    try {
      await one.run(broken)
    } catch (error) {
      if (!(error instanceof AssertionError)) throw error
      failures.push({ title: `${one.promise}: ${one.name}`, message: error.message })
    }
  }
  return failures
}
