import { connect as connectSocket } from 'node:net'
import type pg from 'pg'
import { closeClient } from './close-client.ts'

const cancelRequestCode = 80_877_102
const cancelTimeoutMs = 2_000

/** What is used of the driver's client beyond its public type. */
interface ClientInternals {
  readonly processID: number | null
  readonly secretKey: number | null
}

/**
 * Lets go of `client` at once and asks its server to cancel what it was running; without that the server goes on
 * sorting, or waiting for a lock, for a client that is gone. Resolves when the server has been told. Never rejects: a
 * server that can't be reached has nothing left to cancel.
 */
export async function cancelQuery(client: pg.Client): Promise<void> {
  closeClient(client)
  const { processID, secretKey } = client as unknown as ClientInternals
  if (processID === null || secretKey === null) return
  // The server takes this request unencrypted and without a login: the key is the proof.
  const request = Buffer.alloc(16)
  request.writeInt32BE(request.length, 0)
  request.writeInt32BE(cancelRequestCode, 4)
  request.writeInt32BE(processID, 8)
  request.writeInt32BE(secretKey, 12)
  await send(request, client)
}

async function send(request: Buffer, { host, port }: pg.Client): Promise<void> {
  const socket = host.startsWith('/')
    ? connectSocket(`${host}/.s.PGSQL.${port}`)
    : connectSocket(port, host)
  await new Promise<void>((resolve) => {
    socket.setTimeout(cancelTimeoutMs, () => socket.destroy())
    socket.once('error', () => socket.destroy())
    socket.once('close', () => resolve())
    socket.once('connect', () => socket.end(request))
    // The server answers nothing and closes once it has acted; only a socket that is read notices.
    socket.resume()
  })
}

/**
 * Runs `work`, which waits for `client`. An abort cancels what the server is doing, however long that would block,
 * lets go of the client and rejects with the signal's reason.
 */
export async function abortable<T>(
  client: pg.Client,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  signal.throwIfAborted()
  let cancelled: Promise<void> | undefined
  const abort = () => {
    cancelled = cancelQuery(client)
  }
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await work()
  } catch (error) {
    await cancelled
    signal.throwIfAborted()
    throw error
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
