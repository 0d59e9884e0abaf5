import type { ConnectionOptions as TlsOptions } from 'node:tls'
import type { Redis } from 'ioredis'
import {
  connectTimeoutMs,
  targetText,
  type RedisAddress,
  type RedisConnectionOptions,
} from './connection-options.ts'
import { unreachable } from './server-errors.ts'

/** A connection for single commands, and where it leads. */
export interface ControlConnection extends Disposable {
  /** Sends a command. Rejects with an error whose message is the server's reply. */
  call(command: string, ...args: string[]): Promise<unknown>
  /** For messages. */
  readonly target: string
}

/** Begins to load the driver, which takes a tenth of a second, while the job still waits for its source. */
export function preloadControl(): void {
  // A driver that cannot be loaded is reported by the call that needs it.
  import('ioredis').catch(() => undefined)
}

/**
 * Opens the control path: the first address that answers, without login. It never connects again by itself. `ioredis` is
 * loaded only here, so that jobs and commands without a target do not wait for it.
 *
 * @throws PluginError TARGET_UNREACHABLE, or the reason of the signal
 */
export async function openControl(
  connection: RedisConnectionOptions,
  signal: AbortSignal,
): Promise<ControlConnection> {
  const { Redis: Client } = await import('ioredis')
  let failure: unknown
  for (const address of connection.addresses) {
    signal.throwIfAborted()
    const client = new Client(clientOptions(address, connection))
    try {
      return await connectClient(client, targetText(connection, [address]), signal)
    } catch (error) {
      client.disconnect()
      signal.throwIfAborted()
      failure = error
    }
  }
  throw failure
}

function clientOptions(address: RedisAddress, connection: RedisConnectionOptions) {
  const place =
    address.kind === 'unix'
      ? { path: address.path }
      : { host: address.host, port: address.port, ...tlsOptions(address.host, connection) }
  return {
    ...place,
    lazyConnect: true,
    connectTimeout: connectTimeoutMs(connection),
    commandTimeout: connection.timeoutMs,
    enableReadyCheck: false,
    // The newer protocol would begin with HELLO, before the login.
    protocol: 2 as const,
    enableOfflineQueue: false,
    disableClientInfo: true,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    reconnectOnError: () => false as const,
  }
}

function tlsOptions(host: string, { tls }: RedisConnectionOptions): { readonly tls?: TlsOptions } {
  if (tls === undefined) return {}
  return {
    tls: {
      rejectUnauthorized: tls.rejectUnauthorized,
      ...(tls.ca === undefined ? {} : { ca: tls.ca }),
      ...(tls.cert === undefined ? {} : { cert: tls.cert }),
      ...(tls.key === undefined ? {} : { key: tls.key }),
      ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
    },
  }
}

async function connectClient(
  client: Redis,
  target: string,
  signal: AbortSignal,
): Promise<ControlConnection> {
  // What the promise of connect rejects with is only that it is closed; the reason comes as an event.
  let reason: unknown
  client.on('error', (error) => {
    reason ??= error
  })
  const onAbort = () => client.disconnect()
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    await client.connect()
  } catch (error) {
    signal.removeEventListener('abort', onAbort)
    throw unreachable(target, reason ?? error)
  }
  return {
    target,
    call: async (command, ...args) => await client.call(command, ...args),
    [Symbol.dispose]: () => {
      signal.removeEventListener('abort', onAbort)
      client.disconnect()
    },
  }
}
