/** Places of the runtime at which tests make a run fail; writers have some of their own. */
export type Failpoint = 'after-read' | 'after-reply'

type Failpoints = (place: Failpoint, rowCount: number) => Promise<void> | void

const registry = globalThis as { [key: symbol]: Failpoints | undefined }
const key = Symbol.for('millrace.failpoints')

/**
 * Does nothing, unless a test has put a function under `Symbol.for('millrace.failpoints')` before the job began: no flag,
 * file or variable of a user reaches it. `rowCount` is that of the batch.
 */
export async function failpoint(place: Failpoint, rowCount: number): Promise<void> {
  const reach = registry[key]
  if (reach !== undefined) await reach(place, rowCount)
}
