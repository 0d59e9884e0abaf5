import { registerCases, type ConformanceCase, type RunCasesOptions } from './conformance-case.ts'
import { schemaCases } from './schema-cases.ts'
import type { WriterHarness } from './writer-harness.ts'
import { writerLifetimeCases } from './writer-lifetime-cases.ts'
import { writerRowCases } from './writer-row-cases.ts'

/** Every promise of a writer that the suite can see. */
export const writerCases: readonly ConformanceCase<WriterHarness>[] = [
  ...schemaCases,
  ...writerRowCases,
  ...writerLifetimeCases,
]

/**
 * Registers the cases of a writer as tests.
 *
 * @example
 * ```ts
 * import { test } from 'node:test'
 * runWriterCases(harness, { test })
 * ```
 */
export function runWriterCases(harness: WriterHarness, options: RunCasesOptions): void {
  registerCases(writerCases, harness, options)
}
