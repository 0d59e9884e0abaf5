import type { BsonDocument } from '../documents/bson-document.ts'
import { CommandError } from './command-error.ts'
import type { CommandContext } from './command.ts'

/** Makes the changes of a transaction visible; doing it again is no error. */
export function commitTransaction({ server, transaction }: CommandContext): BsonDocument {
  if (transaction?.state === 'committed') return {}
  if (transaction?.state !== 'open') throw noTransaction()
  server.store.commit(transaction)
  transaction.end('committed')
  return {}
}

/** Throws the changes of a transaction away. */
export function abortTransaction({ transaction }: CommandContext): BsonDocument {
  if (transaction === undefined || transaction.state === 'aborted') throw noTransaction()
  if (transaction.state === 'committed')
    throw new CommandError('TransactionCommitted', 'Transaction has been committed')
  transaction.end('aborted')
  return {}
}

/** Forgets sessions. */
export function endSessions({ server, command, name }: CommandContext): BsonDocument {
  const sessions: unknown = command[name]
  server.sessions.end(Array.isArray(sessions) ? sessions : [])
  return {}
}

/** Sessions here have no end of their own. */
export function refreshSessions(): BsonDocument {
  return {}
}

function noTransaction(): CommandError {
  return new CommandError('NoSuchTransaction', 'Transaction has been aborted or never was', {
    labels: ['TransientTransactionError'],
  })
}
