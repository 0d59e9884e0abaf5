import { AssertionError } from 'node:assert'
import { setTimeout as sleep } from 'node:timers/promises'

/** How long a call may take before the suite says that it never ends, in milliseconds. */
export const defaultTimeoutMs = 10_000

/** Awaits a promise, but no longer than `timeoutMs`; then it fails with `promise`, the sentence that is broken. */
export async function within<T>(
  waiting: Promise<T>,
  promise: string,
  timeoutMs = defaultTimeoutMs,
): Promise<T> {
  const controller = new AbortController()
  const late = sleep(timeoutMs, undefined, { signal: controller.signal }).then(() => {
    throw new AssertionError({ message: `${promise} (nothing happened for ${timeoutMs} ms)` })
  })
  late.catch(() => undefined)
  try {
    return await Promise.race([waiting, late])
  } finally {
    controller.abort()
  }
}

/** Asks again and again until `holds` is true; fails with `promise` after `timeoutMs`. */
export async function eventually(
  holds: () => boolean | Promise<boolean>,
  promise: string,
  timeoutMs = defaultTimeoutMs,
): Promise<void> {
  const end = performance.now() + timeoutMs
  while (!(await holds())) {
    if (performance.now() > end) throw new AssertionError({ message: promise })
    await sleep(20)
  }
}

/** What a promise is rejected with; fails with `promise` when it is fulfilled or never settles. */
export async function rejectionOf(
  waiting: Promise<unknown>,
  promise: string,
  timeoutMs?: number,
): Promise<unknown> {
  const settled = waiting.then(
    () => ({ isFulfilled: true as const }),
    (error: unknown) => ({ isFulfilled: false as const, error }),
  )
  const result = await within(settled, promise, timeoutMs)
  if (result.isFulfilled) throw new AssertionError({ message: promise })
  return result.error
}
