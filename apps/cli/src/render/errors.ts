import { exitCodeOf } from '@millrace/core/plugin'
import { reportedError, type ReportedError } from '@millrace/core'
import type { CliLogger } from '../logger.ts'

/** Writes an error as `error CODE: message` with its hint below; the stack only at level debug. */
export function logError(error: ReportedError, logger: CliLogger): void {
  const hint = error.hint === undefined ? '' : `\n  ${error.hint}`
  logger.error(`[${error.code}] ${error.message}${hint}`)
}

/** Logs whatever was thrown and gives the exit code that belongs to it, of several errors that of the first. */
export function failWith(error: unknown, logger: CliLogger): number {
  if (error instanceof AggregateError && error.errors.length > 0)
    return error.errors.map((one) => failWith(one, logger))[0] ?? 1
  const reported = reportedError(error)
  logError(reported, logger)
  if (error instanceof Error && error.stack !== undefined) logger.debug(error.stack)
  return exitCodeOf(reported.code)
}
