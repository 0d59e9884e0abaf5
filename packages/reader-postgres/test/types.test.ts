import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readFile } from 'node:fs/promises'
import { byteLengthOfCell, type RecordBatch } from '@millrace/core/record'
import { batchesOf, never, openReader, shown, TestDatabase, testDataSource } from './test-source.ts'
import { availableCases, oddSettings, ownTypes, typeCases, type TypeCase } from './type-cases.ts'

let database: TestDatabase
let present: readonly TypeCase[]
let batches: RecordBatch[]

beforeAll(async () => {
  database = await TestDatabase.create()
  present = await availableCases(database)
  for (const extension of new Set(present.map((typeCase) => typeCase.extension))) {
    if (extension !== undefined) await database.run(`CREATE EXTENSION ${extension}`)
  }
  const columns = present.map(({ declaration }, index) => `c${index} ${declaration}`)
  const nulls = present.map((_, index) => `ALTER c${index} DROP NOT NULL`)
  const values = present.map(({ value }) => value).join(', ')
  await database.run(
    "SET lc_monetary TO 'C'",
    ...ownTypes,
    `CREATE TABLE types (id int PRIMARY KEY, ${columns.join(', ')})`,
    `ALTER TABLE types ${nulls.join(', ')}`,
    `INSERT INTO types VALUES (1, ${values})`,
    `INSERT INTO types VALUES (2, ${present.map(() => 'NULL').join(', ')})`,
    `ALTER DATABASE ${database.name} SET lc_monetary TO 'C'`,
    ...oddSettings.map((setting) => `ALTER DATABASE ${database.name} SET ${setting}`),
  )
  batches = await readTypes()
})

afterAll(async () => database[Symbol.asyncDispose]())

async function readTypes(): Promise<RecordBatch[]> {
  await using session = await openReader({ table: 'types', column: ['*'], where: 'id < 3' }, [
    testDataSource(database.name),
  ])
  await session.check({ signal: never })
  const { splits } = await session.split(1, { signal: never })
  return await batchesOf(session, splits[0]!)
}

describe('column types', () => {
  it('arrive as TYPES.md says, and as their logical type, however the server is set up', () => {
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

  it("do not depend on the process's time zone", async () => {
    const before = process.env['TZ']
    try {
      process.env['TZ'] = 'America/St_Johns'
      expect((await readTypes())[0]?.rows).toEqual(batches[0]?.rows)
    } finally {
      if (before === undefined) delete process.env['TZ']
      else process.env['TZ'] = before
    }
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

function typeLine({ declaration, value, type, cell, extension }: TypeCase): string {
  const isLong = typeof cell === 'string' && cell.length >= 300
  const text = isLong ? `${cell.slice(0, 3)}…` : JSON.stringify(cell)
  return `| \`${declaration}\` | \`${value}\` | ${type} | \`${text}\` | ${extension ?? ''} |`
}
