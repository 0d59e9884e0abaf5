import fc from 'fast-check'
import { expect, it } from 'vitest'
import { keySlot } from './key-slot.ts'

const slotOf = (key: string) => keySlot(Buffer.from(key))

it.each([
  // From the specification of Redis Cluster, and as CLUSTER KEYSLOT of a server says.
  ['123456789', 0x31c3],
  ['', 0],
  ['foo', 12_182],
  ['somekey', 11_058],
  ['foo{hash_tag}', 2_515],
])('%s is in slot %i', (key, slot) => {
  expect(slotOf(key)).toBe(slot)
})

it.each([
  ['{user1000}.following', 'user1000'],
  ['foo{}{bar}', undefined],
  ['foo{{bar}}zap', '{bar'],
  ['foo{bar}{zap}', 'bar'],
  ['foo{bar', undefined],
  ['foo}bar{', undefined],
])('of %s the hash tag is %s', (key, tag) => {
  expect(slotOf(key)).toBe(tag === undefined ? reference(Buffer.from(key)) : slotOf(tag))
})

it('is the CRC16 of the whole key, bit by bit, wherever the key stands', () => {
  const key = fc.uint8Array({ maxLength: 40 }).filter((bytes) => !bytes.includes(0x7b))
  fc.assert(
    fc.property(key, fc.uint8Array(), fc.uint8Array(), (bytes, before, after) => {
      const all = Buffer.concat([before, bytes, after])
      expect(keySlot(all, before.length, before.length + bytes.length)).toBe(reference(bytes))
    }),
  )
})

/** The definition: polynomial division, most significant bit first. */
function reference(bytes: Uint8Array): number {
  let crc = 0
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit -= 1) {
      const isSet = ((crc >> 15) & 1) !== ((byte >> bit) & 1)
      crc = ((crc << 1) & 0xffff) ^ (isSet ? 0x1021 : 0)
    }
  }
  return crc % 16_384
}
