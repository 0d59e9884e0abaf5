import { PluginError } from '@millrace/core/plugin'
import type { SourceConnection } from '../connection/source-connection.ts'
import type { LogPosition } from './log-position.ts'

/** Connections in transactions that see one instant. Each serves one read at a time. */
export class SharedSnapshot {
  readonly position: LogPosition
  readonly #connections: Set<SourceConnection>
  readonly #free: SourceConnection[]
  readonly #waiting: (() => void)[] = []

  constructor(position: LogPosition, connections: readonly SourceConnection[]) {
    this.position = position
    this.#connections = new Set(connections)
    this.#free = [...connections]
  }

  /**
   * A connection that nobody uses, waited for. Whoever takes it gives it back.
   *
   * @throws PluginError SOURCE_FAILED when every one of them is lost, and with them the instant
   */
  async take(signal: AbortSignal): Promise<SourceConnection> {
    for (;;) {
      signal.throwIfAborted()
      const connection = this.#free.pop()
      if (connection?.isOpen === true) return connection
      if (connection !== undefined) this.#connections.delete(connection)
      else if (this.#connections.size === 0) throw snapshotLost()
      else await this.#oneIsFree(signal)
    }
  }

  /** Gives a connection back; one that is closed is lost for the snapshot. */
  giveBack(connection: SourceConnection): void {
    if (connection.isOpen) this.#free.push(connection)
    else this.#connections.delete(connection)
    for (const wake of this.#waiting.splice(0)) wake()
  }

  close(): void {
    for (const connection of this.#connections) connection.destroy()
    this.#connections.clear()
    this.#free.length = 0
    for (const wake of this.#waiting.splice(0)) wake()
  }

  async #oneIsFree(signal: AbortSignal): Promise<void> {
    let wake = () => {}
    try {
      await new Promise<void>((resolve) => {
        wake = resolve
        this.#waiting.push(resolve)
        signal.addEventListener('abort', wake, { once: true })
      })
    } finally {
      signal.removeEventListener('abort', wake)
    }
  }
}

function snapshotLost(): PluginError {
  return new PluginError({
    code: 'SOURCE_FAILED',
    message: 'reading under the snapshot: the connections that saw its instant are lost',
    hint: 'Run the job again: it follows the changes up to a new snapshot and reads what is left there.',
    isRetryable: true,
  })
}
