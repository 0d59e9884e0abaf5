import type pg from 'pg'
import { closeClient, endClient, openSession, type SessionSettings } from './open-session.ts'

const cancelTimeoutMs = 2_000

/**
 * Cancels what `client` is running, from a connection of its own, and lets go of `client`. Never rejects: a server
 * that cannot be reached has nothing left to cancel.
 */
export async function cancelQuery(settings: SessionSettings, client: pg.Client): Promise<void> {
  const { processID } = client as unknown as { readonly processID: number | null }
  try {
    const signal = AbortSignal.timeout(cancelTimeoutMs)
    const other = await openSession({ ...settings, statements: [] }, signal)
    await other.query('SELECT pg_cancel_backend($1)', [processID])
    await endClient(other)
  } catch {
    // The connection is closed below; the server notices when it next writes to it.
  } finally {
    closeClient(client)
  }
}
