import type { RedisConnectionOptions } from '../connection/connection-options.ts'
import { openBulk } from '../connection/open-bulk.ts'
import type { BulkConnection } from '../resp/bulk-connection.ts'

/** Callbacks of a {@link BulkLink}. */
export interface BulkLinkOptions {
  readonly connection: RedisConnectionOptions
  /** Name that the connection has on the server. */
  clientName(): string
  /** The open connection has ended by itself. */
  onLost(error: Error): void
  /** The connection takes more bytes again. */
  onDrain(): void
}

/**
 * The one connection of a pipeline, opened when it is needed and again after it was lost. Connections that were lost are
 * killed on the server before the new one is used, so that nothing they carried is applied afterwards.
 */
export class BulkLink {
  readonly #options: BulkLinkOptions
  #staleClients: { readonly id: number; readonly address: string }[] = []
  #current: BulkConnection | undefined
  #localAddress: string | undefined
  #hasConnected = false

  constructor(options: BulkLinkOptions) {
    this.#options = options
  }

  /** The open connection, if there is one. */
  get current(): BulkConnection | undefined {
    return this.#current
  }

  /** Whether there was ever a connection: what fails afterwards may be a passing fault. */
  get hasConnected(): boolean {
    return this.#hasConnected
  }

  /**
   * The open connection, or a new one.
   *
   * @throws what `openBulk` throws, or an Error when the new connection is lost at once
   */
  async open(signal: AbortSignal): Promise<BulkConnection> {
    if (this.#current !== undefined) return this.#current
    let opened: BulkConnection | undefined
    opened = await openBulk(this.#options.connection, {
      signal,
      clientName: this.#options.clientName(),
      onLost: (error) => {
        if (opened === undefined || opened !== this.#current) return
        this.forget()
        this.#options.onLost(error)
      },
      onDrain: () => this.#options.onDrain(),
    })
    // Two that wanted it at the same time opened one each.
    if (this.#current !== undefined) {
      opened.close()
      return this.#current
    }
    this.#current = opened
    // A socket that was lost does not tell any more.
    this.#localAddress = opened.localAddress
    this.#hasConnected = true
    if (this.#staleClients.length > 0) {
      // A server that never heard of it, or does not permit it, is no reason to stop. Ids alone would not do: a server
      // that was started anew, or another one, has given them to somebody else.
      await opened.call(
        this.#staleClients.map(({ id, address }) => [
          'CLIENT',
          'KILL',
          'ID',
          String(id),
          'ADDR',
          address,
        ]),
      )
      this.#staleClients = []
    }
    return opened
  }

  /** Ends the connection; what it carried is not to be applied any more. */
  forget(): void {
    const id = this.#current?.clientId
    const address = this.#localAddress
    if (id !== undefined && address !== undefined) this.#staleClients.push({ id, address })
    this.close()
  }

  /** Ends the connection. */
  close(): void {
    this.#current?.close()
    this.#current = undefined
  }
}
