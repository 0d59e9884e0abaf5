/** Places of the writer at which tests make a run fail. */
export type Failpoint = 'after-encode' | 'after-send' | 'before-repair'

type Failpoints = (place: Failpoint) => Promise<void> | void

const registry = globalThis as { [key: symbol]: Failpoints | undefined }
const key = Symbol.for('millrace.failpoints')

/**
 * Does nothing, unless a test has put a function under `Symbol.for('millrace.failpoints')` before the job began: no flag,
 * file or variable of a user reaches it.
 */
export async function failpoint(place: Failpoint): Promise<void> {
  const reach = registry[key]
  if (reach !== undefined) await reach(place)
}
