import { expect, it } from 'vitest'
import { strictDecoder } from './strict-decoder.ts'

const upperHalf = Uint8Array.from({ length: 128 }, (_, at) => at + 128)

it.each(['windows-1252', 'latin1', 'ISO-8859-1', 'cp1252'])('reads %s as Windows does', (label) => {
  const text = strictDecoder(label).decode(upperHalf)
  expect(text).toHaveLength(128)
  expect(text.slice(0, 32)).toBe('€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ')
  expect(text.slice(32)).toBe(Buffer.from(upperHalf.subarray(32)).toString('latin1'))
  expect(strictDecoder(label).decode(Buffer.from('plain'))).toBe('plain')
})

it('refuses what is no text, and keeps a byte order mark', () => {
  expect(() => strictDecoder('gbk').decode(Uint8Array.of(0x81, 0x20))).toThrow(TypeError)
  expect(strictDecoder('utf-8').decode(Buffer.from('\ufeffx'))).toBe('\ufeffx')
  expect(() => strictDecoder('klingon')).toThrow(RangeError)
})
