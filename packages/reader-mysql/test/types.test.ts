import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readFile } from 'node:fs/promises'
import { byteLengthOfCell, type RecordBatch } from '@millrace/core/record'
import { batchesOf, never, openReader, shown, TestDatabase, testDataSource } from './test-source.ts'
import { presentCases, typeCases, type TypeCase } from './type-cases.ts'

let database: TestDatabase
let present: readonly TypeCase[]
let batches: RecordBatch[]

beforeAll(async () => {
  database = await TestDatabase.create()
  present = presentCases(database)
  const columns = present.map(({ declaration }, index) => `c${index} ${declaration} null`)
  const values = present.map(({ value }) => value).join(', ')
  await database.run(
    `CREATE TABLE types (id int PRIMARY KEY, ${columns.map((text) => text.replace('null null', 'null')).join(', ')}) ROW_FORMAT=DYNAMIC`,
    `INSERT INTO types VALUES (1, ${values})`,
    'INSERT INTO types (id) VALUES (2)',
  )
  await using session = await openReader({ table: 'types', column: ['*'] }, [
    testDataSource(database.name),
  ])
  await session.check({ signal: never })
  const { splits } = await session.split(1, { signal: never })
  batches = await batchesOf(session, splits[0]!)
})

afterAll(async () => database[Symbol.asyncDispose]())

describe('column types', () => {
  it('arrive as TYPES.md says, and as their logical type', () => {
    const fields = batches[0]?.schema.fields ?? []
    const found = batches[0]?.rows[0] ?? []
    const got = present.map(({ declaration, value }, index) => ({
      declaration,
      value,
      type: fields[index + 1]?.type,
      cell: shown(found[index + 1]),
    }))
    const wanted = present.map(({ declaration, value, type, cell }) => ({
      declaration,
      value,
      type,
      cell,
    }))
    expect(got).toEqual(wanted)
  })

  it('hold NULL as null', () => {
    const row = batches[0]?.rows[1] ?? []
    expect(row.slice(1)).toEqual(present.map(() => null))
  })

  it('counts bytes exactly', () => {
    const cells = batches.flatMap(({ rows }) => rows.flat())
    const wanted = cells.reduce<number>((sum, cell) => sum + byteLengthOfCell(cell), 0)
    expect(batches.reduce((sum, { byteSize }) => sum + byteSize, 0)).toBe(wanted)
  })

  it('stand in TYPES.md, every one of them', async () => {
    const page = await readFile(new URL('../TYPES.md', import.meta.url), 'utf8')
    const lines = page.split('\n').filter((line) => line.startsWith('| `'))
    const wanted = typeCases.map((typeCase) => typeLine(typeCase))
    expect(lines.map(withoutPadding)).toEqual(wanted.map(withoutPadding))
  })
})

function withoutPadding(line: string): string {
  return line.replaceAll(/ +/g, ' ')
}

function typeLine({ declaration, value, type, cell, server }: TypeCase): string {
  const isLong = typeof cell === 'string' && cell.length >= 300
  const text = isLong ? `${cell.slice(0, 3)}…` : JSON.stringify(cell)
  return `| \`${declaration}\` | \`${value}\` | ${type} | \`${text}\` | ${server ?? ''} |`
}
