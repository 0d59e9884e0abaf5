import type { Cell } from '@millrace/core/record'
import fc from 'fast-check'

/** A row of {@link columnNames}. */
export type RandomRow = readonly [key: Cell, a: Cell, b: Cell]

/** Columns of random rows: a key, two values. The names are as odd as every database allows. */
export const columnNames = ['id', 'é 名 "x"', '名\u0001|'] as const

const hardTexts = [
  '',
  ' ',
  '\u0000',
  'a\u0000b',
  '\r\n',
  '$3\r\nfoo\r\n',
  '*1\r\n$8\r\nFLUSHALL\r\n',
  '|',
  'a|b',
  '\u0001',
  'a\u0001b',
  '"',
  "'",
  '\\',
  '\\x00',
  '\\N',
  'null',
  'undefined',
  '[object Object]',
  '__proto__',
  '{tag}',
  '#{id}',
  '${x}',
  '$1',
  '$&',
  '\u001b[31m',
  '\u007f',
  '\u0080',
  '\u009b',
  '\u00a0',
  '\u2028',
  '\ufeff',
  '\ufeffx',
  '\ufffd',
  '\uffff',
  'é',
  'e\u0301',
  '東京',
  '😀',
  '👨‍👩‍👧‍👦',
  '🇦🇹',
  '\u{10ffff}',
  'x'.repeat(63),
  'x'.repeat(64),
  'é'.repeat(64),
  'x'.repeat(16_384),
  `${'x'.repeat(16_383)}é`,
  '😀'.repeat(5000),
]

const halves = ['\ud83d', '\ude00', 'a\ud83d', '\ude00\ud83d', `${'x'.repeat(20_000)}\udbff`]

/** Text that is well formed, and hard on what quotes, escapes, joins or counts. */
export const oddText = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...hardTexts) },
  { weight: 3, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  { weight: 3, arbitrary: fc.string({ maxLength: 80 }) },
)

const cell: fc.Arbitrary<Cell> = fc.oneof(
  { weight: 20, arbitrary: oddText },
  { weight: 1, arbitrary: fc.constantFrom(...halves) },
  { weight: 3, arbitrary: fc.uint8Array({ maxLength: 40 }) },
  { weight: 2, arbitrary: oddText.map((plain) => new Uint8Array(Buffer.from(plain))) },
  { weight: 1, arbitrary: fc.constantFrom<Cell>(null, undefined) },
  { weight: 1, arbitrary: fc.constantFrom<Cell>(true, false, 0, -1, 1.5, 1e21, 2n ** 70n) },
  { weight: 1, arbitrary: fc.integer() },
)

/** Few keys come often, so that rows meet. */
const key = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom<Cell>('k', 'k1', '😀', 'k|', 7, '7') },
  { weight: 4, arbitrary: cell },
)

const scores = [
  '0',
  '-0',
  '1.50',
  '1e3',
  '+.5',
  'inf',
  '-INF',
  'nan',
  '0x10',
  '1e999',
  '1e-999',
  ' 1',
]

const value = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom<Cell>(...scores) },
  { weight: 7, arbitrary: cell },
)

export const randomRow: fc.Arbitrary<RandomRow> = fc.tuple(key, value, cell)

/** Rows with a value of `bytes` bytes each: text in ASCII and beyond, and bytes that are no text. */
export function largeRows(bytes: number): readonly RandomRow[] {
  const noText = new Uint8Array(bytes).map((_, at) => (at * 7) % 256)
  return [
    ['ascii', '1', 'x'.repeat(bytes)],
    ['beyond', '2', '😀é東'.repeat(bytes / 9)],
    ['mixed', '3', `${'x'.repeat(bytes - 2)}é`],
    ['lines', '4', '\r\n$1\r\n'.repeat(bytes / 6)],
    ['bytes', '5', noText],
    ['half', '6', `${'x'.repeat(bytes - 3)}\ud83d`],
  ]
}
