import type { ClientSession } from 'mongodb'
import type { SourceClient } from '../connection/source-client.ts'

/** A server ends a session 30 minutes after the last command in it, and its cursors with it: also those without a timeout. */
const refreshMs = 300_000

/** A session for a cursor that is to stay; `undefined` where the server has none. */
export function cursorSession({ client, facts }: SourceClient): ClientSession | undefined {
  return facts.hasSessions ? client.startSession({ causalConsistency: false }) : undefined
}

/**
 * Has the server keep a session in which no command may come for long, because nobody asks for the documents of its cursor.
 *
 * @returns ends it
 */
export function keepSession({ client }: SourceClient, session: ClientSession): () => void {
  const { readPreference } = client
  const timer = setInterval(() => {
    const command = { refreshSessions: [session.id] }
    // Where it fails the next one may not, and a session that is gone is found out by the next read.
    client
      .db('admin')
      .command(command, { readPreference })
      .catch(() => undefined)
  }, refreshMs)
  timer.unref()
  return () => clearInterval(timer)
}
