import { afterEach, describe, expect, it } from 'vitest'
import {
  ExpressionFailure,
  ExpressionSyntaxError,
  type ExpressionProgram,
  type RdiRecord,
  type RdiValue,
} from '../../model/expression.ts'
import { compileSql } from './compile-sql.ts'

const open: ExpressionProgram[] = []

afterEach(() => {
  for (const program of open.splice(0)) program.close()
})

async function compiled(texts: readonly string[], realFields: readonly string[] = []) {
  const program = await compileSql(texts, { realFields: new Set(realFields) })
  open.push(program)
  return program
}

async function valueOf(text: string, record: RdiRecord = {}, realFields: readonly string[] = []) {
  return (await compiled([text], realFields)).evaluate([record])[0]?.[0]
}

async function mistake(text: string): Promise<ExpressionSyntaxError> {
  const error: unknown = await compileSql([text], { realFields: new Set() }).catch(
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(ExpressionSyntaxError)
  return error as ExpressionSyntaxError
}

describe('expressions of the documentation', () => {
  it('maps a track', async () => {
    const program = await compiled([
      'trackid',
      'name',
      "concat(floor(milliseconds / 60000), ':', floor(mod(milliseconds / 1000, 60)))",
      "concat(round(bytes / 1048576.0, 2), 'MB')",
    ])
    const record = { trackid: 16, name: 'Hund', milliseconds: 215196, bytes: 7040000 }
    expect(program.evaluate([record])).toEqual([[16], ['Hund'], ['3:35.0'], ['6.71MB']])
    expect(await valueOf("concat('track:', id)", { id: 16 })).toBe('track:16')
  })

  it('makes an expiry of a column', async () => {
    const program = await compiled(["ends_ms / 1000 - STRFTIME('%s', 'now')"])
    const nowMs = Date.now()
    const [seconds] = program.evaluate([
      { ends_ms: nowMs + 90_500 },
      { ends_ms: nowMs - 1000 },
      { ends_ms: null },
    ])
    const [future, past, none] = seconds ?? []
    expect(Number.isInteger(future)).toBe(true)
    expect(Math.abs((future as number) - 90)).toBeLessThanOrEqual(1)
    expect(past).toBeLessThan(0)
    expect(none).toBeNull()
  })

  it('compares decimals as numbers only when told to', async () => {
    expect(await valueOf('Total > 11.99', { Total: '5.94' })).toBe(1)
    expect(
      await valueOf("CASE WHEN CAST(Total AS REAL) > 11.99 THEN 'large' ELSE 'small' END", {
        Total: '5.94',
      }),
    ).toBe('small')
  })
})

describe('values', () => {
  it.each<[string, RdiValue, string, RdiValue]>([
    ['an integer', 7, 'integer', 7],
    ['a negative integer', -3_000_000_000, 'integer', -3_000_000_000],
    ['an integer beyond 2^53', 9007199254740993n, 'integer', 9007199254740993n],
    ['a small bigint', 5n, 'integer', 5],
    ['the least integer', -(2n ** 63n), 'integer', -(2n ** 63n)],
    ['an integer beyond 64 bits', 2n ** 64n - 1n, 'text', '18446744073709551615'],
    ['a fraction', 1.5, 'real', 1.5],
    ['a large floating-point number', 1e300, 'real', 1e300],
    ['true', true, 'integer', 1],
    ['false', false, 'integer', 0],
    ['a decimal', '10.50', 'text', '10.50'],
    ['text', 'Tromsø 🎷', 'text', 'Tromsø 🎷'],
    ['an empty text', '', 'text', ''],
    ['text with a zero byte', 'a\0b', 'text', 'a\0b'],
    ['long text', 'ø'.repeat(100_000), 'text', 'ø'.repeat(100_000)],
    ['null', null, 'null', null],
    ['nothing', undefined, 'null', null],
    ['an array', [1, 'a', null, 2n ** 60n], 'text', '[1,"a",null,1152921504606846976]'],
    ['an object', { a: { b: true }, c: undefined }, 'text', '{"a":{"b":true}}'],
  ])('%s', async (_title, value, type, expected) => {
    const program = await compiled(['typeof(x)', 'x'])
    expect(program.evaluate([{ x: value }])).toEqual([[type], [expected]])
  })

  it('keeps floating-point fields real where they have no fraction', async () => {
    expect(
      await valueOf("x || ' ' || `after.y`", { x: 1, after: { y: 3n } }, ['X', 'after.y']),
    ).toBe('1.0 3.0')
    expect(await valueOf('x / 2', { x: 1 }, ['x'])).toBe(0.5)
    expect(await valueOf('x / 2', { x: 1 })).toBe(0)
  })

  it('gives bytes as base64', async () => {
    expect(await valueOf("x'00ff'")).toBe('AP8=')
  })

  it('follows the memory as it grows', async () => {
    const program = await compiled(["length(replace(x, 'a', 'bcdefghij')) || y"])
    const records = [1, 1_000_000, 8_000_000, 5].map((length) => ({
      x: 'a'.repeat(length),
      y: 'ø',
    }))
    expect(program.evaluate(records)).toEqual([['9ø', '9000000ø', '72000000ø', '45ø']])
  })

  it('handles no expressions and no records', async () => {
    expect((await compiled([])).evaluate([{ a: 1 }])).toEqual([])
    expect((await compiled(['a', 'b'])).evaluate([])).toEqual([[], []])
  })
})

describe('names of fields', () => {
  it.each([
    ['TRACKID', 1],
    ['"trackid"', 1],
    ['[TrackId]', 1],
    ['`trackId`', 1],
    ['`we``ird "name"`', 2],
    ['`order`', 3],
    ['left + `é`', 9],
    ['"note:" || trackid', 'note:1'],
    ["'trackid'", 'trackid'],
    ['missing', null],
    ['"empty"', null],
    ["concat('x', missing)", 'x'],
    ["'x' || missing", null],
    ['constructor', null],
    ['`after.Name`', 'Ida'],
    ['after.name', 'Ida'],
    ['"after"."name"', 'Ida'],
    ['`after.none.deeper`', null],
    ['`before.name`', null],
    ['"before.name"', null],
    ['`a.b`', 'dotted'],
    ['trackid -- a comment', 1],
    ['/* é */ trackid /* after */ + trackid', 2],
    ['(SELECT group_concat(value || trackid) FROM json_each(tags))', 'x1,y1'],
    ["tags -> '$[1]'", '"y"'],
    ['trackid IN (5, 1)', 1],
    ['True', 1],
  ])('%s is %j', async (text, expected) => {
    const record = {
      TrackId: 1,
      'we`ird "name"': 2,
      order: 3,
      left: 4,
      é: 5,
      empty: undefined,
      after: { name: 'Ida' },
      before: null,
      'a.b': 'dotted',
      tags: ['x', 'y'],
    }
    expect(await valueOf(text, record)).toBe(expected)
  })

  it('finds fields whose case changes between records', async () => {
    const program = await compiled(['id', 'ID'])
    expect(program.evaluate([{ Id: 1 }, { ID: 2 }, {}, { id: 3, ID: 4 }])).toEqual([
      [1, 2, null, 3],
      [1, 2, null, 4],
    ])
  })
})

describe('failures', () => {
  it('spoil neither other records nor other expressions', async () => {
    const program = await compiled(['abs(n)', "json_extract(doc, '$.a')", 'n'])
    const least = -(2n ** 63n)
    const good = { n: -1, doc: '{"a":2}' }
    const results = program.evaluate([good, { n: least, doc: '{"a":3}' }, { n: 4, doc: '{' }, good])
    expect(results).toEqual([
      [1, new ExpressionFailure('SQLite cannot calculate abs(n): integer overflow'), 4, 1],
      [
        2,
        3,
        new ExpressionFailure("SQLite cannot calculate json_extract(doc, '$.a'): malformed JSON"),
        2,
      ],
      [-1, least, 4, -1],
    ])
  })

  it.each<[string, RdiRecord, string]>([
    ["x -> '$'", { x: '['.repeat(100_000) }, 'malformed JSON'],
    ['x LIKE y', { x: 'a', y: '%_'.repeat(30_000) }, 'LIKE or GLOB pattern too complex'],
  ])('%s fails where SQLite has a limit', async (text, record, message) => {
    expect(await valueOf(text, record)).toEqual(
      new ExpressionFailure(`SQLite cannot calculate ${text}: ${message}`),
    )
  })

  it.each([
    ['', 'empty', 0],
    ['  -- nothing', 'empty', 0],
    ['uper(x)', 'no function uper()', 0],
    ["é || a || lenght('x')", 'no function lenght()', 10],
    ['a + ', 'syntax error', undefined],
    ['abs(1, 2)', 'wrong number of arguments', 0],
    ['a; b', 'without ";"', 1],
    ['1); DROP TABLE x; --', '")" closes nothing', 1],
    ['1), (2', '")" closes nothing', 1],
    ['(1', '"(" is never closed', 0],
    ["'abc", "' is never closed", 0],
    ['a, b', 'several values', undefined],
    ['a + ?1', '"?1" has no meaning', 4],
    [':x', '":x" has no meaning', 0],
    ['(SELECT a FROM other)', 'no table other', undefined],
    ["load_extension('x')", 'no function load_extension()', 0],
    ["readfile('/etc/passwd')", 'no function readfile()', 0],
    ["ATTACH 'x' AS y", 'syntax error', 7],
    ['PRAGMA database_list', 'syntax error', 7],
    ['a /* open', 'incomplete input', undefined],
  ])('%j cannot be compiled', async (text, message, offset) => {
    const error = await mistake(text)
    expect(error.message).toContain(message)
    if (offset !== undefined) expect(error.offset).toBe(offset)
  })
})

describe('limits', () => {
  const endless =
    '(WITH RECURSIVE n(i) AS (SELECT a UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n)'

  it('what does not come to an end fails for its record, and nothing else does', async () => {
    const program = await compiled([endless, 'a + 1'])
    const [[never] = [], next] = program.evaluate([{ a: 1 }])
    expect(never).toBeInstanceOf(ExpressionFailure)
    expect((never as ExpressionFailure).message).toContain('within 20 million steps')
    expect(next).toEqual([2])
    expect(await valueOf('a + 1', { a: 2 })).toBe(3)
  })

  it('many records may take as many steps together', async () => {
    const text =
      '(WITH RECURSIVE n(i) AS (SELECT a UNION ALL SELECT i + 1 FROM n LIMIT 200000) SELECT max(i) FROM n)'
    const records = Array.from({ length: 10 }, (_, a) => ({ a }))
    const [results] = (await compiled([text])).evaluate(records)
    expect(results).toEqual(records.map(({ a }) => a + 199_999))
  })

  it('a result that is too large for memory fails for its record', async () => {
    for (const text of ['zeroblob(a)', "printf('%.*c', a, 'x')", 'randomblob(a)']) {
      const failure = await valueOf(text, { a: 300_000_000 })
      expect(failure).toBeInstanceOf(ExpressionFailure)
    }
  })
})
