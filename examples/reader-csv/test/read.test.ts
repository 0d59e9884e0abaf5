import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { check, folderOf, read } from './files.ts'

test('reads columns by name, from files that have them in another order', async () => {
  const path = await folderOf({ 'a.csv': 'id,name\n1,Ada\n', 'b.csv': 'name,id\nEve,2\n' })
  const { columns, rows } = await read({ path })
  expect(columns).toEqual(['id', 'name'])
  expect(rows).toEqual([
    ['1', 'Ada'],
    ['2', 'Eve'],
  ])
})

test('tells NULL from text without letters by its quotes', async () => {
  const path = await folderOf({ 'a.csv': 'a,b,c\n,"",x\n"",,\n' })
  expect((await read({ path })).rows).toEqual([
    [null, '', 'x'],
    ['', null, null],
  ])
  const dump = await folderOf({ 'a.tsv': 'a\tb\n\\N\t"\\N"\n' })
  expect((await read({ path: dump, nullValue: '\\N' })).rows).toEqual([[null, '\\N']])
})

test('a bad quote costs its line, and no more', async () => {
  const path = await folderOf({ 'a.csv': 'id,name\n1,Ada\n2,"x"y\n3,"open\n4,Eve\n5\n6,"F\nG"\n' })
  const { rows, unreadable } = await read({ path })
  expect(rows).toEqual([
    ['1', 'Ada'],
    ['4', 'Eve'],
    ['6', 'F\nG'],
  ])
  expect(unreadable.map(({ row, error: { code, message } }) => [code, message, ...row])).toEqual([
    ['CSV_INVALID_CLOSING_QUOTE', 'a.csv, record 2: has text behind a closing quote', '2,"x"y'],
    ['CSV_INVALID_CLOSING_QUOTE', 'a.csv, record 3: has text behind a closing quote', '3,"open'],
    ['WRONG_COLUMN_COUNT', 'a.csv, record 5: has 1 cells, and should have 2', '5', null],
  ])
})

test('lists a cell that is not of its type, without its value in the message', async () => {
  const path = await folderOf({ 'a.csv': 'id,x\none,1\n2,2\n' })
  const { rows, unreadable } = await read({ path, columns: ['x', { name: 'id', type: 'int' }] })
  expect(rows).toEqual([['2', '2']])
  expect(unreadable).toEqual([
    {
      row: ['1', 'one'],
      error: {
        code: 'WRONG_TYPE',
        message: 'a.csv, record 1: column "id" is no int',
        detail: '("one")',
      },
    },
  ])
})

test('reads objects and arrays of JSON lines, and keeps their digits', async () => {
  const lines =
    '{"b":1.50,"a":"x","c":{"z":1.0}}\n[12345678901234567890,2.0,"[1]"]\n\n5\nx\n{"a":true}'
  const path = await folderOf({ 'a.jsonl': lines })
  const columns = [
    'a',
    { name: 'b', type: 'decimal' as const },
    { name: 'c', type: 'json' as const },
  ]
  const { rows, unreadable } = await read({ path, columns })
  expect(rows).toEqual([
    ['x', '1.50', '{"z":1.0}'],
    ['12345678901234567890', '2.0', '"[1]"'],
    ['true', null, null],
  ])
  expect(unreadable.map(({ row }) => row)).toEqual([['5'], ['x']])
})

test('reads UTF-8 with and without a byte order mark, Latin-1, and leaves other bytes as they are', async () => {
  const utf8 = await folderOf({ 'a.csv': '\u{FEFF}é,b\nü,東\n' })
  expect(await read({ path: utf8 })).toMatchObject({ columns: ['é', 'b'], rows: [['ü', '東']] })
  const latin1 = await folderOf({ 'a.csv': Buffer.from('a\né\n', 'latin1') })
  expect((await read({ path: latin1, encoding: 'latin1' })).rows).toEqual([['é']])
  expect((await read({ path: latin1 })).rows).toEqual([[Buffer.from([0xe9])]])
})

test('gives the cells that csv-parse gives, whatever stands in them', async () => {
  const folder = await folderOf({})
  const cell = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', ' ', 'é', '😀') })
  const table = fc.array(fc.tuple(cell, cell, cell), { maxLength: 20 })
  await fc.assert(
    fc.asyncProperty(table, async (rows) => {
      const lines = [['a', 'b', 'c'], ...rows].map((row) =>
        row.map((text) => `"${text.replaceAll('"', '""')}"`).join(','),
      )
      const text = `${lines.join('\r\n')}\r\n`
      const path = join(folder, 'a.csv')
      await writeFile(path, text)
      const expected: unknown = parse(text, { from: 2, record_delimiter: ['\n', '\r\n'] })
      expect((await read({ path })).rows).toEqual(expected)
    }),
    { numRuns: 50 },
  )
})

test('goes on in a file that has grown, and refuses one that is another', async () => {
  const path = await folderOf({ 'a.csv': 'id\n1\n2\n3\n' })
  const { positions } = await read({ path })
  const from = positions.at(-1)
  if (from === undefined) throw new Error('there is no position')
  await appendFile(join(path, 'a.csv'), '4\n')
  expect((await read({ path }, { from })).rows).toEqual([['4']])
  await writeFile(join(path, 'a.csv'), 'id\n1000000000000\n')
  await expect(read({ path }, { from })).rejects.toMatchObject({ code: 'POSITION_LOST' })
  await writeFile(join(path, 'a.csv'), 'id\n')
  await expect(read({ path }, { from })).rejects.toMatchObject({ code: 'POSITION_LOST' })
})

test('says what is wrong before a row is read', async () => {
  const path = await folderOf({ 'a.csv': 'id;name\n1;Ada\n', 'b.dat': 'id\n' })
  const messages = async (parameters: Parameters<typeof check>[0]) =>
    (await check(parameters)).map(({ message, hint }) => `${message}. ${hint}`)
  expect(await messages({ path, delimiter: ';', columns: ['id', 'nmae'] })).toEqual([
    '"a.csv" has no column "nmae". Did you mean "name"?',
  ])
  expect(await messages({ path, columns: ['customer'] })).toEqual([
    '"a.csv" has no column "customer". Its header is one single column: does `delimiter` fit?',
  ])
  expect(await messages({ path: join(path, '*.dat') })).toEqual([
    'the ending of "b.dat" does not tell its format. Say "format": "csv" or "jsonl".',
  ])
  expect(await messages({ path: join(path, '*.xml') })).toEqual([
    expect.stringContaining('no file is found at'),
  ])
  await expect(check({ path: join(path, 'c.csv') })).rejects.toMatchObject({
    code: 'SOURCE_OBJECT_MISSING',
  })
})

test('the job beside it reads its sample', async () => {
  const file = fileURLToPath(new URL('../job.json', import.meta.url))
  const { steps } = JSON.parse(await readFile(file, 'utf8')) as {
    steps: readonly { parameter: Parameters<typeof read>[0] }[]
  }
  const parameter = steps[0]?.parameter ?? { path: '' }
  const path = join(fileURLToPath(new URL('../../..', import.meta.url)), parameter.path)
  const { rows, unreadable } = await read({ ...parameter, path })
  expect([rows.length, unreadable.length]).toEqual([3, 1])
})
