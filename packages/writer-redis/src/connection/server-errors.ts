import { PluginError, tlsFaultOf } from '@millrace/core/plugin'
import type { RespError } from '../resp/resp-error.ts'

/** What an error reply to a write means for its row or for the job. */
export type ErrorClass =
  /** The server cannot take writes now: the same command may succeed later. */
  | 'retryable'
  /** The key holds another type. */
  | 'wrong-type'
  /** No command of this job will ever succeed. */
  | 'fatal'
  /** This command is refused, others are not. */
  | 'row'

const retryableCodes = new Set([
  'LOADING',
  'OOM',
  'READONLY',
  'CLUSTERDOWN',
  'TRYAGAIN',
  'MASTERDOWN',
  'BUSY',
  'MISCONF',
  'NOREPLICAS',
])
const fatalCodes = new Set([
  'NOPERM',
  'NOAUTH',
  'WRONGPASS',
  'MOVED',
  'ASK',
  'CROSSSLOT',
  'NOPROTO',
])

/** What to do when a single Redis turns out to be part of a cluster. */
export const clusterHint =
  'Set "redisMode": "ClusterMode" in the writer, or name the nodes in "cluster" of the data source.'

/** Classifies an error reply. Errors from inside a script are recognised too. */
export function classifyError(error: RespError): ErrorClass {
  // RedisJSON has no code for it.
  if (error.message.includes('wrong Redis type')) return 'wrong-type'
  if (error.code === 'ERR') return classifyPlain(error.message)
  if (error.code === 'WRONGTYPE') return 'wrong-type'
  if (retryableCodes.has(error.code)) return 'retryable'
  return fatalCodes.has(error.code) ? 'fatal' : 'row'
}

function classifyPlain(message: string): ErrorClass {
  // Older servers wrap what a script met: "ERR Error running script …: @user_script:1: WRONGTYPE …".
  if (message.includes('WRONGTYPE ')) return 'wrong-type'
  if (message.includes('OOM command not allowed')) return 'retryable'
  if (message.includes("can't write against a read only")) return 'retryable'
  return /unknown command|can't run this command|operation not permitted|max number of clients/i.test(
    message,
  )
    ? 'fatal'
    : 'row'
}

/** As `classifyError`, where the job follows its keys through a cluster: a redirection is a passing fault there. */
export function classifyMoving(error: RespError, isMoving: boolean): ErrorClass {
  return isMoving && isRedirection(error) ? 'retryable' : classifyError(error)
}

/** Whether a cluster names another node for the keys of a command. */
export function isRedirection(error: RespError): boolean {
  return error.code === 'MOVED' || error.code === 'ASK'
}

/** The text of an error reply that may be shown: arguments, which are data, are cut off. */
export function shownText(error: RespError): string {
  const text = error.message.replace(/,? with args beginning with.*$/s, '')
  return text.length > 300 ? `${text.slice(0, 300)}…` : text
}

/** The error for a job that the server will never let write. */
export function fatalError(error: RespError, command: string, target: string): PluginError {
  const found = shownText(error)
  if (found.includes("can't run this command")) {
    return new PluginError({
      code: 'TARGET_NOT_PERMITTED',
      message: `${target} does not permit a command inside the script of ${command}: ${found}`,
      hint: 'Give the user the rule that check --connect prints.',
    })
  }
  if (error.code === 'NOPERM' || error.code === 'NOAUTH' || error.code === 'WRONGPASS') {
    return notPermitted(refusedCommand(found) ?? command, target, found)
  }
  if (error.code === 'MOVED' || error.code === 'ASK' || error.code === 'CROSSSLOT') {
    return new PluginError({
      code: 'TARGET_UNFIT',
      message: `${target} is a node of a Redis cluster, and the job takes it for a single Redis: ${command} was answered with ${error.code}`,
      hint: clusterHint,
    })
  }
  return new PluginError({
    code: 'TARGET_UNFIT',
    message: `${target} does not take ${command}: ${found}`,
    hint: `Use a server on which ${command} is not disabled or renamed.`,
  })
}

/** Which command the server says it refuses; it may be one that stands beside the one it answers. */
function refusedCommand(found: string): string | undefined {
  return /run the '([^'|]+)(?:\|([^']+))?' command/
    .exec(found)
    ?.slice(1)
    .filter(Boolean)
    .join(' ')
    .toUpperCase()
}

/** The error for a command that the user of the connection may not run. */
export function notPermitted(command: string, target: string, found: string): PluginError {
  return new PluginError({
    code: 'TARGET_NOT_PERMITTED',
    message: `${target} does not permit ${command}: ${found}`,
    hint: `Let the user run it: ACL SETUSER <user> +${command.toLowerCase().replace(' ', '|')}, and allow the keys of the job (~pattern).`,
  })
}

/** The error for credentials that the server refused. */
export function refusedLogin(target: string, error: RespError): PluginError {
  const isMissing = error.code === 'NOAUTH'
  return new PluginError({
    code: 'TARGET_UNREACHABLE',
    message: isMissing
      ? `${target} wants a password, and the data source has none: ${shownText(error)}`
      : `${target} refused the credentials: ${shownText(error)}`,
    hint: 'Correct user and password of the data source.',
  })
}

/** The error for a database that the server does not have. */
export function databaseOutOfRange(
  database: number,
  target: string,
  databaseCount: number | undefined,
): PluginError {
  const range =
    databaseCount === undefined
      ? ''
      : `: the server has ${databaseCount} databases (0 to ${databaseCount - 1})`
  return new PluginError({
    code: 'TARGET_UNFIT',
    message: `DB index is out of range: database ${database} was selected on ${target}${range}`,
    hint: 'Correct selectDatabase, or the database of the data source.',
  })
}

/** The error for a server that could not be reached. */
export function unreachable(target: string, cause: unknown): PluginError {
  const text = causeText(cause)
  const { found, hint } = tlsFaultOf(cause) ?? {
    found: text.includes('ECONNREFUSED') ? `the connection was refused (${text})` : text,
    hint: 'Check that the server runs, and host, port and TLS of the data source.',
  }
  return new PluginError({
    code: 'TARGET_UNREACHABLE',
    message: `cannot connect to Redis at ${target}: ${found}`,
    hint,
    cause,
  })
}

/** The same error as one that may be gone later. */
export function retryable(error: PluginError): PluginError {
  return new PluginError({
    code: error.code,
    message: error.message,
    isRetryable: true,
    cause: error.cause,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  })
}

function causeText(cause: unknown): string {
  // A name with several addresses, none of which answers: Node gives all reasons and no message.
  if (cause instanceof AggregateError) return cause.errors.map(causeText).join(', ')
  return cause instanceof Error ? cause.message : String(cause)
}

/** The error for a server that does not look through its keys, now or ever. */
export function scanError(error: RespError, target: string): PluginError {
  return classifyError(error) === 'retryable'
    ? retryable(unreachable(target, new Error(error.message)))
    : fatalError(error, 'SCAN', target)
}
