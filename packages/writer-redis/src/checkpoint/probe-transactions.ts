import type { Logger } from '@millrace/core/plugin'
import type { RedisConnectionOptions } from '../connection/connection-options.ts'
import { openBulk } from '../connection/open-bulk.ts'
import { classifyError, fatalError, retryable, unreachable } from '../connection/server-errors.ts'
import type { BulkConnection } from '../resp/bulk-connection.ts'
import type { RespReply } from '../resp/reply-parser.ts'
import { RespError } from '../resp/resp-error.ts'

/** What a target can do of what a checkpoint is made of. */
export interface TransactionSupport {
  readonly hasTransactions: boolean
  readonly hasScripts: boolean
  /** Whether rows and checkpoint can be one: transactions, watched keys, scripts. */
  readonly hasCheckpoint: boolean
}

/** What a probe needs to know. */
export interface ProbeOptions {
  readonly connection: RedisConnectionOptions
  readonly target: string
  /** Key of the checkpoint. */
  readonly key: string
  readonly logger: Logger
  readonly signal: AbortSignal
}

/**
 * Tries what a checkpoint needs, without changing anything. Proxies refuse such commands, or close the connection.
 *
 * @throws PluginError TARGET_NOT_PERMITTED that names the command, when a user may not run what the server knows; what
 * `openBulk` throws; or the reason of the signal
 */
export async function probeTransactions(options: ProbeOptions): Promise<TransactionSupport> {
  const { key } = options
  const missing: string[] = []
  const attempts = [
    [['WATCH', key]],
    [['MULTI'], ['EXEC']],
    [['EVAL', "return redis.call('HGET',KEYS[1],'run')", '1', key]],
  ]
  // Nearly always one round trip tells.
  if (await isKnown(attempts.flat(), options)) {
    return { hasTransactions: true, hasScripts: true, hasCheckpoint: true }
  }
  for (const commands of attempts) {
    if (!(await isKnown(commands, options))) missing.push(commands[0]?.[0] ?? '')
  }
  if (missing.length > 0) {
    options.logger.warn(
      `${options.target} does not take ${missing.join(', ')}, as proxies do: the job runs without a checkpoint, at least once, and cannot be resumed`,
    )
  }
  return {
    hasTransactions: !missing.includes('MULTI'),
    hasScripts: !missing.includes('EVAL'),
    hasCheckpoint: missing.length === 0,
  }
}

async function isKnown(
  commands: readonly (readonly string[])[],
  options: ProbeOptions,
): Promise<boolean> {
  const { target } = options
  // A connection of its own: one that is closed for a command tells of that command alone.
  const connection = await open(options)
  const onAbort = () => connection.close()
  options.signal.addEventListener('abort', onAbort, { once: true })
  let replies: readonly RespReply[]
  try {
    replies = await connection.call(commands)
  } catch (error) {
    options.signal.throwIfAborted()
    if (await answersPing(options)) return false
    throw retryable(unreachable(target, error))
  } finally {
    options.signal.removeEventListener('abort', onAbort)
    connection.close()
  }
  for (const [at, reply] of replies.entries()) {
    if (!(reply instanceof RespError)) continue
    const command = commands[at]?.[0] ?? ''
    if (['NOPERM', 'NOAUTH'].includes(reply.code)) throw fatalError(reply, command, target)
    // Another type of value under the key is told when the checkpoint is read.
    if (reply.code === 'WRONGTYPE') continue
    if (classifyError(reply) === 'retryable')
      throw retryable(unreachable(target, new Error(reply.message)))
    return false
  }
  return true
}

async function answersPing(options: ProbeOptions): Promise<boolean> {
  const connection = await open(options)
  try {
    await connection.call([['PING']])
    return true
  } catch {
    return false
  } finally {
    connection.close()
  }
}

async function open({ connection, signal }: ProbeOptions): Promise<BulkConnection> {
  const callbacks = { onLost: () => {}, onDrain: () => {} }
  return await openBulk(connection, { signal, clientName: 'millrace', ...callbacks })
}
