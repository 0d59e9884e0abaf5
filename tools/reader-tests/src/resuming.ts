import type { ReaderSession, Split } from '@millrace/core/plugin'
import { byteLengthOfCell, type Position, type Row } from '@millrace/core/record'
import { expect } from 'vitest'
import { batchesOf, never, shown } from './reading.ts'

const copyOf = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T
const linesOf = (rows: readonly Row[]) => rows.map((row) => JSON.stringify(row.map(shown)))

/** Reads a split, and from every position in it in another session; the rows in order. */
async function resumeEverywhere(
  session: ReaderSession,
  later: ReaderSession,
  split: Split,
  maxRows: number,
): Promise<readonly string[]> {
  expect(split.resumable).toBe(true)
  const batches = await batchesOf(session, split, { positions: true, maxRows })
  const all = batches.flatMap(({ rows }) => linesOf(rows))
  let done = 0
  for (const { rows, position, schema, byteSize } of batches) {
    done += rows.length
    expect(rows.every((row) => row.length === schema.fields.length)).toBe(true)
    expect(byteSize).toBe(
      rows.flat().reduce<number>((sum, cell) => sum + byteLengthOfCell(cell), 0),
    )
    const from = copyOf(position) as Position
    const rest = await batchesOf(later, copyOf(split), { from, positions: true, maxRows: 100 })
    expect(rest.flatMap((batch) => linesOf(batch.rows))).toEqual(all.slice(done))
  }
  return all
}

/** Reads every split in order, in any order, and from each of its positions; gives all rows. */
export async function resumed(
  open: () => Promise<ReaderSession>,
  { desired = 1, maxRows = 1 } = {},
): Promise<{ rows: readonly string[]; splits: readonly Split[] }> {
  await using session = await open()
  await using later = await open()
  const { splits } = await session.split(desired, { signal: never })
  const rows: string[] = []
  for (const split of splits) rows.push(...(await resumeEverywhere(session, later, split, maxRows)))
  const unordered: string[] = []
  for (const split of splits) {
    for (const { rows: found, position } of await batchesOf(session, split)) {
      unordered.push(...linesOf(found))
      expect(position).toBeUndefined()
    }
  }
  expect(rows.toSorted()).toEqual(unordered.toSorted())
  return { rows, splits }
}
