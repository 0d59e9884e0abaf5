import { Long } from 'bson'
import type { BsonDocument } from '../documents/bson-document.ts'
import { optionalNumber } from '../documents/plain-numbers.ts'
import { CommandError } from './command-error.ts'
import { CursorResult, type CommandContext } from './command.ts'

/** How long a change stream waits for a first event unless the client says so. */
const defaultAwaitMs = 1_000

/** @returns the next documents of a cursor */
export async function getMore(context: CommandContext): Promise<CursorResult> {
  const { server, command, connection } = context
  const id = command['getMore'] as Long
  const { cursor, stop } = server.cursors.get(id, connection.member)
  const batchSize = optionalNumber(command['batchSize'])
  const steppedDown = server.steppedDown.signal
  try {
    const batch = await cursor.nextBatch({
      maxDocuments: batchSize === 0 ? undefined : batchSize,
      awaitMs: cursor.isChangeStream ? (optionalNumber(command['maxTimeMS']) ?? defaultAwaitMs) : 0,
      signal: AbortSignal.any([stop.signal, connection.closed.signal, steppedDown]),
    })
    if (steppedDown.aborted) throw interrupted()
    // Closed meanwhile by another connection.
    if (batch.open) server.cursors.get(id, connection.member)
    else server.cursors.close(id, connection.member)
    return new CursorResult('nextBatch', batch.documents, {
      id: batch.open ? id : Long.ZERO,
      ns: cursor.namespace,
      postBatchResumeToken: batch.postBatchResumeToken,
    })
  } catch (error) {
    server.cursors.close(id, connection.member)
    throw error
  }
}

function interrupted(): CommandError {
  return new CommandError(
    'InterruptedDueToReplStateChange',
    'operation was interrupted because the primary stepped down',
  )
}

/** Closes cursors. */
export function killCursors({ server, command, connection }: CommandContext): BsonDocument {
  const cursors = (command['cursors'] ?? []) as Long[]
  const cursorsKilled: Long[] = []
  const cursorsNotFound: Long[] = []
  for (const id of cursors) {
    const isKilled = server.cursors.close(id, connection.member)
    ;(isKilled ? cursorsKilled : cursorsNotFound).push(id)
  }
  return { cursorsKilled, cursorsNotFound, cursorsAlive: [], cursorsUnknown: [] }
}
