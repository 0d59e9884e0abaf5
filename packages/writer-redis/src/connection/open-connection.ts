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
  const socket = await openSocket(address, {
    ...(connection.tls === undefined ? {} : { tls: connection.tls }),
    timeoutMs: connectTimeoutMs(connection),
    signal,
  })
  return new BulkConnection(socket, { timeoutMs: connection.timeoutMs, onLost, onDrain })
}
