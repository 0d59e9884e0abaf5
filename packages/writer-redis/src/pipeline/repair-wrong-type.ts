import { classifyError, fatalError } from '../connection/server-errors.ts'
import type { BulkConnection } from '../resp/bulk-connection.ts'
import type { RespReply } from '../resp/reply-parser.ts'
import { RespError } from '../resp/resp-error.ts'
import type { BatchRequest } from './batch-request.ts'

/** What a repair needs beside the connection. */
export interface RepairOptions {
  readonly request: BatchRequest
  /** Rows whose commands were refused with `WRONGTYPE`. */
  readonly rows: readonly number[]
  /** Type the keys have to have. */
  readonly type: string
  /** For messages. */
  readonly target: string
}

/** What a repair did. */
export interface RepairResult {
  /** Keys of another type that were deleted. */
  readonly overwritten: number
}

/**
 * Deletes the keys that hold another type and writes their rows again, in order, with their expiry. Afterwards
 * `request.encoded` and `request.errors` are those of the rows written again.
 *
 * @throws Error when the connection ends, PluginError when a command is not permitted, RespError when the server takes
 * no writes now
 */
export async function repairWrongType(
  connection: BulkConnection,
  options: RepairOptions,
): Promise<RepairResult> {
  const { request, rows, type, target } = options
  const keys = distinctKeys(request, rows)
  const types = await connection.call(keys.map((key) => ['TYPE', key]))
  const doomed = keys.filter((_, at) => {
    const found = throwIfRefused(types[at] ?? null, 'TYPE', target)
    return found !== type && found !== 'none'
  })
  let overwritten = 0
  if (doomed.length > 0) {
    for (const reply of await connection.call(doomed.map((key) => ['DEL', key]))) {
      if (throwIfRefused(reply, 'DEL', target) === 1) overwritten += 1
    }
  }
  request.keepOnly(rows)
  const sink = request.expectReplies(() => {})
  for (const reply of await connection.collect(request.payload, request.replyCount))
    sink.reply(reply)
  sink.done()
  return { overwritten }
}

function distinctKeys(request: BatchRequest, rows: readonly number[]): (string | Uint8Array)[] {
  const keys = new Map<string, string | Uint8Array>()
  for (const index of rows) {
    const key = request.encoder.keyOf(request.batch.rows[index] ?? [])
    keys.set(typeof key === 'string' ? `t${key}` : `b${Buffer.from(key).toString('latin1')}`, key)
  }
  return [...keys.values()]
}

function throwIfRefused(reply: RespReply, command: string, target: string): RespReply {
  if (!(reply instanceof RespError)) return reply
  if (classifyError(reply) === 'retryable') throw new RetryableReply(reply)
  throw fatalError(reply, command, target)
}

/** Carries an error reply that may be gone later out of a repair. */
export class RetryableReply extends Error {
  constructor(reply: RespError) {
    super(reply.message)
    this.name = 'RetryableReply'
  }
}
