import type { DataSource } from '@millrace/core/plugin'
import { SourceConnection } from './source-connection.ts'

const cancelTimeoutMs = 5_000

/**
 * Stops what `connection` is running, over a connection of its own, and closes both. Without it a server goes on
 * sorting for a client that is gone. Never fails: what can't be cancelled ends when the server writes to it.
 */
export async function cancelQuery(
  dataSource: DataSource,
  connection: SourceConnection,
): Promise<void> {
  const { threadId, address } = connection
  const signal = AbortSignal.timeout(cancelTimeoutMs)
  try {
    const other = await SourceConnection.open(dataSource, signal, [address])
    try {
      await other.query(`KILL QUERY ${threadId}`, signal)
    } finally {
      other.destroy()
    }
  } catch {
    // Too many connections, no right to kill, a server that is gone: closing our side has to do.
  } finally {
    connection.destroy()
  }
}
