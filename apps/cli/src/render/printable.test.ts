import { expect, it } from 'vitest'
import { printable } from './printable.ts'

it.each([
  ['plain é 東京 😀\nsecond line', 'plain é 東京 😀\nsecond line'],
  ['\u001b[31m\u009b2J\u007f\r\t', '\\u001b[31m\\u009b2J\\u007f\\u000d\\u0009'],
  ['a\ud800b\udc00', 'a\\ud800b\\udc00'],
  ['\ufeffx\u2028', '\\ufeffx\\u2028'],
])('%j is shown as %j', (text, shown) => {
  expect(printable(text)).toBe(shown)
})
