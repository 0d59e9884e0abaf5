import type { Logger } from '@millrace/core/plugin'
import { overwritesOtherTypes, type RedisWriterConfig } from '../config/writer-config.ts'
import type { KeyTarget } from '../output/output-target.ts'
import type { RespReply } from '../resp/reply-parser.ts'
import { RespError } from '../resp/resp-error.ts'

/** Rows whose keys are looked at. */
const maxRows = 1000

/** What is needed to look at the keys of the first rows. */
export interface FirstKeysOptions {
  readonly config: RedisWriterConfig
  readonly logger: Logger
  /** Sends single commands. */
  readonly call: (commands: readonly (readonly (string | Uint8Array)[])[]) => Promise<RespReply[]>
}

/**
 * Warns when keys of the first rows hold a value of another type, before anything is written: most likely the job was
 * given the wrong database or key. What the user may not look at is passed over, and so is a server that does not answer:
 * writing will say more. Never rejects.
 */
export async function lookAtFirstKeys(
  targets: readonly KeyTarget[],
  { config, logger, call }: FirstKeysOptions,
): Promise<void> {
  const first = targets.slice(0, maxRows)
  const distinct = [
    ...new Map(first.map((one) => [Buffer.from(one.key).toString('latin1'), one])).values(),
  ]
  const types = await typesOf(
    distinct.map(({ key }) => key),
    call,
  )
  const others = types.filter((type, at) => type !== distinct[at]?.type && type !== 'none')
  if (others.length === 0) return
  const found = [...new Set(others)].sort().join(', ')
  const wanted = [...new Set(distinct.map(({ type }) => type))].join(' or ')
  const outcome = overwritesOtherTypes(config.kind)
    ? 'they will be overwritten'
    : 'their rows will be dirty'
  logger.warn(
    `${others.length} of the first ${types.length} keys of the job hold a value of another type (${found}, not ${wanted}): ${outcome}`,
  )
}

async function typesOf(
  keys: readonly (string | Uint8Array)[],
  call: FirstKeysOptions['call'],
): Promise<string[]> {
  try {
    const replies = await call(keys.map((key) => ['TYPE', key]))
    return replies.some((reply) => reply instanceof RespError) ? [] : replies.map(String)
  } catch {
    return []
  }
}
