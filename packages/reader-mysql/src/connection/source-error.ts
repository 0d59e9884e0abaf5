import { PluginError, tlsFaultOf, type ErrorCode, type TlsSettings } from '@millrace/core/plugin'

/** What is known of an error of the server or of the connection to it. */
export interface SourceFault {
  /** The server's error number; absent when the connection itself failed. */
  readonly errno?: number
  /** `ER_NO_SUCH_TABLE`, `ECONNREFUSED`. */
  readonly code?: string
  readonly message: string
}

const missingObject = new Set([1046, 1049, 1051, 1054, 1109, 1146, 1176, 1735])
const notPermitted = new Set([1044, 1142, 1143, 1227, 1345, 1356, 1370])
/** Errors of the server that end a connection or refuse a new one. */
const refused = new Set([
  1040, 1042, 1043, 1045, 1053, 1129, 1130, 1152, 1203, 1226, 1251, 1698, 1820, 1862, 1927, 3118,
  3159, 4031,
])
/** Errors of the server after which the same read may succeed: it ends a connection, goes down, comes up or is full. */
const passing = new Set([
  1040, 1053, 1077, 1079, 1152, 1158, 1159, 1160, 1161, 1184, 1203, 1226, 1927, 3168, 3169, 4031,
])
/** What the operating system says of a connection, or the driver of one that it lost. */
const lostConnection = /^(?:E[A-Z]+|PROTOCOL_CONNECTION_LOST)$/

/** Reads what an error thrown by the driver says; anything else keeps just its message. */
export function sourceFaultOf(error: unknown): SourceFault {
  if (typeof error !== 'object' || error === null) return { message: String(error) }
  const { errno, code, message, sqlMessage } = error as Record<string, unknown>
  const text = sqlMessage ?? message
  return {
    ...(typeof errno === 'number' && errno > 0 ? { errno } : {}),
    ...(typeof code === 'string' ? { code } : {}),
    message: typeof text === 'string' && text !== '' ? text : 'the connection failed',
  }
}

/** The code for a statement that failed before any row was asked for. */
export function statementErrorCode(fault: SourceFault): ErrorCode {
  const { errno } = fault
  if (errno === undefined || refused.has(errno)) return 'SOURCE_UNREACHABLE'
  if (missingObject.has(errno)) return 'SOURCE_OBJECT_MISSING'
  return notPermitted.has(errno) ? 'SOURCE_NOT_PERMITTED' : 'SOURCE_STATEMENT_INVALID'
}

const hints: Partial<Record<ErrorCode, string>> = {
  SOURCE_UNREACHABLE: 'Check host, port, user and password of the data source.',
  SOURCE_NOT_PERMITTED: 'Grant the user SELECT on what the job reads.',
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

/** The error for a connection that could not be made. `where` is the address, `tls` what it was tried with. */
export function connectError(where: string, error: unknown, tls?: TlsSettings): PluginError {
  if (PluginError.isInstance(error)) return error
  const tlsFault = tlsFaultOf(error)
  if (tlsFault !== undefined) {
    const { found, hint } = tlsFault
    const message = `connecting to ${where}: ${found}`
    return new PluginError({ code: 'SOURCE_UNREACHABLE', message, hint, cause: error })
  }
  const fault = sourceFaultOf(error)
  const code =
    fault.errno !== undefined && notPermitted.has(fault.errno)
      ? 'SOURCE_NOT_PERMITTED'
      : 'SOURCE_UNREACHABLE'
  return sourceError(code, `connecting to ${where}`, fault, error, loginHint(fault, tls))
}

const accessDenied = 1045
const secureTransportRequired = 3159

/** The server says no more than this to a user who has to come over TLS, or with a certificate. */
function loginHint({ errno }: SourceFault, tls: TlsSettings | undefined): string | undefined {
  if (errno === secureTransportRequired)
    return 'The server takes connections over TLS only: add tls: { ca: ... } to the data source.'
  if (errno !== accessDenied || tls?.cert !== undefined) return undefined
  const needed =
    tls === undefined
      ? 'A user made with REQUIRE SSL, or a server with require_secure_transport, needs tls.'
      : 'A user made with REQUIRE X509 needs tls.cert and tls.key (keystoreFile).'
  return `Check user and password of the data source. ${needed}`
}

function sourceError(
  code: ErrorCode,
  doing: string,
  fault: SourceFault,
  cause: unknown,
  hint = hints[code],
): PluginError {
  return new PluginError({
    code,
    message: `${doing}: ${textOf(fault)}`,
    ...(hint === undefined ? {} : { hint }),
    isRetryable: isPassing(fault),
    cause,
  })
}

function isPassing({ errno, code = '' }: SourceFault): boolean {
  return errno === undefined ? lostConnection.test(code) : passing.has(errno)
}

function textOf(fault: SourceFault): string {
  if (fault.errno !== undefined) return `${fault.message} (error ${fault.errno})`
  return fault.code === undefined || fault.message.includes(fault.code)
    ? fault.message
    : `${fault.message} (${fault.code})`
}
