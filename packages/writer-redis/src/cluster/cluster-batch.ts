import type { RejectedRow } from '@millrace/core/plugin'
import type { EncodedBatch } from '../encode/compile-encoder.ts'
import type { ReplySink } from '../resp/bulk-connection.ts'
import { RespError } from '../resp/resp-error.ts'
import { CommandList } from './command-list.ts'

/** What one master gets of a batch. */
export interface BatchPart {
  /** The master, as messages show it. */
  readonly node: string
  /** Places of its commands in the batch, in order. */
  readonly items: Uint32Array
  /** How many of them are answered. */
  answered: number
  /** Whether it was sent at all. */
  isSent: boolean
  /** The connection ended before all were. */
  isLost: boolean
}

/** A batch on its way through the cluster: what went where, what was answered, and who waits for the outcome. */
export class ClusterBatch {
  readonly encoded: EncodedBatch
  readonly commands: CommandList
  /** The rows stand in the cluster already: only keys of a wrong type are looked for. */
  readonly mustVerify: boolean
  /** Resolves with the rows that were refused. */
  readonly outcome: Promise<readonly RejectedRow[]>
  /** Error replies by the place of their command. */
  readonly errors = new Map<number, RespError>()
  parts: readonly BatchPart[] = []
  /** Whether nobody waits for it any longer. */
  isAbandoned = false
  readonly #rejected: RejectedRow[] = []
  #resolve: (rejected: readonly RejectedRow[]) => void = () => {}
  #reject: (error: unknown) => void = () => {}

  constructor(encoded: EncodedBatch, { mustVerify }: { readonly mustVerify: boolean }) {
    this.encoded = encoded
    this.commands = new CommandList(encoded.payload, encoded.rows.length)
    this.mustVerify = mustVerify
    this.outcome = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  /** Whether no further reply will come for it. */
  get isOut(): boolean {
    return this.parts.every((part) => part.isLost || part.answered === part.items.length)
  }

  /** Whether every command was answered well. */
  get isClean(): boolean {
    return (
      !this.mustVerify &&
      this.errors.size === 0 &&
      this.parts.every((part) => part.answered === part.items.length)
    )
  }

  /** Takes the replies to a part. */
  sinkOf(part: BatchPart, done: () => void): ReplySink {
    return {
      reply: (reply) => {
        if (reply instanceof RespError) this.errors.set(part.items[part.answered] as number, reply)
        part.answered += 1
      },
      done,
    }
  }

  /** The row of a command. */
  rowOf(at: number): number {
    return this.encoded.rows[at] ?? 0
  }

  /** Notes rows that are refused for good. */
  refuse(rejected: readonly RejectedRow[]): void {
    this.#rejected.push(...rejected)
  }

  /** Every row is settled. */
  settle(): void {
    this.encoded.release()
    this.#resolve(this.#rejected)
  }

  /** The outcome will not be known, or nothing of it will be written. */
  fail(error: unknown): void {
    this.#reject(error)
  }
}
