import { PluginError, type ErrorCode } from '@millrace/core/plugin'

/** What is read of an error of the driver: a message of the server has a five-letter SQLSTATE as `code`. */
interface DriverError {
  readonly message: string
  readonly code?: string
  readonly position?: string
  readonly hint?: string
  readonly errors?: readonly DriverError[]
}

/** SQLSTATE of a server message, or the system's code (`ECONNREFUSED`); empty when there is none. */
export function codeOf(error: unknown): string {
  return asDriverError(error).code ?? ''
}

/** Position in the statement the server complains about, from 1. */
export function positionOf(error: unknown): number | undefined {
  const { position } = asDriverError(error)
  return position === undefined ? undefined : Number(position)
}

/** Message of the server or the system; values of rows are left out. */
export function messageOf(error: unknown): string {
  const { message, errors, code } = asDriverError(error)
  const text = message !== '' ? message : (errors?.[0]?.message ?? code ?? 'unknown error')
  const mayHoldValues = code !== undefined && /^2[23]...$/.test(code)
  return mayHoldValues ? text.replaceAll(/"(?:[^"]|"")*"/g, '"…"') : text
}

function asDriverError(error: unknown): DriverError {
  return error instanceof Error ? (error as DriverError) : { message: String(error) }
}

/** A connection that could not be made. `address` is `host:port`. */
export function connectError(error: unknown, address: string, user: string | undefined): Error {
  if (PluginError.isInstance(error)) return error
  const code = codeOf(error)
  const message = messageOf(error)
  if (code === '42501') {
    return pluginError('SOURCE_NOT_PERMITTED', `PostgreSQL at ${address}: ${message}`, error)
  }
  if (code.startsWith('28') || message.startsWith('SASL')) {
    const who = user === undefined ? 'the user' : `user "${user}"`
    const why = message.startsWith('SASL') ? 'a password is needed' : message
    return new PluginError({
      code: 'SOURCE_UNREACHABLE',
      message: `PostgreSQL at ${address} refused ${who}: ${why}`,
      hint: 'Check user and password of the data source, and pg_hba.conf of the server.',
      cause: error,
    })
  }
  return new PluginError({
    code: 'SOURCE_UNREACHABLE',
    message: `cannot connect to PostgreSQL at ${address}: ${message}`,
    hint:
      code === '3D000'
        ? 'Check the database name of the data source.'
        : 'Check host and port of the data source, and that the server runs and lets this machine in.',
    isRetryable: code !== '3D000',
    cause: error,
  })
}

/** A statement that the server refused before any row flowed. `what` says which, such as `where`. */
export function statementError(error: unknown, what: string, address: string): Error {
  if (PluginError.isInstance(error)) return error
  const code = codeOf(error)
  const message = `${what}: ${messageOf(error)} (PostgreSQL at ${address})`
  if (code === '42501') {
    return new PluginError({
      code: 'SOURCE_NOT_PERMITTED',
      message,
      hint: 'Grant the user of the data source what is missing: GRANT SELECT ON … TO …',
      cause: error,
    })
  }
  if (code === '42P01' || code === '42703' || code === '3F000') {
    return pluginError('SOURCE_OBJECT_MISSING', message, error)
  }
  const isStatement = /^(42|22|21|0A|25|2F|38|39|P0)/.test(code)
  return pluginError(isStatement ? 'SOURCE_STATEMENT_INVALID' : 'SOURCE_FAILED', message, error)
}

const readHints: Readonly<Record<string, string>> = {
  '40001': 'A standby cancelled the read: raise max_standby_streaming_delay there, or read from the primary.',
  '57014': 'The statement was cancelled on the server. Run the job again.',
  '57P01': 'Somebody ended the connection or stopped the server. Run the job again.',
  '22P05': 'A character has no equivalent in UTF-8. Convert the column in the job.',
}

/** A failure while rows were flowing. */
export function readError(error: unknown, table: string, address: string): Error {
  if (PluginError.isInstance(error)) return error
  const code = codeOf(error)
  const isData = code.startsWith('22')
  return new PluginError({
    code: 'SOURCE_FAILED',
    message: `reading ${table} from PostgreSQL at ${address} failed: ${messageOf(error)}`,
    hint:
      readHints[code] ??
      (isData
        ? 'A column expression or the condition fails for some row. Mend it, or leave those rows out by where.'
        : 'Check the server and its log, then run the job again.'),
    isRetryable: !isData,
    cause: error,
  })
}

function pluginError(code: ErrorCode, message: string, cause: unknown): PluginError {
  return new PluginError({ code, message, cause })
}
