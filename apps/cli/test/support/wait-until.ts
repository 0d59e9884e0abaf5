import { setTimeout as sleep } from 'node:timers/promises'

const readyTimeoutMs = 30_000

/** Waits for something that a cluster comes to by itself. */
export async function waitUntil(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + readyTimeoutMs
  while (!(await holds())) {
    if (performance.now() > deadlineMs) throw new Error(`waited too long until ${what}`)
    await sleep(50)
  }
}
