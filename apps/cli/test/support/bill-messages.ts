import type { Redis } from 'ioredis'

/** The stream that has every row and change of `bill`. */
export const billStream = 'bills'

/** Versions that rows or documents of `bill` were given, in the order of their commits. */
export type Written = Map<number, number[]>

interface Messages {
  readonly reads: readonly number[]
  readonly changes: readonly number[]
}

/** Versions in the stream, by row. */
async function messagesByRow(client: Redis): Promise<ReadonlyMap<number, Messages>> {
  const byRow = new Map<number, { reads: number[]; changes: number[] }>()
  for (const [, fields] of await client.xrange(billStream, '-', '+')) {
    const [, id, , version, , operation] = fields
    const row = byRow.get(Number(id)) ?? { reads: [], changes: [] }
    byRow.set(Number(id), row)
    const list = operation === 'r' ? row.reads : row.changes
    list.push(Number(version))
  }
  return byRow
}

/**
 * What of the stream is not as it has to be, the first ones only: a row was read once, its changes came once each and in order, and
 * those that did not come were in what was read. Rows are numbered from 0.
 */
export async function readOnceFaults(
  client: Redis,
  written: Written,
  rowCount: number,
): Promise<readonly string[]> {
  const messages = await messagesByRow(client)
  const faults: string[] = []
  for (let id = 0; id < rowCount; id += 1) {
    const { reads = [], changes = [] } = messages.get(id) ?? {}
    const versions = written.get(id) ?? []
    const unsent = versions.slice(0, versions.length - changes.length)
    const isSuffix = versions.slice(unsent.length).join() === changes.join()
    if (reads.length !== 1 || !isSuffix || (unsent.at(-1) ?? 0) > (reads[0] ?? -1))
      faults.push(`${id}: read ${reads.join()}, changes ${changes.join()}, of ${versions.join()}`)
  }
  return faults.slice(0, 5)
}
