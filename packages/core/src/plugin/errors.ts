import type { ErrorCode } from './error-codes.ts'

const marker = Symbol.for('millrace.PluginError')

/** What a {@link PluginError} is made of. */
export interface PluginErrorOptions {
  /** What went wrong, as reports and scripts know it; it decides the exit code. */
  readonly code: ErrorCode
  /** What was being done, to what, and what was found instead. Never a password, never row values. */
  readonly message: string
  /** The next step for the user: a command, a statement, a setting. */
  readonly hint?: string
  /** Whether the same call may succeed later without anybody changing anything. Default false. */
  readonly isRetryable?: boolean
  /** The error behind it, of the driver say; it may tell no secret either. */
  readonly cause?: unknown
}

/**
 * The one error that plugins throw for what ends or delays a job. A bad row is no error: it is returned as rejected.
 * Recognise it by {@link PluginError.isInstance}, never by `instanceof`: two copies of the package may be installed.
 *
 * @example
 * ```ts
 * function lostConnection(server: string, cause: Error): PluginError {
 *   return new PluginError({
 *     code: 'SOURCE_FAILED',
 *     message: `reading from ${server}: ${cause.message}`,
 *     hint: 'Is the server restarting?',
 *     isRetryable: true,
 *     cause,
 *   })
 * }
 * ```
 */
export class PluginError extends Error {
  /** What went wrong, as reports and scripts know it; it decides the exit code. */
  readonly code: ErrorCode
  /** The next step for the user, where one is known. */
  readonly hint: string | undefined
  /** Whether the same call may succeed later without anybody changing anything. */
  readonly isRetryable: boolean

  /** Makes an error from what is known of the fault. */
  constructor(options: PluginErrorOptions) {
    super(options.message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'PluginError'
    this.code = options.code
    this.hint = options.hint
    this.isRetryable = options.isRetryable ?? false
    Object.defineProperty(this, marker, { value: true })
  }

  /** Whether `error` is a `PluginError`, from this copy of the package or another. */
  static isInstance(error: unknown): error is PluginError {
    return typeof error === 'object' && error !== null && marker in error
  }
}
