import { expect } from 'vitest'
import type { CommandResult, RunResult } from './job-folder.ts'

/** A password that no message may show. */
export const recognisablePassword = 'pw-Tr0ub4dor-3'

/** What a clear answer to a mistake looks like. */
export interface ClearError {
  readonly exitCode: number
  /** All of these stand in the output: what, where, what was expected, what to do. */
  readonly mentions: readonly (string | RegExp)[]
  /** Code of the report, when one is written. */
  readonly code?: string
}

/** Asserts the exit code, the message, and that neither a stack nor a secret is shown anywhere. */
export function expectClearError(result: CommandResult | RunResult, expected: ClearError): void {
  const report = 'report' in result ? result.report : undefined
  const output = result.stdout + result.stderr
  for (const mention of expected.mentions) {
    if (typeof mention === 'string') expect(output).toContain(mention)
    else expect(output).toMatch(mention)
  }
  expect(result.exitCode, output).toBe(expected.exitCode)
  expectNoLeak(result)
  if (expected.code !== undefined) {
    expect(report?.code, output).toBe(expected.code)
    expect(report?.exitCode).toBe(expected.exitCode)
    expect(output).toContain(`[${expected.code}]`)
  }
}

/** Asserts that no output shows a stack trace, an internal error or {@link recognisablePassword}. */
export function expectNoLeak(result: CommandResult | RunResult): void {
  const report = 'report' in result ? JSON.stringify(result.report ?? null) : ''
  const everything = `${result.stdout}\n${result.stderr}\n${report}`
  expect(everything).not.toMatch(/\n\s+at /)
  expect(everything).not.toContain('INTERNAL')
  expect(everything).not.toContain(recognisablePassword)
}
