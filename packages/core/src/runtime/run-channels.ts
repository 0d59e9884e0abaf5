import type { Split } from '../plugin/reader.ts'
import type { ChannelContext } from './channel-context.ts'
import { runSplit } from './split-run.ts'
import { freshSplit } from './split-record.ts'

/** Moves splits over so many channels: each takes the next one until none is left. Never rejects. */
export async function runChannels(
  splits: readonly Split[],
  concurrency: number,
  context: ChannelContext,
): Promise<void> {
  const { checkpoint, counters, readSignal } = context
  const queue: Split[] = [...splits]
  const channel = async () => {
    for (let split = queue.shift(); split !== undefined; split = queue.shift()) {
      if (readSignal.aborted) return
      const start = checkpoint?.startOf(split) ?? freshSplit
      if (await runSplit(split, start, context)) counters.splitsDone += 1
    }
  }
  await Promise.all(Array.from({ length: Math.min(concurrency, splits.length) }, channel))
}
