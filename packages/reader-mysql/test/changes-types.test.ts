import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Cell, Row } from '@millrace/core/record'
import { changesUntilNow, followingReader } from './changes-source.ts'
import { batchesOf, never, shown, TestDatabase } from './test-source.ts'
import { presentCases } from './type-cases.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await TestDatabase.create()
})
afterAll(async () => database?.[Symbol.asyncDispose]())

/** The rows of a table, once from the log and once from a snapshot, in the order of their first column. */
async function bothWays(
  table: string,
  create: string,
  inserts: readonly string[],
  parameters: object = {},
): Promise<{ readonly changed: Row[]; readonly read: Row[] }> {
  await database.run(create)
  await using session = await followingReader(database, [table], parameters)
  const from = await session.currentPosition({ signal: never })
  await database.run(...inserts)
  const changes = await changesUntilNow(session, from)
  const { splits } = await session.split(1, { signal: never })
  const read: Row[] = []
  for (const split of splits) {
    for (const { rows } of await batchesOf(session, split)) read.push(...rows)
  }
  const bytes = changes.reduce((sum, { byteSize }) => sum + byteSize, 0)
  const wanted = changes.flatMap(({ rows }) => rows).flat()
  expect(bytes).toBe(wanted.reduce<number>((sum, cell) => sum + sizeOf(cell), 0))
  return { changed: inOrder(changes.flatMap(({ rows }) => rows)), read: inOrder(read) }
}

function sizeOf(cell: Cell): number {
  if (typeof cell === 'string') return Buffer.byteLength(cell)
  return cell instanceof Uint8Array ? cell.length : Number(typeof cell === 'boolean')
}

function inOrder(rows: readonly Row[]): Row[] {
  return rows
    .toSorted((left, right) => Number(left[0]) - Number(right[0]))
    .map((row) => row.map((cell) => shown(cell)))
}

async function expectSame(...given: Parameters<typeof bothWays>): Promise<void> {
  const { changed, read } = await bothWays(...given)
  expect(read.length).toBeGreaterThan(0)
  expect(changed).toEqual(read)
}

describe('cells of changes', () => {
  it('are those of the snapshot, for every type', async () => {
    const present = presentCases(database)
    const columns = present.map(({ declaration }, index) =>
      `c${index} ${declaration} null`.replace('null null', 'null'),
    )
    const create = `CREATE TABLE every (id int PRIMARY KEY, ${columns.join(', ')}) ROW_FORMAT=DYNAMIC`
    const values = present.map(({ value }) => value).join(', ')
    const { changed, read } = await bothWays('every', create, [
      `INSERT INTO every VALUES (1, ${values})`,
      'INSERT INTO every (id) VALUES (2)',
    ])
    const named = (rows: Row[]) =>
      rows.map((row) => row.slice(1).map((cell, index) => [present[index]?.declaration, cell]))
    expect(named(changed)).toEqual(named(read))
    expect(changed[0]?.slice(1)).toEqual(present.map(({ cell }) => cell))
  })

  it('are those of the snapshot, for any doubles and floats', async () => {
    const numbers = [
      ...fc.sample(fc.double({ noNaN: true, noDefaultInfinity: true }), { numRuns: 600, seed: 7 }),
      ...fc
        .sample(fc.integer({ min: -330, max: 308 }), { numRuns: 300, seed: 8 })
        .map((power) => Number(`${power % 7}.${Math.abs(power)}e${power}`)),
      0.1,
      1e15,
      1e16,
      123456789012345680,
      1e-5,
      1e-14,
      1e-15,
      1e-16,
      0.00001234,
      5e-324,
    ]
    const rows = numbers.map((number, index) => {
      const float = Math.abs(number) > 3e38 ? 1 : Math.fround(number)
      const fixed = Math.abs(number) > 1e15 ? 1 : number
      return `(${index}, ${number}, ${float}, ${fixed})`
    })
    await expectSame(
      'doubles',
      'CREATE TABLE doubles (id int PRIMARY KEY, d double, f float, m double(30,4))',
      [`INSERT INTO doubles VALUES ${rows.join(', ')}`],
    )
  })

  it('are those of the snapshot, for any decimals', async () => {
    const shapes = [
      [1, 0],
      [5, 2],
      [9, 9],
      [10, 0],
      [18, 9],
      [30, 15],
      [65, 30],
      [65, 0],
    ] as const
    const columns = shapes.map(
      ([precision, scale], index) => `c${index} decimal(${precision},${scale})`,
    )
    const digits = fc.sample(
      fc.tuple(fc.bigInt({ min: 0n, max: 10n ** 65n - 1n }), fc.boolean(), fc.nat(65)),
      {
        numRuns: 300,
        seed: 9,
      },
    )
    const rows = digits.map(([value, isNegative, kept], index) => {
      const cells = shapes.map(([precision, scale]) => {
        const text = (value % 10n ** BigInt(Math.min(precision, kept)))
          .toString()
          .padStart(scale + 1, '0')
        const whole = text.slice(0, text.length - scale)
        return `${isNegative ? '-' : ''}${whole}${scale > 0 ? `.${text.slice(-scale)}` : ''}`
      })
      return `(${index}, ${cells.join(', ')})`
    })
    await expectSame(
      'decimals',
      `CREATE TABLE decimals (id int PRIMARY KEY, ${columns.join(', ')})`,
      [`INSERT INTO decimals VALUES ${rows.join(', ')}`],
    )
  })

  it('are those of the snapshot, for dates and times of every fraction', async () => {
    const fractions = [0, 1, 2, 3, 4, 5, 6]
    const columns = fractions.flatMap((digits) => [
      `t${digits} time(${digits})`,
      `d${digits} datetime(${digits})`,
      `s${digits} timestamp(${digits}) null`,
    ])
    const moments = [
      ['-838:59:59', '1000-01-01 00:00:00', '1970-01-01 00:00:01'],
      ['838:59:59', '9999-12-31 23:59:59.999999', '2038-01-19 03:14:07.999999'],
      ['-00:00:00.000001', '0000-00-00 00:00:00', '2000-02-29 23:59:59.5'],
      ['-00:00:01.5', '2026-00-00 00:00:00', '0000-00-00 00:00:00'],
      ['-10:59:59.999999', '2026-11-21 15:16:17.123456', '2026-11-21 15:16:17.123456'],
      ['00:00:00.9', '0001-01-01 01:01:01.1', '2026-12-31 23:59:59.987654'],
    ] as const
    const rows = moments.map((texts, index) => {
      const cells = fractions.flatMap(() => texts.map((text) => `'${text}'`))
      return `(${index}, ${cells.join(', ')}, ${index === 3 ? 0 : 1901 + index})`
    })
    await database.run("SET SESSION sql_mode = 'ALLOW_INVALID_DATES'")
    await expectSame(
      'moments',
      `CREATE TABLE moments (id int PRIMARY KEY, ${columns.join(', ')}, y year)`,
      [`INSERT INTO moments VALUES ${rows.join(', ')}`],
    )
    await database.run("SET SESSION sql_mode = ''")
  })

  it('are those of the snapshot, for text in every character set', async () => {
    const [charsets] = (await database.connection.query(
      "SELECT CHARACTER_SET_NAME AS name FROM information_schema.CHARACTER_SETS WHERE CHARACTER_SET_NAME <> 'binary'",
    )) as unknown as [{ name: string }[]]
    const names = charsets.map(({ name }) => name)
    const columns = names.flatMap((name, index) => [
      `v${index} varchar(300) character set ${name}`,
      `c${index} char(60) character set ${name}`,
      `t${index} text character set ${name}`,
    ])
    const texts = [
      '',
      'plain ASCII ~\\\\`',
      'é€ßñ',
      'Привет',
      '日本語 中文',
      'ก ไทย',
      'שלום',
      'Ωμέγα',
      '한국어',
      '😀',
    ]
    const rows = texts.map(
      (text, index) => `(${index}, ${columns.map(() => `'${text}'`).join(', ')})`,
    )
    await expectSame(
      'charsets',
      `CREATE TABLE charsets (id int PRIMARY KEY, ${columns.join(', ')}) ROW_FORMAT=DYNAMIC`,
      [`INSERT IGNORE INTO charsets VALUES ${rows.join(', ')}`],
    )
  })

  it('are those of the snapshot, for stored text when an encoding is declared', async () => {
    await expectSame(
      'declared',
      'CREATE TABLE declared (id int PRIMARY KEY, l varchar(20) character set latin1, g varchar(20) character set gbk, u varchar(20) character set utf8mb4, e enum("ä") character set latin1)',
      ["INSERT INTO declared VALUES (1, X'D6D0', '中', '文', 'ä'), (2, 'a', 'b', 'c', NULL)"],
      { encoding: 'GBK' },
    )
  })

  it('are those of the snapshot, for integers at their bounds', async () => {
    const sizes = [
      ['tinyint', 8n],
      ['smallint', 16n],
      ['mediumint', 24n],
      ['int', 32n],
      ['bigint', 64n],
    ] as const
    const columns = sizes.flatMap(([name]) => [`${name}_s ${name}`, `${name}_u ${name} unsigned`])
    const rows = [0n, 1n, 2n, 3n].map((at) => {
      const cells = sizes.flatMap(([, bits]) => {
        const half = 1n << (bits - 1n)
        const signed = [-half, -1n, half - 1n, -half + 1n][Number(at)]
        const unsigned = [0n, half, half * 2n - 1n, half - 1n][Number(at)]
        return [signed, unsigned]
      })
      return `(${at}, ${cells.join(', ')}, ${at}, ${at})`
    })
    await expectSame(
      'integers',
      `CREATE TABLE integers (id int PRIMARY KEY, ${columns.join(', ')}, y year, last int unsigned)`,
      [`INSERT INTO integers VALUES ${rows.join(', ')}`],
    )
  })

  it('are those of the snapshot, for JSON of every kind', async () => {
    const documents = [
      'null',
      'true',
      '-32768',
      '65535',
      '-2147483648',
      '4294967295',
      '-9223372036854775808',
      '18446744073709551615',
      '1.0',
      '1e300',
      '0.1',
      '123456789012345678901234567890',
      '"text"',
      '"quote \\" slash \\\\ / new\\nline tab\\t \\b\\f\\r\\u0001\\u001f é 😀"',
      '[]',
      '{}',
      '[1, [2, [3, {"a": []}]], null, false, 70000, -70000, 1.5]',
      '{"b": 1, "a": {"é": "x"}, "": null, "long key": [true]}',
      JSON.stringify(Array.from({ length: 9000 }, (_, index) => `item ${index}`)),
      JSON.stringify(
        Object.fromEntries(Array.from({ length: 3000 }, (_, at) => [`k${at}`, at * 40])),
      ),
      JSON.stringify('y'.repeat(70_000)),
    ]
    const inserts = documents.map(
      (text, index) =>
        `INSERT INTO documents VALUES (${index}, ${database.connection.escape(text)})`,
    )
    const made = [
      "CAST('2026-02-03 04:05:06.789' AS datetime(3))",
      "CAST('2026-02-03' AS date)",
      "CAST('-12:34:56.5' AS time(1))",
      'CAST(123.450 AS decimal(10,3))',
      'CAST(-0.05 AS decimal(3,2))',
      "X'00ff80'",
      "b'101'",
      'CAST(9223372036854775808 AS unsigned)',
    ]
    if (!database.isMariaDb) {
      for (const [index, value] of made.entries()) {
        inserts.push(`INSERT INTO documents VALUES (${100 + index}, JSON_ARRAY(${value}))`)
        inserts.push(`INSERT INTO documents VALUES (${200 + index}, JSON_OBJECT('k', ${value}))`)
      }
    }
    await expectSame('documents', 'CREATE TABLE documents (id int PRIMARY KEY, d json)', inserts)
  })

  it('are those of the snapshot, for members, bits, padding and odd names', async () => {
    const members = Array.from({ length: 64 }, (_, index) => `'m${index}'`).join(',')
    const many = Array.from({ length: 300 }, (_, index) => `'n${index}'`).join(',')
    await expectSame(
      'members',
      `CREATE TABLE members (id int PRIMARY KEY, s set(${members}), e enum(${many}), q enum('it''s', 'a,b', 'c\\\\d', 'ü') character set latin1,
        b8 bit(8), b17 bit(17), p binary(10), long_p binary(255), wide char(255) character set utf8mb4, \`odd \`\`name\` varchar(3))`,
      [
        `INSERT INTO members VALUES
          (1, 'm0,m63,m31,m32', 'n299', 'it''s', b'10000001', b'10000000000000001', X'0001000000', X'01', repeat('ü', 255), 'x'),
          (2, '', 'n0', 'c\\\\d', 0, 0, '', '', '', ''),
          (3, 'm5', 'n255', 'ü', 1, 1, X'00', X'00', ' a ', ' '),
          (4, NULL, NULL, 'a,b', NULL, NULL, NULL, NULL, NULL, NULL)`,
      ],
    )
  })
})
