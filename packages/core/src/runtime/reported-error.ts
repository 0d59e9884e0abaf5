import { ownerOf } from '../job/plugin-fault.ts'
import { PluginError } from '../plugin/errors.ts'
import type { ReportedError } from './job-report.ts'

/** An error as the user sees it. What is not a `PluginError` is a fault of a plugin or of ours, and says whose. */
export function reportedError(error: unknown): ReportedError {
  if (PluginError.isInstance(error)) {
    return {
      code: error.code,
      message: error.message,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    }
  }
  const owner = ownerOf(error)
  return {
    code: 'INTERNAL',
    message: `${owner === undefined ? '' : `${owner}: `}unexpected ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`,
    hint: `this is a fault ${owner === undefined ? 'in Millrace' : 'of the plugin'}: run again with --log-level debug and report it`,
  }
}
