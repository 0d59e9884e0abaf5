import { setTimeout as sleep } from 'node:timers/promises'
import type { CallOptions, Logger } from '../plugin/context.ts'
import type { SplitPlan } from '../plugin/reader.ts'
import type { JsonValue } from '../record/record-batch.ts'
import type { JobCheckpoint } from './job-checkpoint.ts'
import type { FollowedTables } from './left-keys.ts'

/** How often a run looks for requests, in milliseconds. */
const intervalMs = 2000

/** Asks for a table to be read again. */
export interface ResyncRequest {
  readonly kind: 'resync'
  /** As splits name it. */
  readonly table: string
}

/** The request as the checkpoint keeps it. */
export function resyncRequest(table: string): JsonValue {
  const request: ResyncRequest = { kind: 'resync', table }
  return { ...request }
}

function isResync(request: JsonValue): request is JsonValue & ResyncRequest {
  if (typeof request !== 'object' || request === null || !('kind' in request)) return false
  return request['kind'] === 'resync' && typeof request['table'] === 'string'
}

/** Waits until something is asked of the run; rejects with the reason of an abort. What cannot be asked now is asked again. */
export async function awaitRequest(
  checkpoint: JobCheckpoint,
  logger: Logger,
  { signal }: CallOptions,
): Promise<void> {
  for (;;) {
    try {
      if ((await checkpoint.requests({ signal })).length > 0) return
    } catch (error) {
      signal.throwIfAborted()
      logger.debug(
        `requests could not be looked for: ${error instanceof Error ? error.message : String(error)}`,
      )
    }
    await sleep(intervalMs, undefined, { signal })
  }
}

/** What accepting requests needs of the run. */
export interface AcceptOptions extends CallOptions {
  readonly logger: Logger
  readonly readAgain: (table: string, followed: FollowedTables) => void
}

/** Makes the splits of every table that was asked for begin anew, and forgets the requests. */
export async function acceptRequests(
  plan: SplitPlan,
  checkpoint: JobCheckpoint,
  { logger, readAgain, signal }: AcceptOptions,
): Promise<void> {
  const call = { signal }
  const requests = await checkpoint.requests(call)
  for (const request of requests) {
    if (!isResync(request)) continue
    const asked = plan.splits.filter(({ table }) => table === request.table)
    if (asked.length === 0) {
      logger.warn(`${request.table} is not read by this job: it cannot be read again`)
      continue
    }
    logger.info(`reading ${request.table} again while changes go on, as was asked`)
    readAgain(request.table, checkpoint.followedTables(plan))
    await checkpoint.startAgain(asked, call)
  }
  await checkpoint.forgetRequests(requests.length, call)
}
