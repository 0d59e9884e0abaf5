import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RunningCommand } from './job-folder.ts'

/** Peak resident memory of a command, in bytes, as the kernel has seen it. */
export async function peakMemory(running: RunningCommand): Promise<number> {
  let peak = 0
  while (running.child.exitCode === null && running.child.signalCode === null) {
    try {
      const status = readFileSync(`/proc/${running.child.pid}/status`, 'utf8')
      peak = Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024 || peak
    } catch {
      break
    }
    await sleep(20)
  }
  return peak
}
