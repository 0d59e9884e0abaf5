/**
 * Every error code, with what the user can do about it. Codes are stable: the report carries them.
 * The exit code that belongs to each class stands in `exitCodeOf`.
 */
export const errorCodes = {
  /** The job, a data source file or a flag is wrong. Mend what the message points at. */
  CONFIG_INVALID: 2,
  /** A plugin is not installed, or two claim the same stepType. Run the install command of the message. */
  PLUGIN_MISSING: 2,
  /** A table, collection or column named in the job is not there. Compare with the name the message proposes. */
  SOURCE_OBJECT_MISSING: 2,
  /** A statement of the job (`where`, `querySql`, a column expression) is refused by the source. */
  SOURCE_STATEMENT_INVALID: 2,
  /** The source could not be reached or refused the credentials. */
  SOURCE_UNREACHABLE: 3,
  /** The source's user lacks a right the job needs. */
  SOURCE_NOT_PERMITTED: 3,
  /** The source failed while rows were flowing, and did not come back where it was waited for. Run the job again. */
  SOURCE_FAILED: 1,
  /** The target could not be reached or refused the credentials. */
  TARGET_UNREACHABLE: 3,
  /** The target's user lacks a right the job needs. */
  TARGET_NOT_PERMITTED: 3,
  /** The target cannot take this job: no such database, a replica, a missing command. */
  TARGET_UNFIT: 3,
  /** The target failed and did not come back before the retry deadline. */
  TARGET_FAILED: 3,
  /** Another run of the job holds its checkpoint, or has taken it over. Wait for it, or end it. */
  TARGET_FENCED: 3,
  /** What was acknowledged is no longer in the target, which went back in time. The runtime goes on from what it holds. */
  TARGET_REWOUND: 3,
  /** An earlier run did not end, and it was not said whether to go on or to begin anew; or the job is another one now. */
  RESUME_UNDECIDED: 2,
  /** More dirty records than `errorLimit` allows. Look at the dirty file. */
  DIRTY_LIMIT_PASSED: 1,
  /** What was read last is no longer in the source: the position is lost. */
  POSITION_LOST: 4,
  /** A fault in Millrace or a plugin. Please report it. */
  INTERNAL: 1,
} as const

/** A code of {@link errorCodes}. */
export type ErrorCode = keyof typeof errorCodes

/** The exit code of the command line for an error code. */
export function exitCodeOf(code: ErrorCode): number {
  return errorCodes[code]
}
