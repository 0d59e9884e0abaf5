import { classifyMoving, fatalError } from '../connection/server-errors.ts'
import type { BulkConnection } from '../resp/bulk-connection.ts'
import type { RespReply } from '../resp/reply-parser.ts'
import { RespError } from '../resp/resp-error.ts'
import type { BatchRequest, CommandError } from './batch-request.ts'

/** What a repair needs beside the connection. */
export interface RepairOptions {
  readonly request: BatchRequest
  /** Rows whose commands were refused with `WRONGTYPE`. */
  readonly rows: readonly number[]
  /** Type the keys have to have. */
  readonly type: string
  /** For messages. */
  readonly target: string
  /** Whether the keys may move to another node. */
  readonly isMoving: boolean
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
 * @throws Error when the connection ends, PluginError when a command is not permitted, RetryableReply when the server
 * takes no writes now
 */
export async function repairWrongType(
  connection: BulkConnection,
  options: RepairOptions,
): Promise<RepairResult> {
  const { request, rows } = options
  const doomed = await keysOfOtherTypes(connection, rows, options)
  request.keepOnly(rows)
  request.doomedKeys = [...doomed.values()]
  const { parts, replies, sink } = request.prepare(() => {})
  for (const reply of await connection.collect(parts, replies)) sink.reply(reply)
  sink.done()
  request.doomedKeys = []
  return { overwritten: doomed.size }
}

/**
 * The errors that the commands of a batch were answered with, found afterwards: those whose key holds another type.
 *
 * @throws what `repairWrongType` throws
 */
export async function findWrongTypes(
  connection: BulkConnection,
  options: Omit<RepairOptions, 'rows'>,
): Promise<CommandError[]> {
  const { request } = options
  const { rows } = request.encoded
  if (request.encoder.targetsOf !== undefined) return await findWrongTargets(connection, options)
  const wrong = await keysOfOtherTypes(connection, rows, options)
  if (wrong.size === 0) return []
  return rows.flatMap((row, at) =>
    wrong.has(idOf(keyOf(request, row)))
      ? [{ at, error: new RespError('WRONGTYPE the key holds a value of another type') }]
      : [],
  )
}

/** The same for rows that have several keys, each of a type of its own. */
async function findWrongTargets(
  connection: BulkConnection,
  { request, target, isMoving }: Omit<RepairOptions, 'rows'>,
): Promise<CommandError[]> {
  const { rows } = request.encoded
  const targets = rows.flatMap((row, at) => {
    if (rows.indexOf(row) !== at) return []
    const all = request.encoder.targetsOf?.(request.batch.rows[row] ?? []) ?? []
    return all.map(({ key, type }) => ({ at, key, type }))
  })
  const types = await connection.call(targets.map(({ key }) => ['TYPE', key]))
  return targets.flatMap(({ at, type }, index) => {
    const found = throwIfRefused(types[index] ?? null, target, isMoving)
    if (found === type || found === 'none') return []
    return [{ at, error: new RespError('WRONGTYPE the key holds a value of another type') }]
  })
}

/** The keys of rows that are there with another type, by an id of their bytes. */
async function keysOfOtherTypes(
  connection: BulkConnection,
  rows: readonly number[],
  { request, type, target, isMoving }: Omit<RepairOptions, 'rows'>,
): Promise<Map<string, string | Uint8Array>> {
  const keys = new Map(rows.map((row) => [idOf(keyOf(request, row)), keyOf(request, row)]))
  const types = await connection.call([...keys.values()].map((key) => ['TYPE', key]))
  return new Map(
    [...keys].filter((_, at) => {
      const found = throwIfRefused(types[at] ?? null, target, isMoving)
      return found !== type && found !== 'none'
    }),
  )
}

function keyOf(request: BatchRequest, row: number): string | Uint8Array {
  return request.encoder.keyOf(request.batch.rows[row] ?? [])
}

/** A prefix keeps text and bytes of the same characters apart. */
function idOf(key: string | Uint8Array): string {
  return typeof key === 'string' ? `t${key}` : `b${Buffer.from(key).toString('latin1')}`
}

function throwIfRefused(reply: RespReply, target: string, isMoving: boolean): RespReply {
  if (!(reply instanceof RespError)) return reply
  if (classifyMoving(reply, isMoving) === 'retryable') throw new RetryableReply(reply)
  throw fatalError(reply, 'TYPE', target)
}

/** Carries an error reply that may be gone later out of a repair. */
export class RetryableReply extends Error {
  constructor(reply: RespError) {
    super(reply.message)
    this.name = 'RetryableReply'
  }
}
