import { describe, expect, it } from 'vitest'
import { canonicalByLibrary } from '../../test-data/random-documents.ts'
import { DocumentSyntaxError, parseDocument } from './parse-document.ts'

describe('parseDocument', () => {
  it.each([
    [
      "{'operationTime':{'$gte':ISODate('2026-01-01T00:00:00.424+0800')}}",
      '{"operationTime":{"$gte":{"$date":{"$numberLong":"1767196800424"}}}}',
    ],
    ['{"n": {"$numberLong": "7"}}', '{"n":{"$numberLong":"7"}}'],
    ['{n: NumberLong(9007199254740993)}', '{"n":{"$numberLong":"9007199254740993"}}'],
    ['{n: NumberLong("-9007199254740993")}', '{"n":{"$numberLong":"-9007199254740993"}}'],
    [
      '{n: {$in: [9007199254740993, 5]}}',
      '{"n":{"$in":[{"$numberLong":"9007199254740993"},{"$numberInt":"5"}]}}',
    ],
    [
      '{text: "9007199254740993", at: 1.5}',
      '{"text":"9007199254740993","at":{"$numberDouble":"1.5"}}',
    ],
    [
      '{d: NumberDecimal("1.50"), r: /^a/i, x: null}',
      '{"d":{"$numberDecimal":"1.50"},"r":{"$regularExpression":{"pattern":"^a","options":"i"}},"x":null}',
    ],
    ['{at: {"$date": "2026-01-01T00:00:00Z"}}', '{"at":{"$date":{"$numberLong":"1767225600000"}}}'],
    [
      '{card: /^4111111111111111/, at: {$in: [/[/]9007199254740993"/]}, n: 9007199254740993}',
      '{"card":{"$regularExpression":{"pattern":"^4111111111111111","options":""}},"at":{"$in":[{"$regularExpression":{"pattern":"[/]9007199254740993\\"","options":""}}]},"n":{"$numberLong":"9007199254740993"}}',
    ],
    [
      '{n: {$gte: -9223372036854775808, $lt: 9223372036854775807}}',
      '{"n":{"$gte":{"$numberLong":"-9223372036854775808"},"$lt":{"$numberLong":"9223372036854775807"}}}',
    ],
    [
      '{n: {$gt: -9223372036854775809, $lt: 9223372036854775808}}',
      '{"n":{"$gt":{"$numberDouble":"-9223372036854775808.0"},"$lt":{"$numberDouble":"9223372036854775808.0"}}}',
    ],
    [
      '{n: [NumberDecimal(9223372036854775807), NumberDecimal(-1.25), Decimal128(12345678901234567890.5)]}',
      '{"n":[{"$numberDecimal":"9223372036854775807"},{"$numberDecimal":"-1.25"},{"$numberDecimal":"12345678901234567890.5"}]}',
    ],
    [
      '{n: [- 9007199254740993, Int64(9007199254740993), {$numberLong: 9007199254740993}]}',
      '{"n":[{"$numberLong":"-9007199254740993"},{"$numberLong":"9007199254740993"},{"$numberLong":"9007199254740993"}]}',
    ],
    [
      '{9007199254740993: 9007199254740992 + 2, b: 9007199254740992 / 2}',
      '{"9007199254740993":{"$numberLong":"9007199254740994"},"b":{"$numberLong":"4503599627370496"}}',
    ],
    [
      String.raw`{text: "NumberLong(9223372036854775808) /", of: 'it\'s 9007199254740993'}`,
      '{"text":"NumberLong(9223372036854775808) /","of":"it\'s 9007199254740993"}',
    ],
    ['{}', '{}'],
  ])('reads %s', (text, canonical) => {
    expect(canonicalByLibrary(parseDocument(text))).toBe(canonical)
  })

  it('reads ids and long integers into what the driver sends as such', () => {
    const { _id, n } = parseDocument(
      '{_id: ObjectId("507f1f77bcf86cd799439011"), n: 9007199254740993}',
    )
    expect(_id).toMatchObject({ _bsontype: 'ObjectId' })
    expect(n).toMatchObject({ _bsontype: 'Long' })
  })

  it.each([
    ['{a: ', /Unexpected token at line 2, column 1$/],
    ['{"a": "secret', /^Unterminated string constant at line 1, column 7$/],
    ['{a: foo()}', /expected a document in braces/],
    ['{a: while (1) {}}', /Unexpected token/],
    ['[1]', /expected a document in braces/],
    ['a = 1', /expected a document in braces/],
    ['{at: ISODate("never")}', /not a valid ISODate/],
    ['{_id: ObjectId("xyz")}', /.+/],
    [
      '{n: NumberLong(9223372036854775808)}',
      /^9223372036854775808 does not fit a long of 64 bits$/,
    ],
    ['{n: NumberLong("-9223372036854775809")}', /does not fit/],
    ['{n: {"$numberLong": "9223372036854775808"}}', /does not fit/],
  ])('refuses %s', (text, message) => {
    expect(() => parseDocument(text)).toThrow(DocumentSyntaxError)
    expect(() => parseDocument(text)).toThrow(message)
  })
})
