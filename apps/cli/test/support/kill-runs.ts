import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { expect } from 'vitest'
import { changeStream } from './change-pipeline.ts'
import type { RunningCommand } from './job-folder.ts'
import type { PipelineFolder } from './pipeline-folder.ts'
import type { SeededRandom } from './seeded-random.ts'

/** Kills that meet the snapshot. */
const earlyKills = 4
/** How long the first message of a run is waited for. */
const patienceMs = 6000

/** Kills every run until told to end. Gives how many runs there were. */
export async function killRuns(
  pipeline: PipelineFolder,
  client: Redis,
  random: SeededRandom,
  signal: AbortSignal,
): Promise<number> {
  let count = 0
  while (!signal.aborted) {
    const running = pipeline.follow()
    // By turns from the start of the process and from its first message, which a busy machine may never reach in time.
    const isLate = count % 2 === 1
    if (isLate) await firstMessage(client, running, signal)
    const [least, most] = isLate || count < earlyKills ? [200, 1500] : [1000, 5000]
    const exited = await Promise.race([running.ended, sleep(random.between(least, most))])
    running.child.kill('SIGKILL')
    const { exitCode, stderr } = exited ?? (await running.ended)
    // One that ended by itself was not killed: it may do so only before it was connected, since its connections are cut.
    if (exitCode !== null) expect(stderr, String(exitCode)).toContain('[SOURCE_UNREACHABLE]')
    count += 1
  }
  return count
}

/** Waits until a run has written something, for a while: one that is cut off again and again waits longer each time. */
async function firstMessage(
  client: Redis,
  { child }: RunningCommand,
  signal: AbortSignal,
): Promise<void> {
  const before = await client.xlen(changeStream)
  const endMs = performance.now() + patienceMs
  while (child.exitCode === null && !signal.aborted && performance.now() < endMs) {
    if ((await client.xlen(changeStream)) > before) return
    await sleep(20)
  }
}
