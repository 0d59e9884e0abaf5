import { PluginError } from '../plugin/errors.ts'
import type { ReportedError } from './job-report.ts'

/** An error as the user sees it. What is not a `PluginError` is a fault of ours, and says so. */
export function reportedError(error: unknown): ReportedError {
  if (PluginError.isInstance(error)) {
    return {
      code: error.code,
      message: error.message,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    }
  }
  return {
    code: 'INTERNAL',
    message: `unexpected ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`,
    hint: 'this is a fault in Millrace or a plugin: run again with --log-level debug and report it',
  }
}
