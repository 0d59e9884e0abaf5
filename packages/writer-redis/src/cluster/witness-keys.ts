import { PluginError, type Logger } from '@millrace/core/plugin'
import { amendScript } from '../checkpoint/fence-scripts.ts'
import { checkpointGone } from '../checkpoint/guard-error.ts'
import { fields, witnessKey, type Guard } from '../checkpoint/guard.ts'
import { fatalError } from '../connection/server-errors.ts'
import type { RespReply } from '../resp/reply-parser.ts'
import { replyText } from '../resp/reply-text.ts'
import { RespError } from '../resp/resp-error.ts'
import type { ClusterControl } from './cluster-control.ts'
import { keySlot, slotCount } from './key-slot.ts'

/** Each run of so many slots has a witness: a master that serves twice as many in a row has one for certain. */
const slotsPerWitness = 64
/** How often it is looked whether the witnesses are there, while rows are written. */
const lookEveryMs = 5_000
const maxNamed = 3

/** What {@link WitnessKeys} are made of. */
export interface WitnessKeysOptions {
  readonly job: string
  readonly control: ClusterControl
  readonly logger: Logger
  /** The cluster, for messages. */
  readonly target: string
}

/** The checkpoint of the job, and the run that has its fence. */
export type WitnessedRun = Pick<Guard, 'key' | 'run'>

/**
 * Small keys all over the slots that stand there as long as the job is not complete. The rows of a job are on all masters and
 * its checkpoint on one: where a witness is gone, its master was emptied or came back without its data, and rows are gone,
 * too. A key moves with its slot and goes over to a replica, so neither looks like a loss.
 *
 * Each holds what the checkpoint names, so that a resume sees what was lost before it, and keys of other times count for nothing.
 */
export class WitnessKeys {
  readonly #options: WitnessKeysOptions
  readonly #keys: readonly string[]
  /** What the witnesses hold; undefined where the user may not write them. */
  #mark: Promise<string | undefined> | undefined
  #looking: Promise<void> | undefined
  #lookedAtMs = performance.now()

  constructor(options: WitnessKeysOptions) {
    this.#options = options
    this.#keys = witnessTags().map((tag) => witnessKey(options.job, tag))
  }

  /** Puts the witnesses of a job that begins anew. Throws what `ClusterControl.call` throws. */
  async begin(of: WitnessedRun, signal: AbortSignal): Promise<void> {
    this.#mark = this.#place(of, signal)
    await this.#mark
  }

  /**
   * Looks now and then whether all of them are there; at once where an earlier run has put them.
   *
   * @throws what `check` throws
   */
  async look(of: WitnessedRun, signal: AbortSignal): Promise<void> {
    const isDue = this.#mark === undefined || performance.now() - this.#lookedAtMs > lookEveryMs
    if (isDue) this.#looking ??= this.check(of, signal).finally(() => (this.#looking = undefined))
    await this.#looking
  }

  /**
   * Looks whether all of them are there.
   *
   * @throws PluginError TARGET_FAILED that names the masters that lost them, or what `ClusterControl.call` throws
   */
  async check(of: WitnessedRun, signal: AbortSignal): Promise<void> {
    this.#mark ??= this.#markOf(of, signal)
    const mark = await this.#mark
    if (mark === undefined) return
    const replies = await this.#callEach((key) => ['HGET', key, fields.run], signal)
    this.#lookedAtMs = performance.now()
    const lost: string[] = []
    for (const [at, reply] of replies.entries()) {
      if (reply instanceof RespError) throw fatalError(reply, 'HGET', this.#options.target)
      if (replyText(reply) !== mark) lost.push(this.#keys[at] as string)
    }
    if (lost.length > 0) throw await this.#lossOf(lost, signal)
  }

  /** The job is complete: removes them, as far as that can be. */
  async end(signal: AbortSignal): Promise<void> {
    if ((await this.#mark) === undefined) return
    try {
      await this.#callEach((key) => ['DEL', key], signal)
    } catch {
      this.#options.logger.debug('the witness keys could not be removed')
    }
  }

  /** What the witnesses of an earlier run hold; puts some where it left none. */
  async #markOf(of: WitnessedRun, signal: AbortSignal): Promise<string | undefined> {
    const { control, target } = this.#options
    const [reply] = await control.call(of.key, [['HGET', of.key, fields.witness]], signal)
    if (reply instanceof RespError) throw fatalError(reply, 'HGET', target)
    return replyText(reply) ?? (await this.#place(of, signal))
  }

  async #place({ key, run }: WitnessedRun, signal: AbortSignal): Promise<string | undefined> {
    const { control, logger, job, target } = this.#options
    const replies = await this.#callEach((witness) => ['HSET', witness, fields.run, run], signal)
    const refused = replies.find((reply) => reply instanceof RespError)
    if (refused?.code === 'NOPERM') {
      logger.warn(
        `the user may not write the keys ${witnessKey(job, '*')}: a master of ${target} that is emptied while the job runs is not noticed (give the user the rule that check --connect prints)`,
      )
      return undefined
    }
    if (refused !== undefined) throw fatalError(refused, 'HSET', target)
    // Named behind them: what the checkpoint names has been there.
    const command = ['EVAL', amendScript, '1', key, run, fields.witness, run]
    const [answer] = await control.call(key, [command], signal)
    if (answer instanceof RespError) throw fatalError(answer, 'EVAL', target)
    if (replyText(answer) === 'gone') throw checkpointGone(target)
    return run
  }

  async #callEach(
    commandOf: (key: string) => readonly string[],
    signal: AbortSignal,
  ): Promise<RespReply[]> {
    const { control } = this.#options
    const replies = await Promise.all(
      this.#keys.map(async (key) => await control.call(key, [commandOf(key)], signal)),
    )
    return replies.map(([reply = null]) => reply)
  }

  async #lossOf(lost: readonly string[], signal: AbortSignal): Promise<PluginError> {
    const { control } = this.#options
    const owners = new Set(
      await Promise.all(lost.map(async (key) => await control.ownerOf(key, signal))),
    )
    const masters = [...owners].sort()
    const named = masters.slice(0, maxNamed).join(', ')
    const more = masters.length > maxNamed ? ` and ${masters.length - maxNamed} more` : ''
    return new PluginError({
      code: 'TARGET_FAILED',
      message: `Redis at ${named}${more} lost what it had acknowledged: ${lost.length} of the ${this.#keys.length} witness keys of the job are gone (${lost[0]}), so the master was flushed or came back without its data, and rows that were written are lost, too`,
      hint: 'See what happened to that server, then begin anew with --restart; lists and streams of the job have to be deleted first.',
    })
  }
}

/** One hash tag per run of slots: the first numbers whose slots are in one that has none. */
function witnessTags(): readonly string[] {
  const tags = new Map<number, string>()
  for (let number = 0; tags.size < slotCount / slotsPerWitness; number += 1) {
    const tag = String(number)
    const at = Math.floor(keySlot(Buffer.from(tag)) / slotsPerWitness)
    if (!tags.has(at)) tags.set(at, tag)
  }
  return [...tags.values()]
}
