import type { Duplex } from 'node:stream'
import type { Connection } from 'mysql2'
import type { DataSource } from '@millrace/core/plugin'
import {
  addressText,
  connectionOptions,
  sourceAddresses,
  type SourceAddress,
} from './connection-options.ts'
import { loadDriver } from './driver.ts'
import { connectError } from './source-error.ts'

/** One column of a statement, as the server describes it. */
export interface ColumnDefinition {
  readonly name: string
  readonly columnType: number
  readonly characterSet: number
  readonly columnLength: number
  readonly flags: number
  readonly decimals: number
  /** MariaDB: `uuid`, `inet6`, `point`. */
  readonly extendedTypeName?: string
  /** MariaDB: `json`. */
  readonly extendedFormat?: string
}

/** A row of a short answer: every cell as text. */
export type TextRow = readonly (string | null)[]

/** The part of the driver's connection that is used beyond its typed interface; pinned by the tests. */
interface DriverConnection {
  readonly stream: Duplex
  readonly threadId: number
}

type Listener = (...values: unknown[]) => void
const listenedEvents = ['data', 'error', 'close'] as const

/** An authenticated connection. Whoever opens it calls {@link SourceConnection.destroy}. */
export class SourceConnection {
  /** The address that answered: a query is cancelled there. */
  readonly address: SourceAddress
  readonly #connection: Connection
  #fault: Error | undefined
  /** Those of the driver, while another one reads the stream. */
  #listeners: readonly Listener[][] = []

  private constructor(connection: Connection, address: SourceAddress) {
    this.#connection = connection
    this.address = address
    connection.on('error', (error: Error) => {
      this.#fault ??= error
    })
  }

  /**
   * Tries the addresses of the data source in order.
   *
   * @throws PluginError SOURCE_UNREACHABLE, SOURCE_NOT_PERMITTED for the last address when none lets us in
   */
  static async open(
    dataSource: DataSource,
    signal: AbortSignal,
    addresses: readonly SourceAddress[] = sourceAddresses(dataSource),
  ): Promise<SourceConnection> {
    let lastError: unknown
    for (const address of addresses) {
      signal.throwIfAborted()
      try {
        return new SourceConnection(await connect(dataSource, address, signal), address)
      } catch (error) {
        signal.throwIfAborted()
        lastError = connectError(
          `${dataSource.type} at ${addressText(address)}${userText(dataSource)}`,
          error,
          dataSource.tls,
        )
      }
    }
    throw lastError
  }

  /** The server's id of this connection, for `KILL QUERY`. */
  get threadId(): number {
    return (this.#connection as unknown as DriverConnection).threadId
  }

  /** Whether the connection can still be used. */
  get isOpen(): boolean {
    return this.#fault === undefined && !this.#stream.destroyed
  }

  /** What ended the connection, when anything did. */
  get fault(): Error | undefined {
    return this.#fault
  }

  get #stream(): Duplex {
    return (this.#connection as unknown as DriverConnection).stream
  }

  /**
   * Hands over the decrypted stream, between two statements. The driver sees no byte of it from now on; afterwards
   * the connection can only be destroyed, or given the stream back.
   */
  takeStream(): Duplex {
    const stream = this.#stream
    this.#listeners = listenedEvents.map((event) => stream.rawListeners(event) as Listener[])
    stream.removeAllListeners('data')
    return stream
  }

  /** Goes on as it was before `takeStream`; the answer to what was asked there has been read whole. */
  giveBackStream(): void {
    const stream = this.#stream
    for (const [index, event] of listenedEvents.entries()) {
      const own = this.#listeners[index] ?? []
      const now = stream.rawListeners(event) as Listener[]
      for (const listener of now) if (!own.includes(listener)) stream.off(event, listener)
      for (const listener of own) if (!now.includes(listener)) stream.on(event, listener)
    }
    stream.resume()
  }

  /** Runs a statement with a short answer. On abort the connection is destroyed. Rejects with the driver's error. */
  query(sql: string, signal: AbortSignal): Promise<readonly TextRow[]> {
    return this.#run(signal, (settle) => {
      const typeCast = (field: { string(): string | null }) => field.string()
      this.#connection.query({ sql, rowsAsArray: true, typeCast }, (error, rows) => {
        settle(error, Array.isArray(rows) ? (rows as unknown as TextRow[]) : [])
      })
    })
  }

  /** The columns of a statement, which is prepared and not run. Rejects with the driver's error. */
  columnsOf(sql: string, signal: AbortSignal): Promise<readonly ColumnDefinition[]> {
    return this.#run(signal, (settle) => {
      this.#connection.prepare(sql, (error, statement) => {
        if (error !== null) return settle(error, [])
        const { columns } = statement as unknown as { columns: ColumnDefinition[] }
        // Closes it, and forgets its columns: a table may have others the next time.
        this.#connection.unprepare(sql)
        settle(null, columns)
      })
    })
  }

  /** Closes the connection without waiting for anything. */
  destroy(): void {
    this.#connection.destroy()
    this.#stream.destroy()
  }

  async #run<T>(
    signal: AbortSignal,
    start: (settle: (error: unknown, value: T) => void) => void,
  ): Promise<T> {
    signal.throwIfAborted()
    let abort = () => {}
    try {
      return await new Promise<T>((resolve, reject) => {
        abort = () => {
          this.destroy()
          reject(signal.reason as Error)
        }
        signal.addEventListener('abort', abort, { once: true })
        start((error, value) => (error === null ? resolve(value) : reject(error as Error)))
      })
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }
}

function userText(dataSource: DataSource): string {
  return dataSource.user === undefined ? '' : ` as ${dataSource.user}`
}

async function connect(
  dataSource: DataSource,
  address: SourceAddress,
  signal: AbortSignal,
): Promise<Connection> {
  const connection = loadDriver().createConnection(connectionOptions(dataSource, address))
  let abort = () => {}
  try {
    await new Promise<void>((resolve, reject) => {
      abort = () => reject(signal.reason as Error)
      signal.addEventListener('abort', abort, { once: true })
      connection.once('error', reject)
      connection.connect((error) => (error === null ? resolve() : reject(error)))
    })
    connection.removeAllListeners('error')
    return connection
  } catch (error) {
    connection.on('error', () => {})
    connection.destroy()
    throw error
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
