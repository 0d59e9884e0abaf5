import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { byteLengthOfCell } from '@millrace/core/record'
import { batchesOf, never, openReader, shown, TestDatabase } from './test-source.ts'
import { typeCases, type TypeCase } from './type-cases.ts'

let database: TestDatabase
let collectionName: string

beforeAll(async () => {
  database = await TestDatabase.create()
  const fields = typeCases.map(({ value }, index): [string, unknown] => [`f${index}`, value])
  collectionName = await database.hold([
    new Map<string, unknown>([['_id', 1], ...fields]),
    { _id: 2 },
  ])
})

afterAll(async () => database[Symbol.asyncDispose]())

/** Cases that are read with the same parameters, with their places in the list. */
function groups(): ReadonlyMap<string, readonly number[]> {
  const found = new Map<string, number[]>()
  for (const [index, { parameters = {} }] of typeCases.entries()) {
    const key = JSON.stringify(parameters)
    found.set(key, [...(found.get(key) ?? []), index])
  }
  return found
}

async function readGroup(parameters: object, indexes: readonly number[]) {
  const column = indexes.map((index) => {
    const { column: type, splitter } = typeCases[index] as TypeCase
    return { name: `f${index}`, type, ...(splitter === undefined ? {} : { splitter }) }
  })
  const wanted = { collectionName, column, ...parameters }
  await using session = await openReader(wanted, database.dataSource())
  const [schema] = await session.describe({ signal: never })
  const { splits } = await session.split(1, { signal: never })
  const batches = await batchesOf(session, splits[0]!, { positions: true })
  const rows = batches.flatMap((batch) => batch.rows)
  return { batches, rows, types: schema?.fields.map(({ type }) => type) ?? [] }
}

describe.each([...groups()])('BSON types, read with %s', (parameters, indexes) => {
  it('arrive as TYPES.md says, and as their logical type; what is missing is null', async () => {
    const { rows, types, batches } = await readGroup(JSON.parse(parameters) as object, indexes)
    const got = indexes.map((index, at) => ({
      shown: typeCases[index]?.shown,
      type: types[at],
      cell: shown(rows[0]?.[at]),
    }))
    const wanted = indexes.map((index) => {
      const { shown: value, type, cell } = typeCases[index] as TypeCase
      return { shown: value, type, cell }
    })
    expect(got).toEqual(wanted)
    expect(rows[1]).toEqual(indexes.map(() => null))
    const counted = rows.flat().reduce<number>((sum, cell) => sum + byteLengthOfCell(cell), 0)
    expect(batches.reduce((sum, { byteSize }) => sum + byteSize, 0)).toBe(counted)
  })
})

it('stand in TYPES.md, every one of them', async () => {
  const page = await readFile(new URL('../TYPES.md', import.meta.url), 'utf8')
  const lines = page.split('\n').filter((text) => text.startsWith('| `'))
  expect(lines.map(withoutPadding)).toEqual(typeCases.map(typeLine).map(withoutPadding))
})

function withoutPadding(text: string): string {
  return text.replaceAll(/ +/g, ' ')
}

function typeLine({
  shown: value,
  column,
  type,
  cell,
  splitter,
  parameters = {},
}: TypeCase): string {
  const more = Object.entries({ ...(splitter === undefined ? {} : { splitter }), ...parameters })
  const named = more.map(([name, setting]) => `\`${name}: ${String(setting)}\``).join(' ')
  const text = JSON.stringify(cell).replaceAll('|', '\\|')
  return `| \`${value}\` | ${column === '' ? '' : `\`${column}\``} | ${named.replaceAll('|', '\\|')} | ${type} | \`${text}\` |`
}
