import { expect } from 'vitest'
import type { ReaderSession, Split } from '@millrace/core/plugin'
import { byteLengthOfCell, type Position, type Row } from '@millrace/core/record'
import {
  batchesOf,
  never,
  openReader,
  randomName,
  shown,
  testDataSource,
  type Parameters,
  type TestDatabase,
} from './test-source.ts'

/** A new table with these rows, given as SQL of a list of values. */
export async function makeTable(
  database: TestDatabase,
  columns: string,
  values = '',
): Promise<string> {
  const name = randomName()
  await database.run(`CREATE TABLE ${name} (${columns})`)
  if (values !== '') await database.run(`INSERT INTO ${name} ${values}`)
  return name
}

/** The list of values of one column. */
export function listOf(texts: readonly string[]): string {
  return `VALUES ${texts.map((each) => `('${each.replaceAll("'", "''")}')`).join(', ')}`
}

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
  database: TestDatabase,
  parameters: Parameters,
  { desired = 1, maxRows = 1 } = {},
): Promise<{ rows: readonly string[]; splits: readonly Split[] }> {
  const sources = [testDataSource(database.name)]
  await using session = await openReader(parameters, sources)
  await using later = await openReader(parameters, sources)
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
