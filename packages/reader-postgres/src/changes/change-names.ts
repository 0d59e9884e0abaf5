import { createHash } from 'node:crypto'
import type { DataSource } from '@millrace/core/plugin'
import type { PostgresConfig } from '../config/postgres-config.ts'

/** What the job uses at the server to follow changes. */
export interface ChangeNames {
  readonly slot: string
  readonly publication: string
}

/**
 * The names of slot and publication: as given, else made of the database and the name of the job, so that two jobs do not meet at
 * one slot, and one whose tables change keeps its own.
 *
 * @param job - as the context of the reader names it; without one, what is read tells jobs apart
 */
export function changeNames(
  config: PostgresConfig,
  { database = '' }: DataSource,
  job?: string,
): ChangeNames {
  const { named, sources, changes } = config
  const text = JSON.stringify([database, job ?? named ?? sources.map(({ tables }) => tables)])
  const derived = `millrace_${createHash('sha256').update(text).digest('hex').slice(0, 8)}`
  return {
    slot: changes.slotName ?? derived,
    publication: changes.publicationName ?? derived,
  }
}
