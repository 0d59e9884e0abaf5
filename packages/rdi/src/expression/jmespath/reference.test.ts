import { compile, TreeInterpreter } from '@jmespath-community/jmespath'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ExpressionFailure, type RdiRecord } from '../../model/expression.ts'
import { compileJmespath } from './compile-jmespath.ts'

/**
 * What both have in common: the community's interpreter cuts strings by slices, orders numbers as text, makes lists and objects of
 * null, and knows neither integers beyond 2^53 nor the order of strings,
 * and takes the remainder of a division by zero.
 */
const { anything } = fc.letrec((tie) => {
  const number = tie('number') as fc.Arbitrary<string>
  const list = tie('list') as fc.Arbitrary<string>
  const condition = tie('condition') as fc.Arbitrary<string>
  const any = tie('anything') as fc.Arbitrary<string>
  const name = fc.constantFrom('a', 'b', 'c', 'missing')
  const join = (...parts: (string | fc.Arbitrary<string>)[]): fc.Arbitrary<string> =>
    fc
      .tuple(...parts.map((part) => (typeof part === 'string' ? fc.constant(part) : part)))
      .map((texts) => texts.join(''))
  const bound = fc.option(fc.integer({ min: -4, max: 4 }), { nil: '' }).map(String)
  return {
    number: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom('n', 'm', '`3`', '`-0.5`', 'length(s)', 'length(rows)'),
      join('(', number, fc.constantFrom(' + ', ' - ', ' * ', ' / ', ' // '), number, ')'),
      join('(', number, ' % `3`)'),
      join(fc.constantFrom('abs', 'ceil', 'floor'), '(', number, ')'),
      join('sum([', number, ', ', number, '])'),
    ),
    list: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom('rows', 'names', 'deep', '`[]`', '`[1, [2, 3], "x"]`'),
      join('rows[?', condition, ']'),
      join('rows[*].', name),
      join('rows[].', name),
      join('rows[*].{x: ', name, ', y: ', name, '}'),
      join('rows[*].[', name, ', ', name, ']'),
      join('deep[', bound, ':', bound, ':', fc.constantFrom('', '1', '-1', '2'), ']'),
      fc.constantFrom('deep[]', 'deep[][]', 'deep[*][0]', 'object.*', 'object.*.a', '*.a'),
      join('map(&type(@), ', list, ')'),
      join('to_array(', any, ')'),
      fc.constantFrom('sort(names)', 'keys(object)', 'values(object)'),
    ),
    condition: fc.oneof(
      { maxDepth: 3 },
      join(any, fc.constantFrom(' == ', ' != '), any),
      join(number, fc.constantFrom(' < ', ' <= ', ' > ', ' >= '), number),
      join('!', '(', any, ')'),
      join('(', any, fc.constantFrom(' && ', ' || '), any, ')'),
      join('contains(names, ', fc.constantFrom('s', "'y'", 'n'), ')'),
      fc.constantFrom("starts_with(s, 'he')", "ends_with(s, 'x')"),
    ),
    anything: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(
        's',
        'nil',
        'missing',
        'object',
        'object.a',
        'object.a.b',
        '@',
        '`"x"`',
        "''",
      ),
      number,
      list,
      condition,
      join(list, '[', fc.integer({ min: -3, max: 3 }).map(String), ']'),
      join('(', list, ' | [0])'),
      join('not_null(nil, ', any, ')'),
      join('type(', any, ')'),
      join('to_string(', number, ')'),
      join('{x: ', any, ', y: ', any, '}'),
      join('[', any, ', ', any, ']'),
    ),
  }
})

const record = {
  n: 7,
  m: 0,
  s: 'hello',
  nil: null,
  names: ['y', 'x', 'z'],
  deep: [1, [2, [3, null]], 'x', [], [[4]]],
  object: { a: { b: 1 }, c: null, d: 'x' },
  rows: [
    { a: 1, b: 'x' },
    { a: 2, b: 'y', c: [] },
    { a: null, c: { d: 1 } },
  ],
}

function outcome(evaluate: () => unknown): unknown {
  try {
    const value = evaluate()
    return value instanceof ExpressionFailure ? 'failure' : { value }
  } catch {
    return 'failure'
  }
}

describe('compiled expressions', () => {
  it("give what the community's interpreter gives", () => {
    fc.assert(
      fc.property(anything as fc.Arbitrary<string>, (text) => {
        const ours = outcome(() => compileJmespath([text]).evaluate([record as RdiRecord])[0]?.[0])
        expect(ours).toEqual(outcome(() => TreeInterpreter.search(compile(text), record)))
      }),
      { numRuns: 1000 },
    )
  })
})
