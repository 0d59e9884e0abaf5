import type { PluginContext, Split } from '@millrace/core/plugin'
import { byteLengthOfCell, type Cell, type RecordBatch, type Row } from '@millrace/core/record'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { streamReader } from './stream-reader.ts'

const context: PluginContext = {
  step: 'Reader',
  logger: { debug() {}, info() {}, warn() {} },
  timeZone: 'Asia/Shanghai',
  concurrency: 1,
  dataSources: [],
}
const { signal } = new AbortController()
const limits = { maxRows: 100, maxBytes: 1_000_000, maxDelayMs: 1000 }

async function parse(parameters: unknown) {
  const result = await streamReader.config['~standard'].validate(parameters)
  if (result.issues) throw new Error(result.issues.map((issue) => issue.message).join())
  return result.value
}

async function open(parameters: unknown) {
  return streamReader.open(await parse(parameters), context, { signal })
}

async function readAll(parameters: unknown, desired = 1) {
  const session = await open(parameters)
  const [schema] = await session.describe({ signal })
  if (schema === undefined) throw new Error('the reader describes no table')
  const { splits } = await session.split(desired, { signal })
  const rows: Row[] = []
  for (const split of splits) {
    for await (const batch of session.read(split, { signal, ...limits })) {
      expect(batch.byteSize).toBe(
        batch.rows.flat().reduce<number>((sum, cell) => sum + byteLengthOfCell(cell), 0),
      )
      rows.push(...batch.rows)
    }
  }
  return { schema, rows, types: schema.fields.map(({ type }) => type) }
}

async function errorsOf(parameters: unknown): Promise<string[]> {
  const findings = streamReader.validate?.(await parse(parameters)) ?? []
  return findings.map(({ severity, path, message }) => `${severity} ${path.join('.')}: ${message}`)
}

/** The logical type and cell of one column with one value. */
async function cellOf(column: Record<string, unknown>): Promise<[string | undefined, Cell]> {
  const { rows, types } = await readAll({ column: [column], sliceRecordCount: 1 })
  return [types[0], rows[0]?.[0]]
}

describe('fixed values', () => {
  it.each([
    [{ value: 'DataX' }, 'string', 'DataX'],
    [{ type: 'STRING', value: 5 }, 'string', '5'],
    [{ type: 'long', value: 19890604 }, 'int', '19890604'],
    [{ type: 'long', value: '18446744073709551615' }, 'int', '18446744073709551615'],
    [{ type: 'long', value: '+007' }, 'int', '7'],
    [{ type: 'double', value: '1.50' }, 'decimal', '1.50'],
    [{ type: 'double', value: 1.5 }, 'decimal', '1.5'],
    [{ type: 'double', value: '1e3' }, 'float', '1e3'],
    [{ type: 'double', value: 'NaN' }, 'float', 'NaN'],
    [{ type: 'bool', value: 'TRUE' }, 'bool', true],
    [{ type: 'bool', value: false }, 'bool', false],
    [{ type: 'bytes', value: 'é' }, 'bytes', Buffer.from('é')],
    [{ type: 'long', value: null }, 'int', null],
    [
      { type: 'date', value: '2026-02-02T03:04:05.678+08:00' },
      'timestamptz',
      '2026-02-01 19:04:05.678',
    ],
    [{ type: 'date', value: '2026-02-02 03:04:05Z' }, 'timestamptz', '2026-02-02 03:04:05'],
    [{ type: 'date', value: '2025-12-31T23:30:00-0130' }, 'timestamptz', '2026-01-01 01:00:00'],
    [{ type: 'date', value: '2014-10-10 00:00:01' }, 'datetime', '2014-10-10 00:00:01'],
    [{ type: 'date', value: '2014-10-10' }, 'date', '2014-10-10'],
    [
      { type: 'date', value: '10/Oct/2014 1:02', dateFormat: 'dd/MMM/yyyy H:mm' },
      'datetime',
      '2014-10-10 01:02:00',
    ],
    [
      { type: 'date', value: '20140708093015042', dateFormat: 'yyyyMMddHHmmssSSS' },
      'datetime',
      '2014-07-08 09:30:15.042',
    ],
    [
      { type: 'date', value: '2014-07-08 at 9h', dateFormat: "yyyy-MM-dd 'at' H'h'" },
      'datetime',
      '2014-07-08 09:00:00',
    ],
    [
      { type: 'date', value: '2014-07-08 09:00 +0800', dateFormat: 'yyyy-MM-dd HH:mm Z' },
      'timestamptz',
      '2014-07-08 01:00:00',
    ],
  ])('%j', async (column, type, cell) => {
    expect(await cellOf(column)).toEqual([type, cell])
  })

  it('gives as many rows as asked for in every split, each its own to edit', async () => {
    const { rows } = await readAll(
      { column: [{ type: 'long', value: 1 }, { value: 'a' }], sliceRecordCount: '150' },
      3,
    )
    expect(rows).toHaveLength(450)
    expect(new Set(rows).size).toBe(450)
    expect(rows[449]).toEqual(['1', 'a'])
  })

  it('names columns by position or as the job does', async () => {
    const config = await parse({ column: [{ value: 1 }, { name: 'id', value: 2 }] })
    expect(streamReader.columnNames?.(config)).toEqual(['column0', 'id'])
    const { schema } = await readAll({ ...config, sliceRecordCount: 1 })
    expect(schema.fields.map(({ name }) => name)).toEqual(['column0', 'id'])
  })
})

describe('rows', () => {
  it('gives them once, in order, by the types of the columns', async () => {
    const { rows, types } = await readAll(
      {
        column: [{ type: 'long' }, { type: 'double' }, { type: 'bytes' }, { type: 'date' }],
        rows: [
          [1, '1.50', 'x', '2026-01-01'],
          ['9007199254740993', 2, { $bytes: '/w==' }, '2026-01-01 00:00:01'],
          [null, null, null, null],
        ],
      },
      4,
    )
    expect(types).toEqual(['int', 'decimal', 'bytes', 'datetime'])
    expect(rows).toEqual([
      ['1', '1.50', Buffer.from('x'), '2026-01-01 00:00:00'],
      ['9007199254740993', '2', Buffer.from([255]), '2026-01-01 00:00:01'],
      [null, null, null, null],
    ])
  })

  it('takes no rows as an empty table', async () => {
    const { rows } = await readAll({ column: [{ type: 'long' }], rows: [] })
    expect(rows).toEqual([])
  })
})

describe('random cells', () => {
  const column = [
    { type: 'string', random: '8,15' },
    { type: 'long', random: ' 5 , 7 ' },
    { type: 'double', random: '0,10' },
    { type: 'bool', random: '1,3' },
    { type: 'date', random: '2014-07-07 00:00:00, 2014-07-07 00:00:09' },
    { type: 'bytes', random: '0,2' },
    { type: 'date', random: '2014-01-01,2014-01-03' },
  ]

  it('stay within their bounds and reach both', async () => {
    const { rows, types } = await readAll({ column, sliceRecordCount: 2000, seed: 7 })
    expect(types).toEqual(['string', 'int', 'float', 'bool', 'datetime', 'bytes', 'date'])
    const columnOf = (index: number) => rows.map((row) => row[index])
    const texts = columnOf(0).map(String)
    expect(texts.every((text) => /^[A-Za-z0-9]{8,15}$/.test(text))).toBe(true)
    expect(new Set(texts.map((text) => text.length)).size).toBe(8)
    expect(new Set(texts).size).toBe(2000)
    expect(new Set(columnOf(1))).toEqual(new Set(['5', '6', '7']))
    expect(columnOf(2).every((cell) => Number(cell) >= 0 && Number(cell) <= 10)).toBe(true)
    const trues = columnOf(3).filter((cell) => cell === true).length
    expect(trues / 2000).toBeGreaterThan(0.7)
    expect(trues / 2000).toBeLessThan(0.8)
    expect(new Set(columnOf(4)).size).toBe(10)
    expect(columnOf(4).every((cell) => /^2014-07-07 00:00:0\d$/.test(String(cell)))).toBe(true)
    expect(new Set(columnOf(5).map((cell) => (cell as Uint8Array).length))).toEqual(
      new Set([0, 1, 2]),
    )
    expect(new Set(columnOf(6))).toEqual(new Set(['2014-01-01', '2014-01-02', '2014-01-03']))
  })

  it('repeat with a seed, differ without one, and differ between splits', async () => {
    const parameters = { column, sliceRecordCount: 50 }
    const first = await readAll({ ...parameters, seed: 1 }, 2)
    const second = await readAll({ ...parameters, seed: '1' }, 2)
    expect(first.rows).toEqual(second.rows)
    expect(first.rows.slice(0, 50)).not.toEqual(first.rows.slice(50))
    const third = await readAll(parameters)
    expect(third.rows).not.toEqual(first.rows.slice(0, 50))
  })

  it('go on after a position as they would have, in a session of another seed too', async () => {
    const parameters = { column, sliceRecordCount: 250 }
    const batches: RecordBatch[] = []
    const session = await open(parameters)
    const { splits } = await session.split(1, { signal })
    const split = splits[0] as Split
    const options = { signal, ...limits, positions: true }
    for await (const batch of session.read(split, options)) batches.push(batch)
    const [first, ...rest] = batches
    const later = await open(parameters)
    const resumed: Row[] = []
    const from = first?.position
    if (!from) throw new Error('no position')
    for await (const batch of later.read(split, { signal, ...limits, from })) {
      resumed.push(...batch.rows)
    }
    expect(resumed).toEqual(rest.flatMap((batch) => batch.rows))
  })

  it('weighs true and false alike for equal weights, and never gives one of weight 0', async () => {
    const bools = [
      { type: 'bool', random: '5,5' },
      { type: 'bool', random: '0,10' },
      { type: 'bool', random: '10,0' },
    ]
    const { rows } = await readAll({ column: bools, sliceRecordCount: 500, seed: 1 })
    expect(new Set(rows.map((row) => row[0]))).toEqual(new Set([true, false]))
    expect(new Set(rows.map((row) => row[1]))).toEqual(new Set([true]))
    expect(new Set(rows.map((row) => row[2]))).toEqual(new Set([false]))
  })
})

describe('mistakes', () => {
  it.each([
    [{ column: [{ value: 'x' }] }, 'sliceRecordCount: is missing'],
    [{ column: [{}], sliceRecordCount: 1 }, 'column.0: expected a `value`'],
    [{ column: [{ type: 'int', value: 1 }], sliceRecordCount: 1 }, 'expected one of string, long'],
    [{ column: [{ type: 'long', value: 'x' }], sliceRecordCount: 1 }, 'expected an integer'],
    [{ column: [{ type: 'long', value: 2 ** 60 }], sliceRecordCount: 1 }, 'put it in quotes'],
    [{ column: [{ type: 'double', value: 'x' }], sliceRecordCount: 1 }, 'expected a number'],
    [{ column: [{ type: 'bool', value: 1 }], sliceRecordCount: 1 }, 'expected true or false'],
    [{ column: [{ type: 'date', value: '2026-02-30' }], sliceRecordCount: 1 }, 'no day there is'],
    [{ column: [{ type: 'date', value: '2026-01-01 25:00' }], sliceRecordCount: 1 }, 'time of day'],
    [{ column: [{ type: 'date', value: 1 }], sliceRecordCount: 1 }, 'in quotes'],
    [
      { column: [{ type: 'date', value: 'x', dateFormat: 'yyyy' }], sliceRecordCount: 1 },
      'of the form yyyy',
    ],
    [
      { column: [{ type: 'date', value: 'x', dateFormat: 'yyyy-QQ' }], sliceRecordCount: 1 },
      'column.0.dateFormat: the letter Q',
    ],
    [{ column: [{ type: 'long', random: '5' }], sliceRecordCount: 1 }, 'two bounds'],
    [{ column: [{ type: 'long', random: '7,5' }], sliceRecordCount: 1 }, 'not to be above'],
    [{ column: [{ type: 'long', random: 'a,5' }], sliceRecordCount: 1 }, 'two integers'],
    [{ column: [{ type: 'string', random: '-1,5' }], sliceRecordCount: 1 }, 'lengths'],
    [{ column: [{ type: 'bool', random: '-1,5' }], sliceRecordCount: 1 }, 'weights'],
    [
      { column: [{ type: 'date', random: '2026-01-02,2026-01-01' }], sliceRecordCount: 1 },
      'not to be after',
    ],
    [{ column: [{ type: 'long' }], rows: [[1, 2]] }, 'rows.0: expected 1 cells, found 2'],
    [{ column: [{ type: 'long' }], rows: [[1], ['x']] }, 'rows.1.0: expected an integer'],
    [
      { column: [{ type: 'date' }], rows: [['2026-01-01'], ['2026-01-01 00:00:00Z']] },
      'with and without an offset',
    ],
    [
      {
        column: [
          { name: 'a', value: 1 },
          { name: 'a', value: 1 },
        ],
        sliceRecordCount: 1,
      },
      'two columns named "a"',
    ],
  ])('%j', async (parameters, part) => {
    expect(await errorsOf(parameters)).toEqual([expect.stringContaining(part)])
    await expect(open(parameters)).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })

  it('finds all of them at once', async () => {
    const found = await errorsOf({
      column: [{}, { type: 'x', value: 1 }, { type: 'long', value: '' }],
    })
    expect(found).toHaveLength(4)
  })

  it('only warns of what has no effect', async () => {
    expect(
      await errorsOf({ column: [{ value: 'x', random: '1,2' }], sliceRecordCount: 1 }),
    ).toEqual([expect.stringContaining('warning column.0.random')])
    expect(await errorsOf({ column: [{}], rows: [], sliceRecordCount: 1 })).toEqual([
      expect.stringContaining('warning sliceRecordCount'),
    ])
  })

  it.each([[{}], [{ column: [] }], [{ column: [{}], sliceRecordCount: 0 }], [{ column: 'x' }]])(
    'the schema refuses %j',
    async (parameters) => {
      await expect(parse(parameters)).rejects.toThrow()
    },
  )
})

describe('batches', () => {
  it('keep both bounds for any lengths', async () => {
    const text = fc.string({ unit: 'binary', maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(
        fc.array(text, { maxLength: 40 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 60 }),
        async (texts, maxRows, maxBytes) => {
          const session = await open({ column: [{}], rows: texts.map((one) => [one]) })
          const { splits } = await session.split(1, { signal })
          const read: Cell[] = []
          const bounds = { maxRows, maxBytes, maxDelayMs: 1, signal }
          for await (const batch of session.read(splits[0] as Split, bounds)) {
            expect(batch.rows.length).toBeGreaterThan(0)
            expect(batch.rows.length).toBeLessThanOrEqual(maxRows)
            expect(batch.byteSize <= maxBytes || batch.rows.length === 1).toBe(true)
            read.push(...batch.rows.flat())
          }
          expect(read).toEqual(texts)
        },
      ),
      { numRuns: 50 },
    )
  })
})
