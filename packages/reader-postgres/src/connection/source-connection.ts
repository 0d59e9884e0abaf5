import { connect as connectSocket } from 'node:net'
import type { Duplex } from 'node:stream'
import { Client } from 'pg'
import { to as copyTo, type CopyToStreamQuery } from 'pg-copy-streams'
import type { DataSource } from '@millrace/core/plugin'
import { clientConfig, type Address } from './client-config.ts'
import { prepareSession } from './session-settings.ts'

/** What is used of the driver's client beyond its public type. */
interface ClientInternals {
  readonly processID: number | null
  readonly secretKey: number | null
  readonly connection: { readonly stream: Duplex }
}

/** One column of a result, as the protocol describes it. */
export interface ResultField {
  readonly name: string
  readonly dataTypeID: number
  readonly dataTypeModifier: number
  readonly tableID: number
  readonly columnID: number
}

/** A result whose cells are text as the server sent it. */
export interface TextResult {
  readonly fields: readonly ResultField[]
  readonly rows: readonly (readonly (string | null)[])[]
}

const cancelRequestCode = 80_877_102
const cancelTimeoutMs = 2000
const copyBufferBytes = 256 * 1024

/** A connection to one server. Whoever opened it closes it. */
export class SourceConnection {
  readonly address: Address
  readonly #client: Client
  #isBroken = false

  private constructor(client: Client, address: Address) {
    this.#client = client
    this.address = address
    // Without a listener the driver's report of a connection that died while idle would end the process.
    client.on('error', () => {
      this.#isBroken = true
    })
    client.on('end', () => {
      this.#isBroken = true
    })
  }

  /**
   * Connects and prepares the session.
   *
   * @throws the driver's error when the server cannot be reached or refuses; PluginError for a refused `session`.
   */
  static async open(
    source: DataSource,
    address: Address,
    sessionSql: readonly string[],
    signal: AbortSignal,
  ): Promise<SourceConnection> {
    const connection = new SourceConnection(new Client(clientConfig(source, address)), address)
    try {
      await connection.#abortable(signal, () => connection.#client.connect())
      await prepareSession((sql) => connection.query(sql, { signal }), source, sessionSql)
      return connection
    } catch (error) {
      connection.#destroy()
      throw error
    }
  }

  /** False once the connection died or was given up. */
  get isUsable(): boolean {
    return !this.#isBroken
  }

  /** Runs one statement; on abort it is cancelled on the server and the connection given up. */
  async query(
    sql: string,
    { signal, values }: { signal: AbortSignal; values?: readonly unknown[] },
  ): Promise<TextResult> {
    const result = await this.#abortable(signal, () =>
      this.#client.query({ text: sql, rowMode: 'array', values: values?.slice() ?? [] }),
    )
    return result as unknown as TextResult
  }

  /** Starts a `COPY … TO STDOUT`; the stream holds back the server when it is not read. */
  copy(sql: string): CopyToStreamQuery {
    const stream = this.#client.query(copyTo(sql, { highWaterMark: copyBufferBytes }))
    // After a broken connection the copy must not see what is left in the socket: it has let go of its buffers.
    stream.once('error', () => {
      this.#internals.connection.stream.removeAllListeners('readable')
    })
    return stream
  }

  /** Ends a connection that is at rest. */
  async close(): Promise<void> {
    if (this.#isBroken) return this.#destroy()
    this.#isBroken = true
    await this.#client.end().catch(() => undefined)
    this.#destroy()
  }

  /**
   * Ends a connection whatever it is doing: asks the server to cancel the statement, so that nothing goes on there,
   * and drops the socket. Never fails.
   */
  async abandon(): Promise<void> {
    const wasBroken = this.#isBroken
    this.#isBroken = true
    if (!wasBroken) await this.#sendCancelRequest()
    this.#destroy()
  }

  get #internals(): ClientInternals {
    return this.#client as unknown as ClientInternals
  }

  async #abortable<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    signal.throwIfAborted()
    const onAbort = (): void => void this.abandon()
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      return await work()
    } catch (error) {
      signal.throwIfAborted()
      throw error
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  #destroy(): void {
    this.#isBroken = true
    const { stream } = this.#internals.connection
    stream.on('error', () => undefined)
    stream.destroy()
  }

  /** The server takes a cancel request unencrypted and unauthenticated: the key is the proof. */
  async #sendCancelRequest(): Promise<void> {
    const { processID, secretKey } = this.#internals
    if (processID === null || secretKey === null) return
    const request = Buffer.alloc(16)
    request.writeInt32BE(16, 0)
    request.writeInt32BE(cancelRequestCode, 4)
    request.writeInt32BE(processID, 8)
    request.writeInt32BE(secretKey, 12)
    const { host, port } = this.address
    const socket = host.startsWith('/')
      ? connectSocket(`${host}/.s.PGSQL.${port}`)
      : connectSocket(port, host)
    await new Promise<void>((resolve) => {
      socket.setTimeout(cancelTimeoutMs, () => socket.destroy())
      socket.once('error', () => socket.destroy())
      socket.once('close', () => resolve())
      socket.once('connect', () => socket.end(request))
      socket.resume()
    })
  }
}
