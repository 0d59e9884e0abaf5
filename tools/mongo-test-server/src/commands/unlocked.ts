import { setTimeout as sleep } from 'node:timers/promises'
import { lockName } from '../sessions/transaction.ts'
import type { FoundDocument } from '../query/read-documents.ts'
import type { Namespace } from '../storage/catalog.ts'
import type { CommandContext } from './command.ts'

const againAfterMs = 5

/**
 * A write outside a transaction waits for the transactions that have changed the same documents.
 *
 * @returns whether no transaction has; when not, it has waited a little and the documents have to be looked up again
 */
export async function unlocked(
  { server, transaction }: CommandContext,
  namespace: Namespace,
  documents: readonly FoundDocument[],
): Promise<boolean> {
  const { locks } = server.sessions
  if (transaction !== undefined || locks.size === 0) return true
  if (!documents.some(({ key }) => locks.has(lockName(namespace, key)))) return true
  await sleep(againAfterMs)
  return false
}
