import { PluginError, tlsFaultOf } from '@millrace/core/plugin'
import type { BulkConnection } from '../resp/bulk-connection.ts'
import { RespError } from '../resp/resp-error.ts'
import { targetText, type RedisAddress, type RedisConnectionOptions } from './connection-options.ts'
import { serverAddresses } from './find-primary.ts'
import { loginCommands } from './login.ts'
import { openConnection, type OpenConnectionOptions } from './open-connection.ts'
import {
  classifyError,
  databaseOutOfRange,
  notPermitted,
  refusedLogin,
  retryable,
  unreachable,
} from './server-errors.ts'

/** Callbacks of the connection, its name, and the signal that ends the attempt. */
export interface OpenBulkOptions extends OpenConnectionOptions {
  /** Name that the connection has on the server. */
  readonly clientName: string
}

/**
 * Opens the connection for bulk data: first address that answers (with Sentinel: the primary), login, database, name.
 *
 * @throws PluginError TARGET_UNREACHABLE (with `isRetryable` where the same call may succeed later), TARGET_UNFIT,
 * TARGET_NOT_PERMITTED; or the reason of the signal
 */
export async function openBulk(
  connection: RedisConnectionOptions,
  options: OpenBulkOptions,
): Promise<BulkConnection> {
  let failure: unknown
  for (const address of await serverAddresses(connection, options.signal)) {
    try {
      return await openAt(address, connection, options)
    } catch (error) {
      options.signal.throwIfAborted()
      if (PluginError.isInstance(error) && !error.isRetryable) throw error
      failure = error
    }
  }
  throw failure
}

async function openAt(
  address: RedisAddress,
  connection: RedisConnectionOptions,
  options: OpenBulkOptions,
): Promise<BulkConnection> {
  const target = targetText(connection, [address])
  let isOpen = false
  let bulk: BulkConnection | undefined
  const onAbort = () => bulk?.close()
  // Before the handshake is through the caller learns of a loss by the rejection.
  const onLost = (error: Error) => {
    if (isOpen) options.onLost(error)
  }
  try {
    bulk = await openConnection(address, connection, { ...options, onLost })
    options.signal.addEventListener('abort', onAbort, { once: true })
    await shakeHands(bulk, { connection, target, clientName: options.clientName })
    isOpen = true
    return bulk
  } catch (error) {
    bulk?.close()
    options.signal.throwIfAborted()
    if (PluginError.isInstance(error)) throw error
    const failed = unreachable(target, error)
    // What is wrong with a certificate stays wrong.
    throw tlsFaultOf(error) === undefined ? retryable(failed) : failed
  } finally {
    options.signal.removeEventListener('abort', onAbort)
  }
}

async function shakeHands(
  bulk: BulkConnection,
  {
    connection,
    target,
    clientName,
  }: { connection: RedisConnectionOptions; target: string; clientName: string },
): Promise<void> {
  const { user, password, database } = connection
  const login = loginCommands(user, password)
  const select = database === 0 ? [] : [['SELECT', String(database)]]
  const replies = await bulk.call([
    ...login,
    ...select,
    ['CLIENT', 'SETNAME', clientName],
    ['CLIENT', 'ID'],
  ])
  const loginReply = login.length > 0 ? replies.shift() : undefined
  if (loginReply instanceof RespError) throw loginError(loginReply, target)
  const selectReply = select.length > 0 ? replies.shift() : undefined
  if (selectReply instanceof RespError) throw selectError(selectReply, database, target)
  // Proxies may know neither name nor id: both only help. But a missing password shows here.
  const [nameReply, idReply] = replies
  if (nameReply instanceof RespError && nameReply.code === 'NOAUTH')
    throw refusedLogin(target, nameReply)
  if (nameReply instanceof RespError && /max number of clients/.test(nameReply.message))
    throw retryable(unreachable(target, new Error(nameReply.message)))
  if (typeof idReply === 'number') bulk.clientId = idReply
}

function loginError(error: RespError, target: string): PluginError {
  const isPassing =
    classifyError(error) === 'retryable' || /max number of clients/.test(error.message)
  return isPassing
    ? retryable(unreachable(target, new Error(error.message)))
    : refusedLogin(target, error)
}

function selectError(error: RespError, database: number, target: string): PluginError {
  if (error.code === 'NOPERM') return notPermitted('SELECT', target, error.message)
  if (error.code === 'NOAUTH') return refusedLogin(target, error)
  if (classifyError(error) === 'retryable' || /max number of clients/.test(error.message))
    return retryable(unreachable(target, new Error(error.message)))
  return databaseOutOfRange(database, target, undefined)
}
