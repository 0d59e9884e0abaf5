import { describe, expect, it } from 'vitest'
import { jmespathFields, jmespathNames, jmespathReferences, usesUuid } from './index.ts'
import { jmespathMapping } from './inspect-jmespath.ts'

describe('jmespathFields', () => {
  it.each<[string, readonly string[] | undefined]>([
    ['{b: x, a: upper(y), "c d": `1`}', ['b', 'a', 'c d']],
    ['({a: x})', ['a']],
    ['{a: x, a: y}', ['a']],
    ['@', undefined],
    ['x.{a: b}', undefined],
  ])('%s', (text, names) => {
    expect(jmespathFields(text)).toEqual(names)
  })
})

it('tells which fields a map only passes on', () => {
  const mapping = jmespathMapping('{a: x, b: upper(y), "c d": "z z", e: x.y, f: `x`}')
  expect([...(mapping ?? [])]).toEqual([
    ['a', 'x'],
    ['b', undefined],
    ['c d', 'z z'],
    ['e', undefined],
    ['f', undefined],
  ])
  expect(jmespathMapping('x')).toBeUndefined()
})

describe('jmespathReferences', () => {
  it.each([
    ['country', ['country']],
    ['concat([\'a\', b, upper("C d"), b])', ['b', 'C d']],
    ['after.name || before.name', ['after', 'before']],
    ['rows[?a > `1`].b | [0].c', ['rows']],
    ['sort_by(rows, &id)[0]', ['rows']],
    ['@.a.b', ['a']],
    ['@ | upper(a)', ['a']],
    ['{x: a, y: [b, !c, d + e, f == g]}', ['a', 'b', 'c', 'd', 'e', 'f', 'g']],
    ['keys(@)', []],
    ['a.*.b', ['a']],
    ['a[].b', ['a']],
    ['a.upper(b)', ['a']],
    ['`a`', []],
  ])('%s', (text, names) => {
    expect(jmespathReferences(text)).toEqual(names)
  })
})

describe('jmespathNames', () => {
  it.each([
    ['country', ['country']],
    ['after.name || before.name', ['after.name', 'before.name']],
    ['after.name.first | upper(@)', ['after.name']],
    ['(after || before).name', ['after', 'before']],
    ['@.a.b', ['a']],
    ['a[0].b', ['a']],
    ['rows[?a > `1`].b', ['rows']],
    ['"a b".c', ['a b.c']],
  ])('%s', (text, names) => {
    expect(jmespathNames(text)).toEqual(names)
  })
})

describe('usesUuid', () => {
  it.each([
    ["concat(['a:', uuid()])", true],
    ['rows[?x == uuid()]', true],
    ['map(&uuid(), rows)', true],
    ["concat(['uuid()', uuid])", false],
  ])('%s', (text, expected) => {
    expect(usesUuid(text)).toBe(expected)
  })
})
