import { describe, expect, it } from 'vitest'
import { ExpressionFailure, type RdiRecord, type RdiValue } from '../../../model/expression.ts'
import { compileJmespath } from '../compile-jmespath.ts'
import { functions } from './catalogue.ts'

function evaluate(text: string, record: RdiRecord = {}): RdiValue | ExpressionFailure {
  return compileJmespath([text]).evaluate([record])[0]?.[0]
}

const record: RdiRecord = {
  text: 'hello World',
  emoji: 'a😀bc',
  empty: '',
  nothing: null,
  unsent: undefined,
  five: 5,
  big: 9_007_199_254_740_993n,
  half: 1.5,
  yes: true,
  list: [3, 1, 2],
  words: ['b', 'a'],
  mixed: [1, 'a', null, true, { k: "it's" }],
  object: { a: 1, b: null },
  rows: [
    { id: 1, name: 'x' },
    { id: 2, name: 'y' },
    { id: null, name: 'z' },
  ],
  entries: [{ key: 'a', value: 1 }, { key: null, value: 2 }, { value: 3 }, 5, { key: 'b' }],
}

describe('functions of RDI', () => {
  it.each<[string, RdiValue]>([
    ["base64_decode('SGVsbG8gV29ybGQh')", 'Hello World!'],
    ["base64_decode('8J+YgA==')", '😀'],
    ["capitalize('john  george   smith')", 'John George Smith'],
    ["capitalize(' McDONALD ')", 'Mcdonald'],
    ['capitalize(nothing)', null],
    ['capitalize(unsent)', null],
    ["concat(['bill:', text, ':', five])", 'bill:hello World:5'],
    ['concat([nothing, unsent, missing, yes, `false`])', 'NoneNoneNoneTrueFalse'],
    ["concat([big, ' ', half])", '9007199254740993 1.5'],
    ['concat([mixed, object])', "[1, 'a', None, True, {'k': \"it's\"}]{'a': 1, 'b': None}"],
    ['concat(words)', 'ba'],
    ['filter_entries(object, `value!=null`)', { a: 1 }],
    ["filter_entries(object, `key == 'b'`)", { b: null }],
    ['filter_entries(object, `in(value, \\`[1, 2]\\`)`)', { a: 1 }],
    ["filter_entries(object, 'upper(value) || key')", { b: null }],
    ['filter_entries(nothing, `key`)', null],
    ['from_entries(entries)', { a: 1, b: null }],
    ['from_entries(nothing)', null],
    [
      'to_entries(object)',
      [
        { key: 'a', value: 1 },
        { key: 'b', value: null },
      ],
    ],
    ['to_entries(unsent)', null],
    ['to_entries(object)[?value] | from_entries(@)', { a: 1 }],
    ['in(five, `[1, 5]`)', true],
    ["in('c', words)", false],
    ['in(big, `[9007199254740993]`)', true],
    ['in(`[1]`, `[[1], 2]`)', true],
    [
      'json_parse(\'{"a": [1, 2.5, null], "b": 9007199254740993}\')',
      { a: [1, 2.5, null], b: 9_007_199_254_740_993n },
    ],
    ['left(text, `3`)', 'hel'],
    ['left(text, `-3`)', 'hello Wo'],
    ['left(emoji, `2`)', 'a😀'],
    ['left(nothing, `3`)', null],
    ['right(text, `3`)', 'rld'],
    ['right(text, `0`)', 'hello World'],
    ['right(emoji, `3`)', '😀bc'],
    ['right(missing, `3`)', null],
    ["mid('hello world!', `4`, `3`)", 'o w'],
    ['mid(emoji, `1`, `1`)', '😀'],
    ['mid(text, `100`, `1`)', ''],
    ['mid(nothing, `1`, `1`)', null],
    ['lower(text)', 'hello world'],
    ['lower(nothing)', null],
    ['upper(text)', 'HELLO WORLD'],
    ['upper(unsent)', null],
    ["replace(text, 'l', 'L')", 'heLLo WorLd'],
    ["replace(text, '', 'L')", 'hello World'],
    ["replace(text, 'l', '$&')", 'he$&$&o Wor$&d'],
    ["replace(nothing, 'a', 'b')", null],
    ["split('a,b,,c')", ['a', 'b', '', 'c']],
    ["split(text, ' ')", ['hello', 'World']],
    ['split(empty)', ['']],
    ['split(nothing)', null],
    ['xml_to_dict(nothing)', null],
    ['xml_to_dict(empty)', ''],
  ])('%s', (text, expected) => {
    expect(evaluate(text, record)).toEqual(expected)
  })

  it('uuid() is another one each time', () => {
    const values = compileJmespath(['uuid()']).evaluate([record, record])[0]
    expect(values?.[0]).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    )
    expect(values?.[0]).not.toBe(values?.[1])
  })

  it.each([
    ['base64_decode(nothing)', 'a string as argument 1, but got null'],
    ["base64_decode('SGVsbG8')", 'not base64'],
    ["base64_decode('/w==')", 'not UTF-8'],
    ['capitalize(five)', 'a string or null as argument 1, but got number'],
    ['concat(text)', 'concat() takes an array as argument 1, but got string'],
    ['concat(nothing)', 'but got null'],
    ['filter_entries(list, `key`)', 'an object or null'],
    ['filter_entries(object, text)', 'the predicate of filter_entries() is no expression'],
    ['from_entries(five)', 'an array or null'],
    ['to_entries(list)', 'an object or null as argument 1, but got array'],
    ['hash(text, nothing)', 'a string as argument 2'],
    ['in(five, text)', 'an array as argument 2'],
    ["json_parse('nope')", 'not JSON'],
    ['json_parse(nothing)', 'a string as argument 1'],
    ['left(five, `1`)', 'use to_string()'],
    ['left(text, half)', 'an integer as argument 2, but got a number with a fraction'],
    ['right(text, nothing)', 'an integer as argument 2'],
    ['mid(text, `1`, text)', 'an integer as argument 3'],
    ['lower(big)', 'a string or null as argument 1, but got number'],
    ['upper(five)', 'upper(five): upper() takes a string or null as argument 1, but got number'],
    ["replace(text, nothing, 'b')", 'a string as argument 2'],
    ["regex_replace(nothing, 'a', 'b')", 'a string as argument 1'],
    ['split(text, empty)', 'empty delimiter'],
    ['time_delta_days(nothing)', 'a string or a number'],
    ['xml_to_dict(five)', 'a string or null'],
  ])('%s has no value', (text, message) => {
    const failure = evaluate(text, record)
    expect(failure).toBeInstanceOf(ExpressionFailure)
    expect((failure as ExpressionFailure).message).toContain(message)
  })

  it('all 21 are there', () => {
    const names =
      'base64_decode capitalize concat filter_entries from_entries to_entries hash in json_parse left lower mid ' +
      'regex_replace replace right split time_delta_days time_delta_seconds upper uuid xml_to_dict'
    expect(names.split(' ').filter((name) => functions.has(name))).toHaveLength(21)
  })
})

describe('functions of JMESPath', () => {
  it.each<[string, RdiValue]>([
    ['abs(`-5`)', 5],
    ['abs(big)', 9_007_199_254_740_993n],
    ['avg(list)', 2],
    ['avg(`[]`)', null],
    ['ceil(half)', 2],
    ['floor(big)', 9_007_199_254_740_993n],
    ["contains(text, 'World')", true],
    ['contains(list, `2`)', true],
    ['contains(text, five)', false],
    ["ends_with(text, 'World')", true],
    ["starts_with(text, 'World')", false],
    ["join('-', words)", 'b-a'],
    ['keys(object)', ['a', 'b']],
    ['length(emoji)', 4],
    ['length(list)', 3],
    ['length(object)', 2],
    ['map(&name, rows)', ['x', 'y', 'z']],
    ['map(&id, rows)', [1, 2, null]],
    ['max(list)', 3],
    ['max(`[]`)', null],
    ['max_by(rows[?id], &id).name', 'y'],
    ['merge(object, `{"b": 2}`)', { a: 1, b: 2 }],
    ['min(words)', 'a'],
    ['min_by(rows[?id], &id).name', 'x'],
    ['not_null(nothing, unsent, five)', 5],
    ['reverse(emoji)', 'cb😀a'],
    ['reverse(list)', [2, 1, 3]],
    ['sort(`[10, 9, 1]`)', [1, 9, 10]],
    ['sort(words)', ['a', 'b']],
    ['sort_by(rows, &name)[0].id', 1],
    ['sum(`[9007199254740992, 1]`)', 9_007_199_254_740_993n],
    ['to_array(five)', [5]],
    ["to_number('9007199254740993')", 9_007_199_254_740_993n],
    ["to_number('-1.50')", -1.5],
    ["to_number('0x10')", null],
    ['to_number(yes)', null],
    ['to_string(object)', '{"a":1,"b":null}'],
    ['to_string(big)', '9007199254740993'],
    ['to_string(text)', 'hello World'],
    ['type(big)', 'number'],
    ['type(unsent)', 'null'],
    ['values(object)', [1, null]],
  ])('%s', (text, expected) => {
    expect(evaluate(text, record)).toEqual(expected)
  })

  it.each([
    ['sum(words)', 'an array of numbers as argument 1, but got an array with other values'],
    ['sort_by(rows, &id)', 'keys that are all numbers or all strings, but got null'],
    ['keys(list)', 'an object'],
  ])('%s has no value', (text, message) => {
    expect((evaluate(text, record) as ExpressionFailure).message).toContain(message)
  })
})
