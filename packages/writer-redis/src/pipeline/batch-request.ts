import type { RejectedRow } from '@millrace/core/plugin'
import type { RecordBatch } from '@millrace/core/record'
import {
  groupHead,
  groupTail,
  guardAnswerOf,
  type Guard,
  type GuardAnswer,
} from '../checkpoint/guard.ts'
import type { EncodedBatch } from '../encode/compile-encoder.ts'
import type { RowEncoder } from '../output/output-target.ts'
import { encodeCommand, type ReplySink } from '../resp/bulk-connection.ts'
import type { RespReply } from '../resp/reply-parser.ts'
import { RespError } from '../resp/resp-error.ts'

/** An error reply with the place of its command in the encoded batch. */
export interface CommandError {
  readonly at: number
  readonly error: RespError
}

const multi = encodeCommand(['MULTI'])
const exec = encodeCommand(['EXEC'])

/** What is asked of the encoder of a batch when a part of it is written again. */
export type RequestEncoder = Pick<RowEncoder, 'encode' | 'keyOf' | 'targetsOf'>

/** What is to be written, and how. */
export interface BatchRequestOptions {
  readonly batch: RecordBatch
  readonly encoder: RequestEncoder
  readonly encoded: EncodedBatch
  /**
   * Whether the commands go as one transaction: a server that takes no writes then refuses all of them or none, so that
   * sending again what was refused keeps the order of a list.
   */
  readonly isTransaction: boolean
  /** Makes the commands one group with the checkpoint. */
  readonly guard?: Guard
  /** The commands were applied earlier: only keys of a wrong type are left to be looked for. */
  readonly isApplied?: boolean
}

/** One sending of a batch. */
export interface Sending {
  readonly parts: readonly Uint8Array[]
  readonly replies: number
  readonly sink: ReplySink
}

/** A batch on its way: what was sent of it, what was answered, and who waits for the outcome. */
export class BatchRequest {
  readonly batch: RecordBatch
  readonly encoder: RequestEncoder
  /** Whether it was applied before it came here: keys of a wrong type have to be looked for. */
  readonly mustVerify: boolean
  /** Resolves with the rows the server refused. */
  readonly outcome: Promise<readonly RejectedRow[]>
  /** What is left to be written; fewer rows than the batch has when some are settled. */
  encoded: EncodedBatch
  /** Keys to be deleted before it is written. */
  doomedKeys: readonly (string | Uint8Array)[] = []
  /** Error replies to what was sent last. */
  errors: CommandError[] = []
  /** What the guard answered to what was sent last. */
  guardAnswer: GuardAnswer = { kind: 'pass' }
  isAnswered = false
  /** Whether the server discarded the transaction: nothing of it was written. */
  isDiscarded = false
  /** Whether the batch stands in the checkpoint; what is sent afterwards asks for the fence alone. */
  isApplied: boolean
  /** Whether nobody waits for it any longer. */
  isAbandoned = false
  readonly #isTransaction: boolean
  readonly #guard: Guard | undefined
  readonly #rejected: RejectedRow[] = []
  #resolve: (rejected: readonly RejectedRow[]) => void = () => {}
  #reject: (error: unknown) => void = () => {}

  constructor(options: BatchRequestOptions) {
    this.batch = options.batch
    this.encoder = options.encoder
    this.encoded = options.encoded
    this.mustVerify = options.isApplied ?? false
    this.isApplied = this.mustVerify
    this.#isTransaction = options.isTransaction
    this.#guard = options.guard
    this.outcome = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  /** What it depends on in the checkpoint. */
  get guard(): Guard | undefined {
    const guard = this.#guard
    if (guard === undefined || !this.isApplied) return guard
    return { ...guard, expected: undefined, progress: undefined }
  }

  /** Begins a sending: what has to be sent, how many replies answer it, and who takes them; `onAnswered` follows the last. */
  prepare(onAnswered: () => void): Sending {
    this.errors = []
    this.guardAnswer = { kind: 'pass' }
    this.isAnswered = false
    this.isDiscarded = false
    const { head, tail } = frameOf(this.guard, this.#isTransaction)
    const skipped = this.doomedKeys.length
    const deletions = this.doomedKeys.flatMap((key) => encodeCommand(['DEL', key]))
    const isFramed = head.replies > 0
    const inner = skipped + this.encoded.rows.length
    return {
      parts: [...head.parts, ...deletions, ...this.encoded.payload, ...tail.parts],
      replies: head.replies + inner + tail.replies + (isFramed ? 1 : 0),
      sink: {
        reply: isFramed
          ? transactionReplies(this, { head: head.replies, skipped, tail: tail.replies })
          : plainReplies(this, skipped),
        done: () => {
          this.isAnswered = true
          if (!this.isDiscarded && this.#guard !== undefined) this.isApplied = true
          onAnswered()
        },
      },
    }
  }

  /** The batch stands in the checkpoint, though its own replies are not known. */
  markApplied(): void {
    this.isApplied = true
    this.isDiscarded = false
    this.guardAnswer = { kind: 'pass' }
    this.errors = []
  }

  /** The sequence it leaves in the checkpoint. */
  get sequence(): number {
    return this.#guard?.progress?.sequence ?? 0
  }

  /** Notes rows that the server refused for good. */
  refuse(rejected: readonly RejectedRow[]): void {
    this.#rejected.push(...rejected)
  }

  /** Leaves only these rows to be written. */
  keepOnly(rows: readonly number[]): void {
    this.encoded = this.encoder.encode(this.batch, rows)
  }

  /** Every row is settled. */
  settle(): void {
    this.#resolve(this.#rejected)
  }

  /** The outcome will not be known, or nothing of it will be written. */
  fail(error: unknown): void {
    this.#reject(error)
  }
}

const noFrame = { parts: [], replies: 0 }
const plainTransaction = {
  head: { parts: multi, replies: 1 },
  tail: { parts: exec, replies: 0 },
}

/** What stands around the commands; the reply of `EXEC` is not counted in the tail. */
function frameOf(guard: Guard | undefined, isTransaction: boolean) {
  if (guard !== undefined) return { head: groupHead(guard), tail: groupTail(guard) }
  return isTransaction ? plainTransaction : { head: noFrame, tail: noFrame }
}

function plainReplies(request: BatchRequest, skipped: number): (reply: RespReply) => void {
  let at = -1 - skipped
  return (reply) => {
    at += 1
    if (reply instanceof RespError) request.errors.push({ at: Math.max(0, at), error: reply })
  }
}

/** How many replies of a transaction belong to what stands around its commands. */
interface TransactionFrame {
  /** Before the commands. */
  readonly head: number
  /** Deletions before the commands of rows. */
  readonly skipped: number
  /** Behind the commands, `EXEC` not counted. */
  readonly tail: number
}

/** A reply for each command of the head, then one that each command is queued, then the replies of all as one array. */
function transactionReplies(
  request: BatchRequest,
  { head, skipped, tail }: TransactionFrame,
): (reply: RespReply) => void {
  const rowCount = request.encoded.rows.length
  const last = head + skipped + rowCount + tail
  const rowOf = (at: number) => Math.min(Math.max(0, at - skipped), Math.max(0, rowCount - 1))
  let at = -1
  return (reply) => {
    at += 1
    if (at === 1 && head > 1) {
      request.guardAnswer = guardAnswerOf(reply)
    } else if (at < last) {
      if (reply instanceof RespError) request.errors.push({ at: rowOf(at - head), error: reply })
    } else if (Array.isArray(reply)) {
      request.errors = reply.flatMap((item: RespReply, index) =>
        item instanceof RespError ? [{ at: rowOf(index), error: item }] : [],
      )
    } else {
      request.isDiscarded = true
      if (request.errors.length === 0) request.errors = [{ at: 0, error: abortReason(reply) }]
    }
  }
}

/** Why the server refused the whole transaction though it queued every command. */
function abortReason(reply: RespReply): RespError {
  if (!(reply instanceof RespError)) return new RespError('TRYAGAIN the transaction was not run')
  const reason = /because of: (.+)$/s.exec(reply.message)?.[1]
  return reason === undefined ? reply : new RespError(reason)
}
