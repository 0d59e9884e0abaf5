import { describe, expect, it } from 'vitest'
import { ExpressionFailure, type RdiRecord, type RdiValue } from '../../model/expression.ts'
import { compileJmespath } from './index.ts'

function evaluate(text: string, record: RdiRecord = {}): RdiValue | ExpressionFailure {
  return compileJmespath([text]).evaluate([record])[0]?.[0]
}

const record: RdiRecord = {
  id: 9_007_199_254_740_993n,
  five: 5,
  price: '14.85',
  country: 'Norway',
  nothing: null,
  unsent: undefined,
  yes: true,
  tags: ['a', null, 'b'],
  lines: [
    { id: 1n, kind: 'x' },
    { id: 2, kind: 'y' },
  ],
  deep: [[1, [2]], 3],
  object: { a: { n: 1 }, b: { n: null } },
}

describe('compileJmespath', () => {
  it.each<[string, RdiValue]>([
    ['id', 9_007_199_254_740_993n],
    ['{a: id, b: unsent}', { a: 9_007_199_254_740_993n, b: null }],
    ['constructor', null],
    ['object.toString', null],
    ['unsent', null],
    ['country.x', null],
    ['tags[*]', ['a', 'b']],
    ['tags[1]', null],
    ['tags[-1]', 'b'],
    ['tags[::-2]', ['b', 'a']],
    ['country[0:2]', null],
    ['lines[*].kind', ['x', 'y']],
    ['lines[?id == `1`].kind | [0]', 'x'],
    ['lines[?id >= `2`].{k: kind}', [{ k: 'y' }]],
    ['object.*.n', [1]],
    ['deep[]', [1, [2], 3]],
    ['missing[]', null],
    ['missing.[a]', null],
    ['missing | {a: b}', null],
    ['id > `9007199254740992`', true],
    ['id == `9007199254740993`', true],
    ['id < five', false],
    ["price < '5'", true],
    ['nothing < five', null],
    ['yes > nothing', null],
    ["five > `2` && yes || country == 'Peru'", true],
    ["nothing || 'none'", 'none'],
    ["unsent || 'none'", 'none'],
    ['!five', false],
    ['id + `1`', 9_007_199_254_740_994n],
    ['id - id', 0],
    ['id // `-2`', -4_503_599_627_370_497],
    ['id % `10`', 3],
    ['id / `2`', 4_503_599_627_370_496],
    ['`9007199254740991` * `3`', 27_021_597_764_222_973n],
    ['five / `2`', 2.5],
    ['five // `2`', 2],
    ['-five + `0.5`', -4.5],
  ])('%s', (text, expected) => {
    expect(evaluate(text, record)).toEqual(expected)
  })

  it('@ is the record itself', () => {
    expect(evaluate('@', record)).toBe(record)
  })

  it.each([
    ['price > `5`', 'price > `5`: `>` cannot compare a string with a number'],
    ['five < price', '`<` cannot compare a number with a string'],
    ['price * five', '`*` takes numbers, but got string (decimals are strings: use to_number())'],
    ['nothing + five', '`+` takes numbers, but got null'],
    ['five / `0`', 'division by zero'],
    ['id % `0`', 'division by zero'],
  ])('%s has no value', (text, message) => {
    expect((evaluate(text, record) as ExpressionFailure).message).toContain(message)
  })

  it('gives results by expression, then by record, and a failure spoils nothing else', () => {
    const program = compileJmespath(['upper(name)', 'id'])
    const results = program.evaluate([{ id: 1, name: 'a' }, { id: 2, name: 2 }, { id: 3 }])
    expect(results).toEqual([
      ['A', expect.any(ExpressionFailure), null],
      [1, 2, 3],
    ])
    program.close()
  })

  it('does not name values in failures', () => {
    const failure = evaluate('upper(secret)', { secret: 424242 }) as ExpressionFailure
    expect(failure.message).not.toContain('424242')
  })

  it('gives an object any name', () => {
    const value = evaluate('{"__proto__": five}', record) as object
    expect(Object.keys(value)).toEqual(['__proto__'])
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
  })
})
