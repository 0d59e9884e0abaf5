import { AssertionError } from 'node:assert'

/** One promise of the contract, and how to see whether a plugin keeps it. */
export interface ConformanceCase<H> {
  /** The promise in a few words (`split coverage`): every failure of the case begins with it. */
  readonly promise: string
  /** What is tried; with `promise` the name of the test. */
  readonly name: string
  /** Why the case is not for this plugin: what it does not declare, or what the harness says its source lacks. */
  skipReason(harness: H): string | undefined
  /** Rejects with an `AssertionError` whose message begins with `promise` and tells what was found instead. */
  run(harness: H): Promise<void>
}

/** What a case is made of; without `skipReason` it is for every plugin. */
export type CaseDefinition<H> = Omit<ConformanceCase<H>, 'skipReason'> &
  Partial<Pick<ConformanceCase<H>, 'skipReason'>>

/** Makes a case whose failures name its promise, whoever throws them. */
export function conformanceCase<H>(definition: CaseDefinition<H>): ConformanceCase<H> {
  const { promise, name, skipReason = () => undefined, run } = definition
  return {
    promise,
    name,
    skipReason,
    async run(harness) {
      try {
        await run(harness)
      } catch (error) {
        throw broken(promise, originOf(error))
      }
    },
  }
}

/** What went wrong first: whatever fails while things are put away behind it suppresses it. */
function originOf(error: unknown): unknown {
  let origin = error
  while (origin instanceof Error && origin.name === 'SuppressedError' && 'suppressed' in origin)
    origin = origin.suppressed
  return origin
}

function broken(promise: string, error: unknown): AssertionError {
  const isAssertion = error instanceof AssertionError
  const found = error instanceof Error ? error.message : String(error)
  const message = `${promise}: ${isAssertion ? found : `a call failed: ${found}`}`
  return Object.assign(new AssertionError({ message }), { cause: error })
}

/**
 * What registers tests: `test` or `it` of vitest, of `node:test`, or anything of that form. A third argument, how long the
 * test may take in milliseconds, is for runners that want it there and ignored by others.
 */
export interface TestFunction {
  (name: string, run: () => Promise<void>, timeoutMs?: number): unknown
  skip(name: string, run: () => Promise<void>): unknown
}

/** Where the cases go. */
export interface RunCasesOptions {
  readonly test: TestFunction
}

/** How long one case may take; each of its steps has a limit of its own. */
const caseTimeoutMs = 120_000

/** Registers every case as one test; one that is not for the plugin as a skipped test that says why. */
export function registerCases<H>(
  cases: readonly ConformanceCase<H>[],
  harness: H,
  { test }: RunCasesOptions,
): void {
  for (const one of cases) {
    const name = `${one.promise}: ${one.name}`
    const reason = one.skipReason(harness)
    const run = () => one.run(harness)
    if (reason === undefined) test(name, run, caseTimeoutMs)
    else test.skip(`${name} (skipped: ${reason})`, run)
  }
}
