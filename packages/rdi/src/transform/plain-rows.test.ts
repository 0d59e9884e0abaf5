import {
  TextBatchBuilder,
  type Cell,
  type Field,
  type LogicalType,
  type Row,
  type TableSchema,
} from '@millrace/core/record'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  batchOf,
  compiled,
  jmespath,
  job,
  routesOf,
  table,
  transformed,
  type RouteSetup,
} from '../../test/route-fixture.ts'

const plain: RouteSetup = { jobs: [] }
/** The same, but that every row has to become a record. */
const byRecords: RouteSetup = {
  jobs: [
    job({
      name: 'default',
      table: '*',
      blocks: [{ uses: 'filter', expression: jmespath('keep(@)') }],
    }),
  ],
  scripts: { 'keep(@)': () => true },
}

const cells: Readonly<Record<LogicalType, fc.Arbitrary<Cell>>> = {
  bool: fc.boolean(),
  int: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n }).map(String),
  float: fc.double().map(String),
  decimal: fc.tuple(fc.maxSafeInteger(), fc.nat(999)).map(([whole, part]) => `${whole}.${part}`),
  string: fc.string({ unit: 'grapheme' }),
  bytes: fc.uint8Array({ maxLength: 20 }),
  date: fc.constantFrom('2026-01-02', '0000-00-00', 'infinity'),
  time: fc.constantFrom('03:04:05', '-838:59:59'),
  datetime: fc.constantFrom('2026-01-02 03:04:05', '0044-03-15 00:00:00 BC'),
  timestamptz: fc.constantFrom('2026-01-02 03:04:05.5', '-infinity'),
  uuid: fc.uuid(),
  json: fc.json(),
  value: fc.string(),
}

const tables = fc
  .array(fc.constantFrom(...(Object.keys(cells) as LogicalType[])), { minLength: 1, maxLength: 6 })
  .chain((types) =>
    fc.record({
      schema: fc.constant(
        table('t', Object.fromEntries(types.map((type, index) => [`c${index}`, type]))),
      ),
      rows: fc.array(
        fc.tuple(
          ...types.map((type) => fc.option(cells[type], { nil: null })),
        ) as fc.Arbitrary<Row>,
        { maxLength: 5 },
      ),
    }),
  )

function textBatch(schema: TableSchema, rows: readonly Row[]) {
  const builder = new TextBatchBuilder(schema, { maxRows: 1000, maxBytes: 1_000_000 })
  for (const row of rows) {
    const texts = row.map((cell) =>
      cell === null ? null : Buffer.from(cell instanceof Uint8Array ? cell : String(cell)),
    )
    builder.reserve(texts.reduce((sum, text) => sum + (text?.length ?? 0) + 1, 0))
    for (const text of texts)
      if (text === null) builder.addNull()
      else builder.addCell(text, 0, text.length)
    builder.endRow(0)
  }
  return builder.take()
}

describe('rows nobody asked anything of', () => {
  it('leave as text, with the cells that the way over records gives', async () => {
    await fc.assert(
      fc.asyncProperty(tables, async ({ schema, rows }) => {
        await using transforms = await compiled(routesOf(plain), [schema])
        const read = textBatch(schema, rows)
        const { batch } = await transforms.apply(read)
        expect(batch.text).toBe(read.text)
        expect(batch.text).toBeDefined()
        const reference = await transformed(byRecords, schema, rows)
        expect(batch.rows).toEqual(reference.batch.rows)
        expect(batch.text).toBeUndefined()
        expect(batch.schema.fields).toEqual(reference.output.fields)
        expect(batch.schema.key).toEqual(reference.output.key)
      }),
      { numRuns: 60 },
    )
  })
})

describe('columns that are written in another form', () => {
  const native = (type: LogicalType, nativeType: string): [LogicalType, string] => [
    type,
    nativeType,
  ]
  const odd = table('t', {
    id: 'int',
    gap: native('string', 'interval'),
    bits: native('string', 'bit(3)'),
    bit: native('string', 'bit(1)'),
    spans: native('json', 'interval[]'),
    price: 'decimal',
    raw: 'bytes',
  })
  const row: Row = ['1', '1 day', '101', '1', '["1 day"]', '1.50', new Uint8Array([0xfb, 0xff])]
  const shape = (fields: readonly Field[]) => fields.map(({ name, type }) => `${name} ${type}`)

  it('are left out where RDI has no such type, and text stays text', async () => {
    const setup = { ...plain, settings: { dropsUnsupported: true } }
    await using transforms = await compiled(routesOf(setup), [odd])
    expect(shape(transforms.outputOf(odd).fields).slice(0, 5)).toEqual([
      'id int',
      '$gap string',
      '$bits string',
      'bit string',
      'spans json',
    ])
    const read = textBatch(odd, [row])
    expect((await transforms.apply(read)).batch.text).toBe(read.text)
    const records = await transformed({ ...byRecords, settings: { dropsUnsupported: true } }, odd, [
      row,
    ])
    expect(shape(records.output.fields).slice(0, 3)).toEqual(['id int', 'bit string', 'spans json'])
    expect(records.batch.rows[0]?.slice(0, 3)).toEqual(['1', '1', '["1 day"]'])
  })

  it('have the form that the source asks for', async () => {
    const setup = { ...plain, source: { decimals: 'double' as const, binary: 'hex' as const } }
    const { batch, output } = await transformed(setup, odd, [row])
    expect(shape(output.fields).slice(5)).toEqual(['price float', 'raw string'])
    expect(batch.rows[0]?.slice(5)).toEqual(['1.50', 'fbff'])
    expect(batchOf(odd, [row]).rows[0]?.[6]).toEqual(new Uint8Array([0xfb, 0xff]))
  })
})
