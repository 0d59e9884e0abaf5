import type { RejectedRow } from '@millrace/core/plugin'
import type { RecordBatch } from '@millrace/core/record'
import type { BatchEncoder, EncodedBatch } from '../encode/compile-encoder.ts'
import { encodeCommand, type ReplySink } from '../resp/bulk-connection.ts'
import type { RespReply } from '../resp/reply-parser.ts'
import { RespError } from '../resp/resp-error.ts'

/** An error reply with the place of its command in the encoded batch. */
export interface CommandError {
  readonly at: number
  readonly error: RespError
}

const [multi] = encodeCommand(['MULTI']) as [Uint8Array]
const [exec] = encodeCommand(['EXEC']) as [Uint8Array]

/** What is to be written, and how. */
export interface BatchRequestOptions {
  readonly batch: RecordBatch
  readonly encoder: BatchEncoder
  readonly encoded: EncodedBatch
  /**
   * Whether the commands go as one transaction: a server that takes no writes then refuses all of them or none, so that
   * sending again what was refused keeps the order of a list.
   */
  readonly isTransaction: boolean
}

/** A batch on its way: what was sent of it, what was answered, and who waits for the outcome. */
export class BatchRequest {
  readonly batch: RecordBatch
  readonly encoder: BatchEncoder
  readonly isTransaction: boolean
  /** Resolves with the rows the server refused. */
  readonly outcome: Promise<readonly RejectedRow[]>
  /** What is left to be written; fewer rows than the batch has when some are settled. */
  encoded: EncodedBatch
  /** Error replies to what was sent last. */
  errors: CommandError[] = []
  isAnswered = false
  /** Whether the server discarded the transaction: nothing of it was written. */
  isDiscarded = false
  /** Whether nobody waits for it any longer. */
  isAbandoned = false
  readonly #rejected: RejectedRow[] = []
  #resolve: (rejected: readonly RejectedRow[]) => void = () => {}
  #reject: (error: unknown) => void = () => {}

  constructor(options: BatchRequestOptions) {
    this.batch = options.batch
    this.encoder = options.encoder
    this.encoded = options.encoded
    this.isTransaction = options.isTransaction
    this.outcome = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  /** Bytes to be sent. */
  get payload(): readonly Uint8Array[] {
    return this.isTransaction ? [multi, ...this.encoded.payload, exec] : this.encoded.payload
  }

  /** Replies that answer the payload. */
  get replyCount(): number {
    return this.encoded.rows.length + (this.isTransaction ? 2 : 0)
  }

  /** Takes the replies of one sending; `onAnswered` follows the last. */
  expectReplies(onAnswered: () => void): ReplySink {
    this.errors = []
    this.isAnswered = false
    this.isDiscarded = false
    const take = this.isTransaction ? transactionReplies(this) : plainReplies(this)
    return {
      reply: take,
      done: () => {
        this.isAnswered = true
        onAnswered()
      },
    }
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

function plainReplies(request: BatchRequest): (reply: RespReply) => void {
  let at = -1
  return (reply) => {
    at += 1
    if (reply instanceof RespError) request.errors.push({ at, error: reply })
  }
}

/** `MULTI`, then one reply per command that it is queued, then the replies of all as one array. */
function transactionReplies(request: BatchRequest): (reply: RespReply) => void {
  const last = request.encoded.rows.length + 1
  let at = -1
  return (reply) => {
    at += 1
    if (at < last) {
      if (reply instanceof RespError) request.errors.push({ at: Math.max(0, at - 1), error: reply })
    } else if (Array.isArray(reply)) {
      request.errors = reply.flatMap((item: RespReply, index) =>
        item instanceof RespError ? [{ at: index, error: item }] : [],
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
