import { PluginError, tlsFaultOf, type ErrorCode, type TlsSettings } from '@millrace/core/plugin'

/** What is known of an error of the server, or of the connection to it. */
export interface SourceFault {
  /** The server's error number; absent when the connection itself failed. */
  readonly code?: number
  /** `Unauthorized`, `CursorNotFound`. */
  readonly codeName?: string
  readonly message: string
  /** The connection was lost, or could not be made. */
  readonly isConnection: boolean
}

/** Numbers of the server's error codes (src/mongo/base/error_codes.yml). */
export const errorCode = {
  unauthorized: 13,
  authenticationFailed: 18,
  namespaceNotFound: 26,
  cursorNotFound: 43,
  noSuchCommand: 59,
  commandNotSupportedOnView: 166,
  snapshotTooOld: 239,
  snapshotUnavailable: 246,
} as const

const notPermitted = new Set<number>([errorCode.unauthorized, 8000])
const missingObject = new Set<number>([errorCode.namespaceNotFound])
const refused = new Set<number>([11, errorCode.authenticationFailed, 334])
/** After these the same read may succeed: the server goes down, steps down, is being elected, or forgot the cursor. */
const passing = new Set<number>([
  6,
  7,
  43,
  63,
  89,
  91,
  134,
  133,
  175,
  189,
  202,
  errorCode.snapshotTooOld,
  errorCode.snapshotUnavailable,
  262,
  317,
  9001,
  10_107,
  11_600,
  11_602,
  13_388,
  13_435,
  13_436,
])

const connectionErrors =
  /^Mongo(?:Network|NetworkTimeout|ServerSelection|PoolCleared|ConnectionPoolCleared|PoolClosed|TopologyClosed|ServerClosed|WaitQueueTimeout|NotConnected|Expired)/

/** Reads what an error thrown by the driver says; anything else keeps just its message. */
export function sourceFaultOf(error: unknown): SourceFault {
  if (typeof error !== 'object' || error === null) {
    return { message: String(error), isConnection: false }
  }
  const { code, codeName, message, name } = error as Record<string, unknown>
  const isConnection =
    (typeof name === 'string' && connectionErrors.test(name)) ||
    (typeof code === 'string' && /^E[A-Z]+$/.test(code))
  return {
    ...(typeof code === 'number' ? { code } : {}),
    ...(typeof codeName === 'string' ? { codeName } : {}),
    message: typeof message === 'string' && message !== '' ? message : 'the connection failed',
    isConnection,
  }
}

/** The code for a command that failed before any document was asked for. */
export function statementErrorCode({ code, isConnection }: SourceFault): ErrorCode {
  if (isConnection) return 'SOURCE_UNREACHABLE'
  if (code === undefined) return 'SOURCE_STATEMENT_INVALID'
  if (refused.has(code) || passing.has(code)) return 'SOURCE_UNREACHABLE'
  if (missingObject.has(code)) return 'SOURCE_OBJECT_MISSING'
  return notPermitted.has(code) ? 'SOURCE_NOT_PERMITTED' : 'SOURCE_STATEMENT_INVALID'
}

const hints: Partial<Record<ErrorCode, string>> = {
  SOURCE_UNREACHABLE: 'Check host, port, user, password and authDb of the data source.',
  SOURCE_NOT_PERMITTED: 'Grant the user the role "read" on the database.',
  SOURCE_STATEMENT_INVALID: 'Run the query by hand, mend it in the job.',
  SOURCE_FAILED: 'Run the job again.',
}

/**
 * The error for a command that failed before any document was asked for.
 *
 * @param doing - what was being done, to what: `describing collection orders`
 */
export function statementError(doing: string, error: unknown, hint?: string): PluginError {
  if (PluginError.isInstance(error)) return error
  const fault = sourceFaultOf(error)
  return sourceError(statementErrorCode(fault), doing, { fault, cause: error, hint })
}

/** The error for a source that failed while documents were asked for. */
export function readError(doing: string, error: unknown): PluginError {
  if (PluginError.isInstance(error)) return error
  return sourceError('SOURCE_FAILED', doing, { fault: sourceFaultOf(error), cause: error })
}

/** The error for a server that could not be connected to. `where` is the address, `tls` what it was tried with. */
export function connectError(where: string, error: unknown, tls?: TlsSettings): PluginError {
  if (PluginError.isInstance(error)) return error
  const doing = `connecting to ${where}`
  for (const reason of reasonsOf(error)) {
    const tlsFault = tlsFaultOf(reason)
    if (tlsFault === undefined) continue
    const { found, hint } = tlsFault
    const message = `${doing}: ${found}`
    return new PluginError({ code: 'SOURCE_UNREACHABLE', message, hint, cause: error })
  }
  const fault = sourceFaultOf(error)
  if (fault.code !== undefined && notPermitted.has(fault.code)) {
    return sourceError('SOURCE_NOT_PERMITTED', doing, { fault, cause: error })
  }
  const hint = loginHint(fault) ?? closedHint(fault, tls)
  return sourceError('SOURCE_UNREACHABLE', doing, { fault, cause: error, hint })
}

/** An error with what it came from; that of a selection has one for every server. */
function* reasonsOf(error: unknown): Generator<unknown> {
  yield error
  if (typeof error !== 'object' || error === null) return
  const { cause, reason } = error as { cause?: unknown; reason?: { servers?: unknown } }
  if (cause !== undefined) yield cause
  if (!(reason?.servers instanceof Map)) return
  for (const server of reason.servers.values()) {
    const { error: found } = server as { error?: { cause?: unknown } }
    if (found === undefined || found === null) continue
    yield found
    if (found.cause !== undefined) yield found.cause
  }
}

function loginHint({ code }: SourceFault): string | undefined {
  if (code !== errorCode.authenticationFailed) return undefined
  return 'Check user and password of the data source, and authDb: the database in which the user was made.'
}

/** A server with TLS closes plain connections without a word. */
function closedHint({ message }: SourceFault, tls: TlsSettings | undefined): string | undefined {
  if (tls !== undefined || !/closed|ECONNRESET|socket hang up/i.test(message)) return undefined
  return 'A server that takes connections over TLS only needs tls in the data source.'
}

function sourceError(
  code: ErrorCode,
  doing: string,
  {
    fault,
    cause,
    hint = hints[code],
  }: {
    readonly fault: SourceFault
    readonly cause: unknown
    readonly hint?: string | undefined
  },
): PluginError {
  return new PluginError({
    code,
    message: `${doing}: ${textOf(fault)}`,
    ...(hint === undefined ? {} : { hint }),
    isRetryable: fault.isConnection || (fault.code !== undefined && passing.has(fault.code)),
    cause,
  })
}

function textOf({ code, codeName, message }: SourceFault): string {
  if (code === undefined) return message
  return codeName === undefined || message.includes(codeName)
    ? `${message} (error ${code})`
    : `${message} (error ${code}, ${codeName})`
}
