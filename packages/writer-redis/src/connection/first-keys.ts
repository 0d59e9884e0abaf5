import type { Logger } from '@millrace/core/plugin'
import { isIdempotent, redisTypeOf, type RedisWriterConfig } from '../config/writer-config.ts'
import { RespError } from '../resp/resp-error.ts'
import type { RedisConnectionOptions } from './connection-options.ts'
import { openBulk } from './open-bulk.ts'

/** Rows whose keys are looked at. */
const maxRows = 1000

/** What is needed to look at the keys of the first rows. */
export interface FirstKeysOptions {
  readonly config: RedisWriterConfig
  readonly connection: RedisConnectionOptions
  readonly clientName: string
  readonly logger: Logger
  readonly signal: AbortSignal
}

/**
 * Warns when keys of the first rows hold a value of another type, before anything is written: most likely the job was
 * given the wrong database or key. What the user may not look at is passed over, and so is a server that does not answer:
 * writing will say more. Resolves with whether it answered.
 */
export async function lookAtFirstKeys(
  keys: readonly (string | Uint8Array)[],
  options: FirstKeysOptions,
): Promise<boolean> {
  const wanted = redisTypeOf(options.config.kind)
  const first = keys.slice(0, maxRows)
  const distinct = new Map(first.map((key) => [Buffer.from(key).toString('latin1'), key]))
  const types = await typesOf([...distinct.values()], options)
  if (types === undefined) return false
  const others = types.filter((type) => type !== wanted && type !== 'none')
  if (others.length === 0) return true
  const found = [...new Set(others)].sort().join(', ')
  const outcome = isIdempotent(options.config.kind)
    ? 'they will be overwritten'
    : 'their rows will be dirty'
  options.logger.warn(
    `${others.length} of the first ${types.length} keys of the job hold a value of another type (${found}, not ${wanted}): ${outcome}`,
  )
  return true
}

async function typesOf(
  keys: readonly (string | Uint8Array)[],
  { connection, clientName, signal }: FirstKeysOptions,
): Promise<string[] | undefined> {
  try {
    const opened = await openBulk(connection, {
      signal,
      clientName,
      onLost: () => {},
      onDrain: () => {},
    })
    try {
      const replies = await opened.call(keys.map((key) => ['TYPE', key]))
      return replies.some((reply) => reply instanceof RespError) ? [] : replies.map(String)
    } finally {
      opened.close()
    }
  } catch {
    signal.throwIfAborted()
    return undefined
  }
}
