/** Places at which a run can be made to fail. */
export const failpoints = [
  'after-read',
  'after-encode',
  'after-send',
  'after-reply',
  'before-repair',
] as const

export type Failpoint = (typeof failpoints)[number]

/** What happens there: an exception, kill -9 of the process itself, ten seconds of nothing. */
export type FaultAction = 'throw' | 'kill' | 'hang'

/** What a command is to do to itself. */
export interface FaultOrder {
  readonly place: Failpoint
  readonly action: FaultAction
  /** Counts from 1. */
  readonly atReach: number
}

const module = new URL('failpoints.mjs', import.meta.url)

/**
 * Environment of a command that loads the hook; `rowsReadFile` gets a line with the row count of each batch read, a source that
 * fails is given up after `sourceDeadlineMs` without a row.
 */
export function hookEnvironment(options: {
  readonly fault?: FaultOrder
  readonly rowsReadFile?: string
  readonly sourceDeadlineMs?: number
}): Record<string, string> {
  const { fault, rowsReadFile, sourceDeadlineMs } = options
  return {
    NODE_OPTIONS: `--import=${module.href}`,
    ...(fault === undefined
      ? {}
      : { MILLRACE_TEST_FAILPOINT: `${fault.place}:${fault.action}:${fault.atReach}` }),
    ...(rowsReadFile === undefined ? {} : { MILLRACE_TEST_ROWS_READ: rowsReadFile }),
    ...(sourceDeadlineMs === undefined
      ? {}
      : { MILLRACE_TEST_SOURCE_DEADLINE_MS: String(sourceDeadlineMs) }),
  }
}
