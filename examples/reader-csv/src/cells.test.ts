import { expect, test } from 'vitest'
import { cellOfType, type columnTypes } from './cells.ts'

type Type = (typeof columnTypes)[number]

test.each<[Type, string, unknown]>([
  ['int', '-12', '-12'],
  ['int', '+007', '7'],
  ['int', '9007199254740993', '9007199254740993'],
  ['decimal', '1.50', '1.50'],
  ['decimal', '+.5', '0.5'],
  ['decimal', '-12.', '-12'],
  ['float', '1.50', '1.5'],
  ['float', '-inf', '-Infinity'],
  ['bool', 'TRUE', true],
  ['bool', '0', false],
  ['datetime', '2026-02-03T04:05:06.000007', '2026-02-03 04:05:06.000007'],
  ['timestamptz', '2026-02-03T00:05:06.000007+02:00', '2026-02-02 22:05:06.000007'],
  ['timestamptz', '2026-02-03 04:05:06Z', '2026-02-03 04:05:06'],
  ['timestamptz', '2026-02-03 04:05:06', '2026-02-03 04:05:06'],
  ['json', '{"b":1.10}', '{"b":1.10}'],
  ['bytes', 'AP8=', Buffer.from([0, 255])],
])('makes a cell of type %s of %s', (type, text, cell) => {
  expect(cellOfType[type](text)).toEqual(cell)
})

test.each<[Type, string]>([
  ['int', '1.0'],
  ['int', ''],
  ['decimal', '.'],
  ['decimal', '1e3'],
  ['float', '1,5'],
  ['bool', 'perhaps'],
  ['date', '3.2.2026'],
  ['time', '25'],
  ['datetime', '2026-02-03'],
  ['timestamptz', 'now'],
  ['uuid', 'x'],
  ['json', '{'],
  ['bytes', '?'],
])('refuses text that is no %s: %s', (type, text) => {
  expect(cellOfType[type](text)).toBeUndefined()
})
