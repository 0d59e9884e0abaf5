import type { ConformanceCase, RunCasesOptions } from './conformance-case.ts'
import { registerCases } from './conformance-case.ts'
import { readerBatchCases } from './reader-batch-cases.ts'
import type { ReaderHarness } from './reader-harness.ts'
import { readerLifetimeCases } from './reader-lifetime-cases.ts'
import { readerPositionCases } from './reader-position-cases.ts'
import { readerSplitCases } from './reader-split-cases.ts'
import { schemaCases } from './schema-cases.ts'

/** Every promise of a reader that the suite can see. */
export const readerCases: readonly ConformanceCase<ReaderHarness>[] = [
  ...schemaCases,
  ...readerSplitCases,
  ...readerBatchCases,
  ...readerPositionCases,
  ...readerLifetimeCases,
]

/**
 * Registers the cases of a reader as tests.
 *
 * @example
 * ```ts
 * import { test } from 'vitest'
 * runReaderCases(harness, { test })
 * ```
 */
export function runReaderCases(harness: ReaderHarness, options: RunCasesOptions): void {
  registerCases(readerCases, harness, options)
}
