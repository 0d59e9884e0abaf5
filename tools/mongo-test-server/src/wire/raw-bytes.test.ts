import { deserialize, serialize, type Document } from 'bson'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { asBuffer } from '../documents/bson-document.ts'
import { appendDocuments, onlyFirstField, rawFields } from '../documents/raw-fields.ts'
import { encodeCursorReply } from './cursor-reply.ts'

const value = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.double())
const name = fc.stringMatching(/^[a-z]{1,3}$/)
const document = fc.dictionary(
  name,
  fc.oneof(value, fc.array(value), fc.dictionary(name, value)),
) as fc.Arbitrary<Document>
const bytesOf = (fields: Document) => asBuffer(serialize(fields))

test('a reply of raw documents is what the BSON library makes of them', () => {
  fc.assert(
    fc.property(fc.array(document, { maxLength: 120 }), document, (documents, rest) => {
      const batch = documents.map(bytesOf)
      const reply = { batchName: 'firstBatch', documents: batch, cursor: { ns: 'a.b' } } as const
      const expected = serialize({
        cursor: { firstBatch: documents, ns: 'a.b' },
        ...rest,
      })
      expect(encodeCursorReply(reply, rest).equals(expected)).toBe(true)
    }),
  )
})

test('fields taken as bytes are those that decoding gives', () => {
  fc.assert(
    fc.property(document, fc.array(name), fc.boolean(), (fields, names, including) => {
      const kept = Object.entries(fields).filter(([key]) => names.includes(key) === including)
      expect(rawFields(names, including)(bytesOf(fields))).toEqual(
        bytesOf(Object.fromEntries(kept)),
      )
    }),
  )
})

test('the first field alone, and documents behind others', () => {
  const whole = bytesOf({ _id: 1, a: { b: 2 } })
  expect(deserialize(onlyFirstField(whole))).toEqual({ _id: 1 })
  const appended = appendDocuments(whole, [
    ['c', bytesOf({ d: 3 })],
    ['absent', undefined],
    ['nothing', null],
  ])
  expect(deserialize(appended)).toEqual({ _id: 1, a: { b: 2 }, c: { d: 3 }, nothing: null })
})
