import { expect, it } from 'vitest'
import { logPositionOf, lsnText, parseLsn, positionOf } from './log-position.ts'

it('writes and reads log sequence numbers as the server does', () => {
  expect(lsnText(0x16_b374_d848n)).toBe('16/B374D848')
  expect(lsnText(0n)).toBe('0/0')
  expect(parseLsn('16/B374D848')).toBe(0x16_b374_d848n)
  expect(parseLsn('FFFFFFFF/FFFFFFFF')).toBe(2n ** 64n - 1n)
  expect(['', '1', '1/', '/1', '1/123456789', '0x1/1', '1/g'].map(parseLsn)).toEqual(
    Array.from({ length: 7 }, () => undefined),
  )
})

it('keeps positions through JSON', () => {
  for (const place of [
    { lsn: 0x16_b374_d848n, index: 0 },
    { lsn: 1n, index: 7, publication: 16_400 },
  ]) {
    const position = JSON.parse(JSON.stringify(positionOf(place))) as ReturnType<typeof positionOf>
    expect(logPositionOf(position)).toEqual(place)
  }
  expect(positionOf({ lsn: 0x16_b374_d848n, index: 3 })).toEqual({
    token: { lsn: '16/B374D848', index: 3 },
    label: '16/B374D848 + 3',
  })
})
