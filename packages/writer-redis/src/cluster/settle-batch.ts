import type { RejectedRow } from '@millrace/core/plugin'
import {
  isIdempotent,
  overwritesOtherTypes,
  redisTypeOf,
  type RedisWriterConfig,
} from '../config/writer-config.ts'
import { classifyError, classifyMoving, fatalError } from '../connection/server-errors.ts'
import { commandAt } from '../encode/compile-encoder.ts'
import { failpoint } from '../pipeline/failpoint.ts'
import { keyTypeOfCommand } from '../output/output-target.ts'
import { refusal, wrongTypeRow } from '../pipeline/judge-errors.ts'
import { encodeCommand } from '../resp/bulk-connection.ts'
import type { RespReply } from '../resp/reply-parser.ts'
import { RespError } from '../resp/resp-error.ts'
import type { ClusterBatch } from './cluster-batch.ts'
import { sendCommands, type RoutedCommand, type SendOptions } from './send-commands.ts'

/** What settling needs. */
export interface SettleOptions extends Omit<SendOptions, 'isIdempotent'> {
  readonly config: RedisWriterConfig
}

/** A key that is made a wrong type again and again by others is given up. */
const maxRepairs = 3

/**
 * Settles batches after trouble, in the order they were sent: what was not answered or cannot be taken now is sent again,
 * keys of a wrong type are repaired, refused rows are noted. When a command is sent again, those of the same key behind
 * it go again, too, in later batches as well, so that the last value stays the last.
 */
export class BatchSettler {
  readonly #options: SettleOptions
  readonly #isIdempotent: boolean
  /** Keys of which commands were sent again. */
  readonly #disturbed = new Set<string>()
  /** Keys of another type that were deleted. */
  overwrittenKeys = 0

  constructor(options: SettleOptions) {
    this.#options = options
    this.#isIdempotent = isIdempotent(options.config.kind)
  }

  /** Settles the next batch. Throws what `sendCommands` throws, and for what the cluster will never take. */
  async settle(batch: ClusterBatch): Promise<void> {
    if (batch.mustVerify) await this.#lookForWrongTypes(batch)
    await this.#send(batch, this.#unsettled(batch))
    for (let repairs = 0; ; repairs += 1) {
      const wrong = this.#judge(batch)
      if (wrong.length === 0) break
      if (!overwritesOtherTypes(this.#options.config.kind) || repairs === maxRepairs) {
        batch.refuse([...new Set(wrong.map((at) => batch.rowOf(at)))].map(wrongTypeRow))
        break
      }
      await failpoint('before-repair')
      await this.#repair(batch, wrong)
    }
    batch.settle()
  }

  /** Commands that have to be sent again. */
  #unsettled(batch: ClusterBatch): readonly number[] {
    const failed = new Set<number>()
    for (const [at, error] of batch.errors) if (isPassing(error)) failed.add(at)
    for (const { items, answered, isSent } of batch.parts) {
      if (isSent && answered < items.length) this.#options.onUnknown?.(items.length - answered)
      for (const at of items.subarray(answered)) failed.add(at)
    }
    if (!this.#isIdempotent) return [...failed].sort((one, other) => one - other)
    const again: number[] = []
    if (failed.size === 0 && this.#disturbed.size === 0) return again
    for (let at = 0; at < batch.commands.count; at += 1) {
      const key = batch.commands.keyId(at)
      if (failed.has(at)) this.#disturbed.add(key)
      if (this.#disturbed.has(key)) again.push(at)
    }
    return again
  }

  async #send(batch: ClusterBatch, items: readonly number[]): Promise<void> {
    const replies = await this.#route(items.map((at) => commandOf(batch, at)))
    for (const [index, at] of items.entries()) {
      const reply = replies[index]
      if (reply instanceof RespError) batch.errors.set(at, reply)
      else batch.errors.delete(at)
    }
  }

  /** Places of the commands whose key holds another type; rows that are refused otherwise are noted. */
  #judge(batch: ClusterBatch): number[] {
    const wrong: number[] = []
    const refused = new Map<number, RejectedRow>()
    for (const [at, error] of batch.errors) {
      const kind = classifyError(error)
      if (kind === 'wrong-type') {
        wrong.push(at)
        continue
      }
      const { config, links } = this.#options
      // Whether a key may expire does not depend on its row.
      if (kind === 'fatal' || at >= batch.encoded.writeCount)
        throw fatalError(error, commandAt(config, batch.encoded, at), links.target)
      refused.set(batch.rowOf(at), { row: batch.rowOf(at), error: refusal(error) })
      batch.errors.delete(at)
    }
    batch.refuse([...refused.values()])
    return wrong.sort((one, other) => one - other)
  }

  /** Deletes the keys that hold another type, and sends all commands of the batch for them again. */
  async #repair(batch: ClusterBatch, wrong: readonly number[]): Promise<void> {
    const keys = new Set(wrong.map((at) => batch.commands.keyId(at)))
    const doomed = new Set(await this.#keysOfOtherTypes(batch, wrong))
    const places: (number | undefined)[] = []
    const commands: RoutedCommand[] = []
    for (let at = 0; at < batch.commands.count; at += 1) {
      const key = batch.commands.keyId(at)
      if (!keys.has(key)) continue
      if (doomed.delete(key)) {
        this.overwrittenKeys += 1
        places.push(undefined)
        commands.push(aboutKey(batch, at, 'DEL'))
      }
      this.#disturbed.add(key)
      places.push(at)
      commands.push(commandOf(batch, at))
    }
    const replies = await this.#route(commands)
    for (const [index, at] of places.entries()) {
      const reply = replies[index]
      if (at === undefined) this.#throwIfRefused(reply, 'DEL')
      else if (reply instanceof RespError) batch.errors.set(at, reply)
      else batch.errors.delete(at)
    }
  }

  async #lookForWrongTypes(batch: ClusterBatch): Promise<void> {
    const places = Array.from({ length: batch.commands.count }, (_, at) => at)
    const wrong = new Set(await this.#keysOfOtherTypes(batch, places))
    if (wrong.size === 0) return
    for (const at of places) {
      if (wrong.has(batch.commands.keyId(at)))
        batch.errors.set(at, new RespError('WRONGTYPE the key holds a value of another type'))
    }
  }

  async #keysOfOtherTypes(batch: ClusterBatch, places: readonly number[]): Promise<string[]> {
    const typeAt = (at: number) => this.#typeAt(batch, at)
    const firsts = new Map(
      places.flatMap((at) => (typeAt(at) === undefined ? [] : [[batch.commands.keyId(at), at]])),
    )
    const replies = await this.#route([...firsts.values()].map((at) => aboutKey(batch, at, 'TYPE')))
    return [...firsts].flatMap(([key, at], index) => {
      const reply = replies[index]
      this.#throwIfRefused(reply, 'TYPE')
      return reply !== typeAt(at) && reply !== 'none' ? [key] : []
    })
  }

  /** Type that the key of a command has to have; `undefined` when the command says nothing of it. */
  #typeAt({ commands }: ClusterBatch, at: number): string | undefined {
    const { kind, outputs } = this.#options.config
    return outputs === undefined ? redisTypeOf(kind) : keyTypeOfCommand(commands.command(at))
  }

  #throwIfRefused(reply: RespReply | undefined, command: string): void {
    if (reply instanceof RespError) throw fatalError(reply, command, this.#options.links.target)
  }

  async #route(commands: readonly RoutedCommand[]): Promise<RespReply[]> {
    return await sendCommands(commands, { ...this.#options, isIdempotent: this.#isIdempotent })
  }
}

/** Whether the same command may be taken later, or elsewhere. */
function isPassing(error: RespError): boolean {
  return classifyMoving(error, true) === 'retryable'
}

function commandOf({ commands }: ClusterBatch, at: number): RoutedCommand {
  return {
    slot: commands.slots[at] as number,
    key: commands.keyId(at),
    bytes: commands.command(at),
  }
}

function aboutKey({ commands }: ClusterBatch, at: number, name: string): RoutedCommand {
  const [bytes] = encodeCommand([name, commands.key(at)])
  return { slot: commands.slots[at] as number, key: commands.keyId(at), bytes: bytes as Uint8Array }
}
