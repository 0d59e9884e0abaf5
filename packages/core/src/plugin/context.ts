import type { DataSource } from './data-source.ts'
import type { ErrorCode } from './error-codes.ts'

/** Every call that waits takes a signal; after an abort it rejects with `signal.reason` and has let go of its connections. */
export interface CallOptions {
  /** Aborted when the result is no longer wanted; its `reason` is what the call rejects with. */
  readonly signal: AbortSignal
}

/** Where messages for people go. Never log a secret or a cell. */
export interface Logger {
  /** What helps to find a fault; shown at the log level `debug` alone. */
  debug(message: string): void
  /** What a user wants to know of a run that goes well. */
  info(message: string): void
  /** What a user should look at, though the job goes on. */
  warn(message: string): void
}

/** What the runtime gives a plugin for one job. */
export interface PluginContext {
  /** Name of the job, by which what it makes at a server can be told from that of others; absent outside of a job. */
  readonly job?: string
  /** Name of the step in the job file, for messages. */
  readonly step: string
  /** Where the plugin says what it does. */
  readonly logger: Logger
  /** IANA zone (or a fixed offset such as `GMT+8`) in which instants are rendered. Default `UTC`. */
  readonly timeZone: string
  /** Upper bound of splits that are read at the same time. */
  readonly concurrency: number
  /**
   * Resolved connections, in the order of `dataSources(config)`.
   */
  readonly dataSources: readonly DataSource[]
  /**
   * The job goes on with the changes of its source once the rows are read, until it is stopped: `check` looks at what that takes,
   * and a target that stays away is waited for without an end.
   */
  readonly follows?: boolean
}

/** One thing that was found wrong, or worth a warning, in a plugin's parameters. */
export interface Finding {
  /** An error stops the job before anything is written; a warning is shown. */
  readonly severity: 'error' | 'warning'
  /** What was found, and what was expected. */
  readonly message: string
  /** The next step for the user. */
  readonly hint?: string
  /** Path inside the plugin's parameters; empty for the step as a whole. */
  readonly path: readonly (string | number)[]
  /** Of an error that a server gives cause for, such as a right that is lacking; default CONFIG_INVALID. */
  readonly code?: ErrorCode
}
