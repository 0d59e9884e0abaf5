import { Binary, BSON, Code, Decimal128, Double, Long, ObjectId, Timestamp, UUID } from 'bson'
import { byteLengthOfCell } from '@millrace/core/record'
import { expect, it } from 'vitest'
import { endOfText } from './bson-types.ts'
import { DocumentCells } from './document-cells.ts'

const values: readonly unknown[] = [
  null,
  'é 名 😀',
  '',
  true,
  7,
  Long.fromString('9007199254740993'),
  new Double(-0),
  Number.NaN,
  1.5,
  Decimal128.fromString('1.50'),
  new Date('2026-01-02T00:00:00Z'),
  new Date(8e15),
  new ObjectId('65a1b2c3d4e5f60718293a4b'),
  new UUID('00112233-4455-6677-8899-aabbccddeeff'),
  new Binary(Buffer.from([0xfb, 0xff])),
  new Code('return "é"'),
  new Timestamp({ t: 1, i: 2 }),
  /^é/i,
  { a: ['é', null] },
]

it.each(['unwrapped', 'canonical'] as const)(
  'cells in the form %s say the length that batches count',
  (form) => {
    const cells = new DocumentCells(form)
    for (const value of values) {
      const source = Buffer.from(BSON.serialize({ value }))
      const { cell, byteSize } = cells.cellOf(source, Number(source[4]), endOfText(source, 5) + 1)
      expect([cell, byteSize]).toEqual([cell, byteLengthOfCell(cell)])
    }
  },
)
