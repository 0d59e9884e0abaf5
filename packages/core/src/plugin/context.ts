import type { DataSource } from './data-source.ts'
import type { ErrorCode } from './error-codes.ts'

/** Every call that waits takes a signal; after an abort it rejects with `signal.reason` and has let go of its connections. */
export interface CallOptions {
  readonly signal: AbortSignal
}

/** Where messages for people go. Never log a secret or a cell. */
export interface Logger {
  debug(message: string): void
  info(message: string): void
  warn(message: string): void
}

/** What the runtime gives a plugin for one job. */
export interface PluginContext {
  /** Name of the job, by which what it makes at a server can be told from that of others; absent outside of a job. */
  readonly job?: string
  /** Name of the step in the job file, for messages. */
  readonly step: string
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
