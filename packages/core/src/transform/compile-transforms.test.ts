import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { TransformStep } from '../job/job-plan.ts'
import { PluginError } from '../plugin/errors.ts'
import type { Cell, Row } from '../record/cell.ts'
import type { RecordBatch } from '../record/record-batch.ts'
import type { Field, LogicalType, TableSchema } from '../record/table-schema.ts'
import { compileTransforms, transformNames, validateTransform } from './compile-transforms.ts'

function schemaOf(...types: LogicalType[]): TableSchema {
  const fields = types.map((type, index): Field => {
    return { name: `c${index}`, type, nullable: true, nativeType: type }
  })
  return { table: 't', version: 1, fields, key: [] }
}

function batchOf(schema: TableSchema, rows: Row[]): RecordBatch {
  return { schema, rows, byteSize: 1 }
}

function step(name: string, columnIndex: number, ...parameters: string[]): TransformStep {
  return { name, columnIndex, parameters }
}

/** Runs one step over one cell; `dropped`, a dirty row's code in brackets, or the cell. */
function run(type: LogicalType, cell: Cell, name: string, ...parameters: string[]): Cell {
  return runIn('UTC', type, cell, name, ...parameters)
}

function runIn(
  timeZone: string,
  type: LogicalType,
  cell: Cell,
  name: string,
  ...parameters: string[]
): Cell {
  const schema = schemaOf(type)
  const compiled = compileTransforms([step(name, 0, ...parameters)], schema, { timeZone })
  const result = compiled.apply(batchOf(schema, [[cell]]))
  if (result.filtered === 1) return 'dropped'
  const [rejected] = result.rejected
  if (rejected) {
    expect(rejected.row).toEqual([cell])
    return `[${rejected.error.code}]`
  }
  return result.batch.rows[0]?.[0]
}

describe('dx_substr', () => {
  it.each([
    ['string', 'dx_substr', '2', '5', '_subs'],
    ['at the end', 'abc', '3', '2', ''],
    ['clipped', 'abc', '1', '99', 'bc'],
    ['length 0', 'abc', '1', '0', ''],
    ['beyond the end', 'abc', '4', '0', '[TRANSFORM_OUT_OF_RANGE]'],
  ])('%s', (_, text, start, length, expected) => {
    expect(run('string', text, 'dx_substr', start, length)).toBe(expected)
  })

  it('keeps null and what was not sent', () => {
    expect(run('string', null, 'dx_substr', '9', '1')).toBeNull()
    expect(run('string', undefined, 'dx_substr', '9', '1')).toBeUndefined()
  })

  it('takes numbers, booleans and bytes as text', () => {
    expect(run('int', 12345, 'dx_substr', '1', '2')).toBe('23')
    expect(run('int', '9007199254740993', 'dx_substr', '14', '2')).toBe('93')
    expect(run('bool', true, 'dx_substr', '0', '2')).toBe('tr')
    expect(run('bytes', Buffer.from('é!'), 'dx_substr', '0', '1')).toBe('é')
    expect(run('bytes', Uint8Array.of(0xff), 'dx_substr', '0', '1')).toBe('[INVALID_TEXT]')
  })

  it('takes instants as text of the zone of the job', () => {
    const instant = '2026-02-01 19:04:05.678'
    expect(runIn('Asia/Shanghai', 'timestamptz', instant, 'dx_substr', '0', '99')).toBe(
      '2026-02-02 03:04:05.678',
    )
    expect(runIn('GMT-3', 'timestamptz', instant, 'dx_substr', '0', '13')).toBe('2026-02-01 16')
    expect(runIn('Asia/Shanghai', 'datetime', instant, 'dx_substr', '0', '99')).toBe(instant)
    expect(runIn('Asia/Shanghai', 'timestamptz', 'infinity', 'dx_substr', '0', '99')).toBe(
      'infinity',
    )
  })
})

describe('dx_pad', () => {
  it.each([
    ['abc', 'l', '5', 'xy', 'xyabc'],
    ['abc', 'R', '6', 'xy', 'abcxyx'],
    ['abc', 'l', '2', 'x', 'ab'],
    ['abc', 'l', '3', 'x', 'abc'],
    [null, 'r', '3', '0', '000'],
  ])('%j %s to %s with %s', (cell, side, length, pad, expected) => {
    expect(run('string', cell, 'dx_pad', side, length, pad)).toBe(expected)
  })
})

describe('dx_replace', () => {
  it.each([
    ['dx_test', '2', '4', '****', 'dx****t'],
    ['dx_test', '5', '10', '**', 'dx_te**'],
    ['abc', '3', '1', 'd', 'abcd'],
    ['abc', '4', '1', 'd', '[TRANSFORM_OUT_OF_RANGE]'],
    [null, '0', '1', 'd', null],
  ])('%j from %s, %s long, by %s', (cell, start, length, text, expected) => {
    expect(run('string', cell, 'dx_replace', start, length, text)).toBe(expected)
  })
})

describe('dx_digest', () => {
  const md5 = createHash('md5').update('é').digest('hex')
  it.each([
    ['é', 'md5', 'toLowerCase', md5],
    ['é', 'MD5', 'TOUPPERCASE', md5.toUpperCase()],
    ['é', 'Sha1', 'toLowerCase', createHash('sha1').update('é').digest('hex')],
    [null, 'md5', 'toLowerCase', 'd41d8cd98f00b204e9800998ecf8427e'],
  ])('%j by %s %s', (cell, algorithm, letters, expected) => {
    expect(run('string', cell, 'dx_digest', algorithm, letters)).toBe(expected)
  })

  it('digests bytes as they are', () => {
    const bytes = Uint8Array.of(0xff, 0)
    expect(run('bytes', bytes, 'dx_digest', 'md5', 'toLowerCase')).toBe(
      createHash('md5').update(bytes).digest('hex'),
    )
  })
})

describe('dx_filter', () => {
  it.each([
    ['int', '10', '>', '9', true],
    ['int', '10', '<', '9', false],
    ['int', '9007199254740993', '=', '9007199254740992', false],
    ['int', 9007199254740993n, '!=', '+9007199254740993', false],
    ['int', 7, '>=', '7', true],
    ['float', '1e3', '==', '1000.0', true],
    ['float', 0.5, '<=', '.5d', true],
    ['float', 'NaN', '!=', '1', true],
    ['decimal', '1.50', '=', '1.5', true],
    ['decimal', '12345678901234567.89', '>', '12345678901234567.88', true],
    ['decimal', '-12345678901234567.89', '>', '-12345678901234567.88', false],
    ['string', '10', '>', '9', false],
    ['bool', true, '=', 'true', true],
    ['bytes', Buffer.from('b'), '>', 'a', true],
    ['datetime', '1970-01-01 00:00:01.5', '=', '1500', true],
    ['date', '1970-01-02', '>=', '86400000', true],
    ['time', '00:00:02', '<', '2001', true],
    ['timestamptz', 'infinity', '>', '0', true],
    ['string', 'hello', 'like', 'h.*', true],
    ['string', 'oh hello', 'like', 'h.*', false],
    ['string', 'Hello', 'LIKE', '(?i)h.*', true],
    ['string', 'a\nb', 'not like', 'a.b', true],
    ['string', 'a-b c', 'not like', '[\\w\\-]+\\s\\w', false],
    ['int', 123, 'like', '\\d{3}', true],
  ] as const)('%s %s %s %s drops: %s', (type, cell, operator, value, isDropped) => {
    expect(run(type, cell, 'dx_filter', operator, value)).toEqual(isDropped ? 'dropped' : cell)
  })

  it('reads wall clocks in the zone of the job', () => {
    expect(runIn('Asia/Shanghai', 'datetime', '1970-01-01 08:00:00', 'dx_filter', '=', '0')).toBe(
      'dropped',
    )
    expect(
      runIn('Asia/Shanghai', 'timestamptz', '1970-01-01 00:00:00', 'dx_filter', '=', '0'),
    ).toBe('dropped')
  })

  it.each([
    ['=', 'NULL', true],
    ['==', 'null', true],
    ['=', 'x', false],
    ['!=', 'x', true],
    ['!=', 'null', false],
    ['like', '.*', false],
    ['not like', '.*', true],
    ['>', 'x', false],
    ['<=', 'x', false],
  ])('null %s %s drops: %s', (operator, value, isDropped) => {
    expect(run('string', null, 'dx_filter', operator, value)).toBe(isDropped ? 'dropped' : null)
    expect(run('string', undefined, 'dx_filter', operator, value)).toBeUndefined()
  })

  it.each([
    ['int', '5', 'abc'],
    ['int', '5', '1.5'],
    ['int', '5', ''.padEnd(3)],
    ['float', 'x', '1'],
    ['decimal', '5', 'ten'],
    ['datetime', '2026-01-01 00:00:00', '2026-01-01'],
    ['datetime', '0000-00-00 00:00:00', '5'],
  ] as const)('%s %s compared with %s is dirty', (type, cell, value) => {
    expect(run(type, cell, 'dx_filter', '>', value)).toBe('[TRANSFORM_NOT_COMPARABLE]')
  })
})

describe('a chain', () => {
  it('stops at the first failure or filter, and hands failed rows back as they were read', () => {
    const schema = schemaOf('int', 'string')
    const steps = [
      step('dx_filter', 0, '>', '9'),
      step('dx_replace', 1, '0', '1', ''),
      step('dx_substr', 1, '2', '1'),
    ]
    const rows: Row[] = [
      [1, 'four'],
      [10, ''],
      [2, 'ab'],
      [3, null],
    ]
    const result = compileTransforms(steps, schema).apply(batchOf(schema, rows))
    expect(result.batch.rows).toEqual([
      [1, 'r'],
      [3, null],
    ])
    expect(result.filtered).toBe(1)
    expect(result.rejected).toEqual([
      { row: [2, 'ab'], error: { code: 'TRANSFORM_OUT_OF_RANGE', message: expect.any(String) } },
    ])
  })

  it('turns the columns it edits into strings', () => {
    const schema = schemaOf('int', 'int', 'int')
    const { output } = compileTransforms(
      [
        step('dx_substr', 0, '0', '1'),
        step('dx_pad', 1, 'l', '3', '0'),
        step('dx_filter', 2, '=', '1'),
      ],
      schema,
    )
    expect(output.fields.map(({ type, nullable }) => [type, nullable])).toEqual([
      ['string', true],
      ['string', false],
      ['int', true],
    ])
    expect(output).not.toBe(schema)
  })

  it('compares as text after a step that made text', () => {
    const schema = schemaOf('int')
    const steps = [step('dx_substr', 0, '0', '9'), step('dx_filter', 0, '>', '9')]
    const result = compileTransforms(steps, schema).apply(batchOf(schema, [[10], [95]]))
    expect(result.batch.rows).toEqual([['10']])
  })

  it('gives the very batch back when there are no steps', () => {
    const schema = schemaOf('int')
    const batch = batchOf(schema, [[1]])
    const compiled = compileTransforms([], schema)
    expect(compiled.output).toBe(schema)
    expect(compiled.apply(batch).batch).toBe(batch)
  })

  it('filters and transforms what is known of changes along with the rows', () => {
    const schema = schemaOf('string')
    const batch: RecordBatch = {
      ...batchOf(schema, [['aa'], ['bb'], ['cc']]),
      position: { token: 'c', label: 'c' },
      changes: {
        operations: ['u', 'd', 'c'],
        before: [['old'], ['bb'], null],
        transactions: [1, 1, 2],
        committedAtMs: [1, 2, 3],
      },
    }
    const steps = [step('dx_filter', 0, '=', 'bb'), step('dx_substr', 0, '0', '1')]
    const result = compileTransforms(steps, schema).apply(batch).batch
    expect(result.rows).toEqual([['a'], ['c']])
    expect(result.position).toEqual({ token: 'c', label: 'c' })
    expect(result.changes).toEqual({
      operations: ['u', 'c'],
      before: [['o'], null],
      transactions: [1, 2],
      committedAtMs: [1, 3],
    })
  })

  it('rejects a row whose image before the change fails, as it was read', () => {
    const schema = schemaOf('string')
    const batch: RecordBatch = {
      ...batchOf(schema, [['new']]),
      changes: {
        operations: ['u'],
        before: [['']],
        transactions: [1],
        committedAtMs: [1],
      },
    }
    const result = compileTransforms([step('dx_substr', 0, '2', '1')], schema).apply(batch)
    expect(result.rejected).toMatchObject([{ row: ['new'] }])
    expect(result.batch.changes?.operations).toEqual([])
  })
})

describe('against a plain reference', () => {
  const text = fc.string({ unit: 'binary', maxLength: 12 })
  const count = fc.nat({ max: 14 })

  it('substr, replace and pad', () => {
    fc.assert(
      fc.property(text, count, count, text, (value, start, length, other) => {
        const characters = value.split('')
        const isBeyond = start > characters.length
        const dirty = '[TRANSFORM_OUT_OF_RANGE]'
        const parameters = [String(start), String(length)]
        expect(run('string', value, 'dx_substr', ...parameters)).toBe(
          isBeyond
            ? dirty
            : characters.filter((_, at) => at >= start && at < start + length).join(''),
        )
        const spliced = [...characters]
        spliced.splice(start, length, other)
        expect(run('string', value, 'dx_replace', ...parameters, other)).toBe(
          isBeyond ? dirty : spliced.join(''),
        )
        fc.pre(other !== '')
        let padding = ''
        while (padding.length + value.length < length)
          padding += other.charAt(padding.length % other.length)
        expect(run('string', value, 'dx_pad', 'l', String(length), other)).toBe(
          value.length >= length ? value.slice(0, length) : padding + value,
        )
      }),
    )
  })

  it('filters integers of any size as BigInt compares them', () => {
    const integer = fc.oneof(
      fc.bigInt({ min: -(2n ** 66n), max: 2n ** 66n }),
      fc.bigInt({ min: -3n, max: 3n }),
    )
    const form = fc.constantFrom<(value: bigint) => Cell>(String, (value) => value)
    fc.assert(
      fc.property(integer, integer, form, (left, right, cellOf) => {
        const cell = cellOf(left)
        const dropsWhen = (operator: string) =>
          run('int', cell, 'dx_filter', operator, String(right)) === 'dropped'
        expect(dropsWhen('>')).toBe(left > right)
        expect(dropsWhen('>=')).toBe(left >= right)
        expect(dropsWhen('=')).toBe(left === right)
        expect(dropsWhen('!=')).toBe(left !== right)
        expect(dropsWhen('<=')).toBe(left <= right)
        expect(dropsWhen('<')).toBe(left < right)
      }),
    )
  })

  it('filters decimals by all their digits', () => {
    const unscaled = fc.oneof(
      fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }),
      fc.constantFrom(
        9007199254740993n,
        9007199254740992n,
        99999999999999999999n,
        10n ** 20n,
        0n,
        -1n,
      ),
    )
    const decimalText = (value: bigint, extraZeros: number) => {
      const digits = (value < 0n ? -value : value).toString().padStart(4, '0')
      const sign = value < 0n ? '-' : ''
      return `${sign}${digits.slice(0, -3)}.${digits.slice(-3)}${'0'.repeat(extraZeros)}`
    }
    fc.assert(
      fc.property(unscaled, unscaled, fc.nat({ max: 2 }), (left, right, zeros) => {
        const dropsWhen = (operator: string) =>
          run('decimal', decimalText(left, zeros), 'dx_filter', operator, decimalText(right, 0)) ===
          'dropped'
        expect(dropsWhen('>')).toBe(left > right)
        expect(dropsWhen('=')).toBe(left === right)
        expect(dropsWhen('<')).toBe(left < right)
      }),
    )
  })
})

describe('validateTransform', () => {
  it('knows the five transformers', () => {
    expect(transformNames).toEqual(['dx_substr', 'dx_pad', 'dx_replace', 'dx_filter', 'dx_digest'])
  })

  it.each([
    [step('dx_substr', 0, '1', '2')],
    [step('dx_pad', 3, 'L', '2', 'x')],
    [step('dx_replace', 0, '1', '2', '')],
    [step('dx_filter', 0, 'Not Like', '[a-z]+@b\\.c')],
    [step('dx_digest', 0, 'MD5', 'toUpperCase')],
  ])('finds nothing wrong with %j', (valid) => {
    expect(validateTransform(valid)).toEqual([])
  })

  it.each([
    [step('dx_groovy', 0), 'dx_groovy is not supported'],
    [step('dx_sub', 0), 'no such transformer'],
    [step('dx_substr', -1, '1', '2'), 'columnIndex'],
    [step('dx_substr', 0, '1'), '2 values'],
    [step('dx_substr', 0, '-1', '2'), 'start'],
    [step('dx_replace', 0, '1', 'x', ''), 'length'],
    [step('dx_pad', 0, 'x', '1', 'y'), '"l" or "r"'],
    [step('dx_pad', 0, 'l', '1', ''), 'empty'],
    [step('dx_pad', 0, 'l', '1e3', 'y'), 'length'],
    [step('dx_filter', 0, '<>', 'y'), 'operator'],
    [step('dx_filter', 0, '=', ''), 'empty'],
    [step('dx_filter', 0, 'like', '('), 'regular expression'],
    [step('dx_filter', 0, 'like', 'a*+'), 'regular expression'],
    [step('dx_filter', 0, 'like', 'a)(b'), 'regular expression'],
    [step('dx_filter', 0, 'like', '\\Qa\\E'), 'not supported'],
    [step('dx_filter', 0, 'like', '[a-z&&[b]]'), 'not supported'],
    [step('dx_filter', 0, 'like', 'a\\'), 'backslash'],
    [step('dx_digest', 0, 'sha256', 'toUpperCase'), 'md5'],
    [step('dx_digest', 0, 'md5', 'upper'), 'toUpperCase'],
  ])('finds what is wrong with %j', (wrong, part) => {
    expect(validateTransform(wrong).join()).toContain(part)
    expect(() => compileTransforms([wrong], schemaOf('string'))).toThrow(PluginError)
  })

  it('takes the example of the manual, which drops blank text', () => {
    const page = readFileSync(new URL('../../../../docs/job-files.md', import.meta.url), 'utf8')
    const example = /```json\n(\{[^`]*"dx_filter"[^`]*\})\n```/.exec(page)?.[1] ?? ''
    const { stepType, parameter } = JSON.parse(example) as {
      stepType: string
      parameter: { columnIndex: number; paras: string[] }
    }
    const shown = step(stepType, parameter.columnIndex, ...parameter.paras)
    expect(validateTransform(shown)).toEqual([])
    const schema = schemaOf('int', 'string')
    const rows: Row[] = ['', ' ', 'x', ' x', null].map((text, index) => [index, text])
    const { batch } = compileTransforms([shown], schema, { timeZone: 'UTC' }).apply(
      batchOf(schema, rows),
    )
    expect(batch.rows.map(([index]) => index)).toEqual([2, 3, 4])
  })

  it('refuses a column that the reader does not give', () => {
    expect(() => compileTransforms([step('dx_substr', 5, '0', '1')], schemaOf('string'))).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining('c0') }),
    )
  })
})
