import { connect as connectPlain, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { TlsSettings } from '@millrace/core/plugin'
import type { RedisAddress } from '../connection/connection-options.ts'

/** How a socket is opened. */
export interface OpenSocketOptions {
  readonly tls?: TlsSettings
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/**
 * Opens a plain, TLS or unix socket.
 *
 * @throws Error of the system, one that says so when `timeoutMs` pass, or the reason of the signal
 */
export async function openSocket(
  address: RedisAddress,
  options: OpenSocketOptions,
): Promise<Socket> {
  options.signal.throwIfAborted()
  const socket = createSocket(address, options.tls)
  const event = options.tls === undefined ? 'connect' : 'secureConnect'
  await new Promise<void>((resolve, reject) => {
    const fail = (error: unknown) => {
      finish()
      socket.on('error', () => {})
      socket.destroy()
      reject(error)
    }
    const onAbort = () => fail(options.signal.reason)
    const onClose = () => fail(new Error('the connection was closed while it was being opened'))
    const onReady = () => {
      finish()
      resolve()
    }
    const timer = setTimeout(
      () => fail(new Error(`no answer within ${options.timeoutMs} ms`)),
      options.timeoutMs,
    )
    const finish = () => {
      clearTimeout(timer)
      options.signal.removeEventListener('abort', onAbort)
      socket.off(event, onReady)
      socket.off('error', fail)
      socket.off('close', onClose)
    }
    socket.once(event, onReady)
    socket.once('error', fail)
    socket.once('close', onClose)
    options.signal.addEventListener('abort', onAbort, { once: true })
  })
  return socket
}

function createSocket(address: RedisAddress, tls: TlsSettings | undefined): Socket {
  const place =
    address.kind === 'unix'
      ? { path: address.path }
      : { host: address.host, port: address.port, noDelay: true, keepAlive: true }
  if (tls === undefined) return connectPlain(place)
  return connectTls({
    ...place,
    rejectUnauthorized: tls.rejectUnauthorized,
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls.cert === undefined ? {} : { cert: tls.cert }),
    ...(tls.key === undefined ? {} : { key: tls.key }),
    // A server name may not be an address.
    ...(address.kind === 'tcp' && !/^[\d.]+$|:/.test(address.host)
      ? { servername: address.host }
      : {}),
  })
}
