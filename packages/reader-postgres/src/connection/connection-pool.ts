import { PluginError, type DataSource } from '@millrace/core/plugin'
import { addressesOf, type Address } from './client-config.ts'
import { connectError } from './postgres-errors.ts'
import { SourceConnection } from './source-connection.ts'

/**
 * The connections to one data source. Addresses are tried in order; once one has answered, the pool stays with it, so
 * that everything it reads comes from one server.
 */
export class ConnectionPool implements AsyncDisposable {
  readonly source: DataSource
  readonly #sessionSql: readonly string[]
  readonly #idle: SourceConnection[] = []
  readonly #open = new Set<SourceConnection>()
  #pinned: Address | undefined

  constructor(source: DataSource, sessionSql: readonly string[]) {
    this.source = source
    this.#sessionSql = sessionSql
  }

  /** The address in use, or the first one before that is known; for messages. */
  get label(): string {
    return this.#pinned?.label ?? addressesOf(this.source)[0]?.label ?? this.source.name
  }

  /** Connections that are open, idle ones included. */
  get openCount(): number {
    return this.#open.size
  }

  /**
   * A connection of the caller's own until `release`.
   *
   * @throws PluginError SOURCE_UNREACHABLE, SOURCE_NOT_PERMITTED; SOURCE_STATEMENT_INVALID for a refused `session`.
   */
  async acquire(signal: AbortSignal): Promise<SourceConnection> {
    signal.throwIfAborted()
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      if (idle.isUsable) return idle
      await this.discard(idle)
    }
    const connection = await this.#connect(signal)
    this.#open.add(connection)
    return connection
  }

  /** Takes back a connection that is outside any transaction. */
  release(connection: SourceConnection): void {
    this.#idle.push(connection)
  }

  /** Takes back a connection that may be in the middle of something, and ends it. */
  async discard(connection: SourceConnection): Promise<void> {
    await connection.abandon()
    this.#open.delete(connection)
  }

  /** Lends a connection to `work`; it is reused unless `work` fails. */
  async use<T>(signal: AbortSignal, work: (connection: SourceConnection) => Promise<T>): Promise<T> {
    const connection = await this.acquire(signal)
    try {
      const result = await work(connection)
      this.release(connection)
      return result
    } catch (error) {
      await this.discard(connection)
      throw error
    }
  }

  async #connect(signal: AbortSignal): Promise<SourceConnection> {
    const addresses = this.#pinned === undefined ? addressesOf(this.source) : [this.#pinned]
    const failures: Error[] = []
    for (const address of addresses) {
      try {
        const connection = await SourceConnection.open(
          this.source,
          address,
          this.#sessionSql,
          signal,
        )
        this.#pinned = address
        return connection
      } catch (error) {
        signal.throwIfAborted()
        failures.push(connectError(error, address.label, this.source.user))
      }
    }
    const [first] = failures
    if (failures.length === 1 || !PluginError.isInstance(first)) throw first
    throw new PluginError({
      code: first.code,
      message: failures.map((failure) => failure.message).join('; '),
      ...(first.hint === undefined ? {} : { hint: first.hint }),
      cause: first,
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const idle = new Set(this.#idle.splice(0))
    const all = [...this.#open]
    this.#open.clear()
    await Promise.all(all.map((each) => (idle.has(each) ? each.close() : each.abandon())))
  }
}
