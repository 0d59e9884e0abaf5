import { BulkConnection, type BulkConnectionOptions } from '../resp/bulk-connection.ts'
import { openSocket } from '../resp/open-socket.ts'
import {
  connectTimeoutMs,
  type RedisAddress,
  type RedisConnectionOptions,
} from './connection-options.ts'

/** What a connection calls, and the signal that ends the attempt to open it. */
export interface OpenConnectionOptions extends Pick<BulkConnectionOptions, 'onLost' | 'onDrain'> {
  readonly signal: AbortSignal
}

/**
 * Opens a connection to one address, without login.
 *
 * @throws Error of the system, one that says so when no answer comes in time, or the reason of the signal
 */
export async function openConnection(
  address: RedisAddress,
  connection: RedisConnectionOptions,
  { signal, onLost, onDrain }: OpenConnectionOptions,
): Promise<BulkConnection> {
  const { tls } = connection
  const timeoutMs = connectTimeoutMs(connection)
  const opening = openSocket(address, { ...(tls === undefined ? {} : { tls }), timeoutMs, signal })
  const socket = await (tls === undefined ? opening : opening.catch(withTlsTimeout))
  return new BulkConnection(socket, { timeoutMs: connection.timeoutMs, onLost, onDrain })
}

/** A Redis without TLS waits for the end of a line in what it takes for a command, and says nothing. */
function withTlsTimeout(error: unknown): never {
  const isTimeout = error instanceof Error && error.message.startsWith('no answer within')
  throw isTimeout
    ? new Error(`${error.message} to the TLS handshake: the port may not speak TLS`, {
        cause: error,
      })
    : error
}
