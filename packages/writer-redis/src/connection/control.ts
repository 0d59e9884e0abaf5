import type { BulkConnection } from '../resp/bulk-connection.ts'
import type { RespReply } from '../resp/reply-parser.ts'
import { RespError } from '../resp/resp-error.ts'
import { targetText, type RedisConnectionOptions } from './connection-options.ts'
import { serverAddresses } from './find-primary.ts'
import { openConnection } from './open-connection.ts'
import { unreachable } from './server-errors.ts'

/** A reply with bulk strings as text. */
export type TextReply = number | string | null | RespError | readonly TextReply[]

/** A connection for single commands, and where it leads. */
export interface ControlConnection extends Disposable {
  /** Sends a command; an error reply is a value. Rejects when the connection ends before the reply is there. */
  call(command: string, ...args: readonly string[]): Promise<TextReply>
  /** For messages. */
  readonly target: string
}

/**
 * Opens the control path: the first address that answers, without login. It never connects again by itself.
 *
 * @throws PluginError TARGET_UNREACHABLE, or the reason of the signal
 */
export async function openControl(
  connection: RedisConnectionOptions,
  signal: AbortSignal,
): Promise<ControlConnection> {
  let failure: unknown
  for (const address of await serverAddresses(connection, signal)) {
    const target = targetText(connection, [address])
    try {
      // A call that waits rejects when the connection is lost, and nothing else has to be told.
      const callbacks = { onLost: () => {}, onDrain: () => {} }
      const opened = await openConnection(address, connection, { signal, ...callbacks })
      return controlOver(opened, target, signal)
    } catch (error) {
      signal.throwIfAborted()
      failure = unreachable(target, error)
    }
  }
  throw failure
}

function controlOver(
  connection: BulkConnection,
  target: string,
  signal: AbortSignal,
): ControlConnection {
  const onAbort = () => connection.close()
  signal.addEventListener('abort', onAbort, { once: true })
  return {
    target,
    call: async (command, ...args) => {
      const [reply = null] = await connection.call([[command, ...args]])
      return inText(reply)
    },
    [Symbol.dispose]: () => {
      signal.removeEventListener('abort', onAbort)
      connection.close()
    },
  }
}

function inText(reply: RespReply): TextReply {
  if (Buffer.isBuffer(reply)) return reply.toString('utf8')
  return isArray(reply) ? reply.map(inText) : reply
}

function isArray(reply: RespReply): reply is readonly RespReply[] {
  return Array.isArray(reply)
}
