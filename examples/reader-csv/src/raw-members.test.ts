import fc from 'fast-check'
import { expect, test } from 'vitest'
import { rawMembers } from './raw-members.ts'

test('keeps what JSON.parse changes', () => {
  const members = rawMembers(' { "a" : 1.50 ,"b":12345678901234567890, "c":{"z": "}", "y":[1e2]}}')
  expect([...members]).toEqual([
    ['a', '1.50'],
    ['b', '12345678901234567890'],
    ['c', '{"z": "}", "y":[1e2]}'],
  ])
  expect([...rawMembers('[ ]')]).toEqual([])
})

test('gives the members that JSON.parse gives', () => {
  const value = fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.array(fc.jsonValue()))
  fc.assert(
    fc.property(value, fc.constantFrom(0, 2), (written, indent) => {
      const text = JSON.stringify(written, undefined, indent)
      const members = [...rawMembers(text)].map(([key, raw]) => [key, JSON.parse(raw) as unknown])
      expect(members.toSorted(byKey)).toEqual(
        Object.entries(JSON.parse(text) as object).toSorted(byKey),
      )
    }),
  )
})

function byKey(one: readonly unknown[], other: readonly unknown[]): number {
  return String(one[0]) < String(other[0]) ? -1 : 1
}
