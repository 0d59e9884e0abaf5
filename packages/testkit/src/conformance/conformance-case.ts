/** One promise of the contract, and how to see whether a plugin keeps it. */
export interface ConformanceCase<H> {
  /** The promise, in words: the name of the test. */
  readonly name: string
  /** Whether the plugin declares what the case needs, and the harness can show it. */
  appliesTo(harness: H): boolean
  /** Rejects with an error that names the broken promise. */
  run(harness: H): Promise<void>
}

/** What registers a test: `test` of vitest, of `node:test`, or anything of that form. */
export type TestFunction = (name: string, run: () => Promise<void>) => unknown

/** Where the cases go. */
export interface RunCasesOptions {
  readonly test: TestFunction
}

/** Registers every case that applies as one test. */
export function registerCases<H>(
  cases: readonly ConformanceCase<H>[],
  harness: H,
  { test }: RunCasesOptions,
): void {
  for (const one of cases) {
    if (one.appliesTo(harness)) test(one.name, () => one.run(harness))
  }
}
