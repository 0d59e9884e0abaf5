import fc from 'fast-check'
import { expect, it } from 'vitest'
import { keySlot } from '../cluster/key-slot.ts'
import type { KeyConfig } from '../config/writer-config.ts'
import { constantHashTag } from './hash-tag.ts'
import { parseKeyTemplate } from './key-template.ts'

const keyOf = (template: string): KeyConfig => ({
  kind: 'template',
  pieces: parseKeyTemplate(template),
})

it.each([
  ['{shop}:#{id}', 'shop'],
  ['orders:{shop}:#{id}:{other}', 'shop'],
  ['{{shop}:#{id}', '{shop'],
  ['#{id}:{shop}', undefined],
  ['{#{id}}', undefined],
  ['{shop:#{id}}', undefined],
  ['{}{shop}#{id}', undefined],
  ['}{shop}#{id}', 'shop'],
  ['shop:#{id}', undefined],
])('%s: %s', (template, tag) => {
  expect(constantHashTag(keyOf(template))).toBe(tag)
})

it('is never that of a key made of columns alone', () => {
  expect(constantHashTag({ kind: 'indexes', indexes: [0], delimiter: '{a}' })).toBeUndefined()
})

it('is a promise for every value: the slot is that of the tag', () => {
  const text = fc.string({ unit: fc.constantFrom('{', '}', 'a', 'b', ':'), maxLength: 8 })
  fc.assert(
    fc.property(text, text, fc.array(text, { maxLength: 5 }), (before, after, values) => {
      const tag = constantHashTag(keyOf(`${before}#{id}${after}`))
      for (const value of values) {
        if (tag === undefined) continue
        expect(keySlot(Buffer.from(`${before}${value}${after}`))).toBe(keySlot(Buffer.from(tag)))
      }
    }),
    { numRuns: 2000 },
  )
})
