import { guardAnswerOf, type Guard } from '../checkpoint/guard.ts'
import { checkpointGone, fenced, guardError } from '../checkpoint/guard-error.ts'
import { replyText } from '../resp/reply-text.ts'
import type { ClusterControl } from './cluster-control.ts'

/**
 * Keeps the progress of a split, when the fence is this run's and the split stands where it should. The answers are those
 * of the guard that goes with data.
 */
const keepScript = `local r=redis.call('HGET',KEYS[1],'run')
if not r then return 'gone' end
if r~=ARGV[1] then return 'fenced '..(redis.call('HGET',KEYS[1],'owner') or r) end
local s=redis.call('HGET',KEYS[1],'sequence:'..ARGV[2]) or '0'
if ARGV[3]~='*' and s~=ARGV[3] then return 'at '..s end
redis.call('HSET',KEYS[1],'sequence:'..ARGV[2],ARGV[4],'split:'..ARGV[2],ARGV[5])
return 'pass'`

/** Keeps the progress of splits in a cluster, per split in the order of the batches, each after its rows. */
export class ProgressKeeper {
  readonly #control: ClusterControl
  readonly #target: string
  /** What the next batch of a split waits for. */
  readonly #last = new Map<string, Promise<unknown>>()

  constructor(control: ClusterControl, target: string) {
    this.#control = control
    this.#target = target
  }

  /**
   * Keeps progress when `rows` is fulfilled and that of the batches before is kept; gives what `rows` gave.
   *
   * @throws what `rows` is rejected with, what the batches before failed with, and PluginError TARGET_REWOUND,
   * TARGET_FENCED or TARGET_FAILED when the checkpoint is not where it should be
   */
  async keepAfter<T>(rows: Promise<T>, guard: Guard, signal: AbortSignal): Promise<T> {
    const { split } = guard
    const before = this.#last.get(split)
    const kept = this.#inOrder(rows, before, guard, signal)
    this.#last.set(split, kept)
    try {
      return await kept
    } finally {
      // A split that goes on after a failure begins without its past.
      if (this.#last.get(split) === kept) this.#last.delete(split)
    }
  }

  /** Throws PluginError TARGET_FENCED or TARGET_FAILED unless the fence is this run's. */
  async checkFence({ key, run }: Guard, signal: AbortSignal): Promise<void> {
    const [holder, owner] = await this.#control.call(
      key,
      [
        ['HGET', key, 'run'],
        ['HGET', key, 'owner'],
      ],
      signal,
    )
    const found = replyText(holder)
    if (found === undefined) throw checkpointGone(this.#target)
    if (found !== run) throw fenced(replyText(owner) ?? found, this.#target)
  }

  async #keep(guard: Guard, signal: AbortSignal): Promise<void> {
    const { key, run, split, expected, progress } = guard
    if (progress === undefined) return
    const { sequence, record } = progress
    const wanted = expected === undefined ? '*' : String(expected)
    const command = ['EVAL', keepScript, '1', key, run, split, wanted, String(sequence), record]
    const [reply = null] = await this.#control.call(key, [command], signal)
    const error = guardError({ guardAnswer: guardAnswerOf(reply), sequence }, this.#target)
    if (error !== undefined) throw error
  }

  async #inOrder<T>(
    rows: Promise<T>,
    before: Promise<unknown> | undefined,
    guard: Guard,
    signal: AbortSignal,
  ): Promise<T> {
    // Both are awaited at once, so that neither is ever rejected unseen.
    const [settled] = await Promise.all([rows, before])
    await this.#keep(guard, signal)
    return settled
  }
}
