import { describe, expect, it } from 'vitest'
import { ExpressionFailure, type RdiRecord, type RdiValue } from '../../../model/expression.ts'
import { compileJmespath } from '../compile-jmespath.ts'

function evaluate(text: string, record: RdiRecord = {}): RdiValue | ExpressionFailure {
  return compileJmespath([text]).evaluate([record])[0]?.[0]
}

// Every expected value is what xmltodict 1.0 gives.
describe('xml_to_dict', () => {
  it.each<[string, RdiValue]>([
    ['<a/>', { a: null }],
    ['<a>x</a>', { a: 'x' }],
    ['<a b="1">x</a>', { a: { '@b': '1', '#text': 'x' } }],
    ['<a b="1"/>', { a: { '@b': '1' } }],
    ['<r><i>1</i><i>2</i><j> y </j></r>', { r: { i: ['1', '2'], j: 'y' } }],
    ['<r><i n="1"/><i/><i>t</i></r>', { r: { i: [{ '@n': '1' }, null, 't'] } }],
    ['<r>head<i>1</i>tail</r>', { r: { i: '1', '#text': 'headtail' } }],
    ['<r><![CDATA[ <x> ]]></r>', { r: '<x>' }],
    [
      '<?xml version="1.0"?><r xmlns:q="u"><q:a>&amp;&lt;&#65;</q:a><!-- c --></r>',
      { r: { '@xmlns:q': 'u', 'q:a': '&<A' } },
    ],
  ])('%s', (xml, expected) => {
    expect(evaluate('xml_to_dict(xml)', { xml })).toEqual(expected)
  })

  it.each(['<a><b></a>', 'plain', '<a>&secret;</a>', '<a', ' '])('%s is not well-formed', (xml) => {
    const failure = evaluate('xml_to_dict(xml)', { xml })
    expect(failure).toBeInstanceOf(ExpressionFailure)
    expect((failure as ExpressionFailure).message).toMatch(/well-formed XML \(line 1, column \d+\)/)
    expect((failure as ExpressionFailure).message).not.toContain('secret')
  })

  it('takes names for names', () => {
    const value = evaluate('xml_to_dict(xml)', { xml: '<__proto__ a="1"/>' })
    expect(Object.keys(value as object)).toEqual(['__proto__'])
  })
})
