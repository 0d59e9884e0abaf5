import { PluginError, tlsFaultOf, type ErrorCode } from '@millrace/core/plugin'

/** What is known of an error of the server or of the connection to it. */
export interface SourceFault {
  /** SQLSTATE of the server's error; absent when the connection itself failed. */
  readonly state?: string
  /** What the operating system says of a connection that failed: `ECONNREFUSED`. */
  readonly code?: string
  readonly message: string
}

/** Reads what an error thrown by the driver says; anything else keeps just its message. */
export function sourceFaultOf(error: unknown): SourceFault {
  if (typeof error !== 'object' || error === null) return { message: String(error) }
  const { code, message, severity, errors } = error as Record<string, unknown>
  // Node wraps the failures of all addresses of a host name in one error without a message.
  if (Array.isArray(errors) && errors.length > 0) return sourceFaultOf(errors[0])
  const text =
    [message, code].find((part): part is string => typeof part === 'string' && part !== '') ??
    'unknown error'
  if (typeof code !== 'string') return { message: text }
  return severity === undefined ? { code, message: text } : { state: code, message: text }
}

/**
 * States after which the same read may succeed: the connection is lost, the backend was terminated, the server goes down,
 * comes up or is full, a standby had to apply changes.
 */
const passing = /^(?:08|57P0[1235]|53300|40001)/
const lostConnection = /^E[A-Z]+$/
/** The driver gives these errors no code. */
const lostMessage = /^connection (?:terminated|ended)|timeout expired|is not queryable/i

function isPassing({ state, code = '', message }: SourceFault): boolean {
  if (state !== undefined) return passing.test(state)
  return lostConnection.test(code) || lostMessage.test(message)
}

/**
 * The code for a statement that failed before any row was asked for, by SQLSTATE
 * (PostgreSQL documentation, appendix A).
 */
export function statementErrorCode({ state }: SourceFault): ErrorCode {
  if (state === undefined || /^(?:08|28|57P|53)/.test(state)) return 'SOURCE_UNREACHABLE'
  if (['42P01', '42703', '3F000', '3D000'].includes(state)) return 'SOURCE_OBJECT_MISSING'
  return state === '42501' ? 'SOURCE_NOT_PERMITTED' : 'SOURCE_STATEMENT_INVALID'
}

const hints: Partial<Record<ErrorCode, string>> = {
  SOURCE_UNREACHABLE: 'Check host, port, user and password of the data source.',
  SOURCE_NOT_PERMITTED: 'Grant the user SELECT on what the job reads, and USAGE on its schema.',
  SOURCE_STATEMENT_INVALID: 'Run the statement by hand, mend it in the job.',
  SOURCE_FAILED: 'Run the job again.',
}

/**
 * The error for a statement that failed before any row was asked for.
 *
 * @param doing - what was being done, to what: `describing table shop.orders`
 */
export function statementError(doing: string, error: unknown, hint?: string): PluginError {
  if (PluginError.isInstance(error)) return error
  const fault = sourceFaultOf(error)
  return sourceError(statementErrorCode(fault), doing, fault, error, hint)
}

/** The error for a source that failed while rows were asked for. */
export function readError(doing: string, error: unknown): PluginError {
  if (PluginError.isInstance(error)) return error
  return sourceError('SOURCE_FAILED', doing, sourceFaultOf(error), error)
}

/** The error for a connection that could not be made. `where` is the address. */
export function connectError(where: string, error: unknown): PluginError {
  if (PluginError.isInstance(error)) return error
  const tlsFault = tlsFaultOf(error)
  if (tlsFault !== undefined) {
    const { found, hint } = tlsFault
    const message = `connecting to ${where}: ${found}`
    return new PluginError({ code: 'SOURCE_UNREACHABLE', message, hint, cause: error })
  }
  const fault = sourceFaultOf(error)
  const code = fault.state === '42501' ? 'SOURCE_NOT_PERMITTED' : 'SOURCE_UNREACHABLE'
  return sourceError(code, `connecting to ${where}`, fault, error, loginHint(fault))
}

/** What to do when the server refuses the way in which the connection was made. */
function loginHint({ message }: SourceFault): string | undefined {
  if (/start(?:ing)? (?:a )?wal ?sender|REPLICATION attribute/i.test(message))
    return 'Let the user follow changes: ALTER ROLE <user> REPLICATION (on Amazon RDS: GRANT rds_replication TO <user>).'
  if (/no pg_hba\.conf entry for .*, no encryption/.test(message))
    return 'The server may take this connection over TLS only: add tls: { ca: ... } to the data source.'
  if (message.includes('valid client certificate'))
    return 'Give a certificate that the server trusts, and its key, as tls.cert and tls.key (keystoreFile).'
  if (message.includes('certificate authentication failed'))
    return 'Give the certificate that was issued for this user: its common name has to be that of the user.'
  return undefined
}

function sourceError(
  code: ErrorCode,
  doing: string,
  fault: SourceFault,
  cause: unknown,
  hint = hints[code],
): PluginError {
  const state = fault.state === undefined ? '' : ` (SQLSTATE ${fault.state})`
  return new PluginError({
    code,
    message: `${doing}: ${fault.message}${state}`,
    ...(hint === undefined ? {} : { hint }),
    isRetryable: isPassing(fault),
    cause,
  })
}
