import type { Cell, LogicalType } from '@millrace/core/record'
import type { Dataset } from './dataset.ts'

/** Values of one kind that a source may be able to hold, and how they have to arrive. */
export interface TypeSample {
  readonly type: LogicalType
  /** What a column has to be able to hold, for authors of a harness. */
  readonly needs: string
  /**
   * The cells, in the form in which they are put into the source and have to arrive. An `int` may arrive as any form that the
   * type has, and a `float` in any notation of the same number; all others arrive exactly so.
   */
  readonly cells: readonly Cell[]
}

const allBytes = Uint8Array.from({ length: 256 }, (_, byte) => byte)

/** Values per logical type that tell readers apart: bounds, what a JavaScript number or date would change, escapes. */
export const typeSamples = {
  bool: { type: 'bool', needs: 'true and false', cells: [true, false] },
  int32: {
    type: 'int',
    needs: 'integers of 32 bits',
    cells: ['-2147483648', '2147483647', '0', '-1'],
  },
  int64: {
    type: 'int',
    needs: 'integers of 64 bits',
    cells: ['-9223372036854775808', '9223372036854775807', '9007199254740993', '0'],
  },
  uint64: {
    type: 'int',
    needs: 'integers of 64 bits without a sign',
    cells: ['18446744073709551615', '9223372036854775808', '0'],
  },
  decimal: {
    type: 'decimal',
    needs: '22 digits, two of them behind the point, zeros kept',
    cells: ['1.50', '-0.01', '0.00', '12345678901234567890.12', '-99999999999999999999.99'],
  },
  float: {
    type: 'float',
    needs: 'binary floating point of 64 bits',
    cells: ['0.1', '-2.5', '0', '0.30000000000000004', '1.7976931348623157e+308', '1e-300'],
  },
  floatSpecial: {
    type: 'float',
    needs: 'what is no number',
    cells: ['NaN', 'Infinity', '-Infinity'],
  },
  string: {
    type: 'string',
    needs: 'Unicode text of up to 20,000 bytes, spaces at the end kept',
    cells: [
      '',
      'plain',
      'ab  ',
      'tab\tline\nreturn\r',
      'quote " \' ` backslash \\ \\N \\. NULL',
      'ü € 東京 😀 e\u0301',
      '12345678901234567890',
      'é'.repeat(10_000),
    ],
  },
  bytes: {
    type: 'bytes',
    needs: 'up to 256 bytes of any value',
    cells: [
      Uint8Array.of(),
      Uint8Array.of(0, 255, 128),
      Uint8Array.of(0x5c, 0x78, 0x30),
      Uint8Array.of(0xc3, 0x28),
      allBytes,
    ],
  },
  date: {
    type: 'date',
    needs: 'days of the years 1000 to 9999',
    cells: ['2026-02-03', '1000-01-01', '9999-12-31', '2024-02-29', '1582-10-10'],
  },
  time: {
    type: 'time',
    needs: 'times of day in seconds',
    cells: ['00:00:00', '03:04:05', '23:59:59'],
  },
  timeMicroseconds: {
    type: 'time',
    needs: 'times of day in microseconds',
    cells: ['03:04:05.000006', '23:59:59.999999'],
  },
  datetime: {
    type: 'datetime',
    needs: 'wall clocks in seconds',
    cells: [
      '2026-02-03 04:05:06',
      '2026-03-08 02:30:00',
      '2026-03-29 02:30:00',
      '1000-01-01 00:00:00',
      '9999-12-31 23:59:59',
    ],
  },
  datetimeMicroseconds: {
    type: 'datetime',
    needs: 'wall clocks in microseconds',
    cells: ['2026-02-03 04:05:06.000007', '1969-12-31 23:59:59.999999'],
  },
  timestamptz: {
    type: 'timestamptz',
    needs: 'instants in seconds, in the years 1970 to 2037',
    cells: ['2026-03-29 01:30:00', '2026-11-01 06:30:00', '1970-01-01 00:00:01'],
  },
  timestamptzMilliseconds: {
    type: 'timestamptz',
    needs: 'instants in milliseconds',
    cells: ['2026-03-29 01:30:00.123', '2037-01-19 03:14:07.999'],
  },
  timestamptzMicroseconds: {
    type: 'timestamptz',
    needs: 'instants in microseconds',
    cells: ['2026-03-29 01:30:00.000123', '2037-01-19 03:14:07.999999'],
  },
  uuid: {
    type: 'uuid',
    needs: 'UUIDs',
    cells: ['123e4567-e89b-12d3-a456-426655440000', 'ffffffff-ffff-4fff-bfff-ffffffffffff'],
  },
  json: {
    type: 'json',
    needs: 'JSON; the source may write it in a form of its own',
    cells: ['[9007199254740993, "é", null, true]', '{"a": 1.5}', '"text"', '{}'],
  },
  jsonText: {
    type: 'json',
    needs: 'JSON as it was written: digits, order of keys and spaces',
    cells: ['{"b":1.10,  "a":12345678901234567890123}', '[ 1e2,"\\u00e9" ]'],
  },
} as const satisfies Readonly<Record<string, TypeSample>>

/** Name of a type sample. */
export type TypeSampleName = keyof typeof typeSamples

/** All names, in order. */
export const typeSampleNames = Object.keys(typeSamples) as readonly TypeSampleName[]

/** A table with a column `value` that holds the cells of a sample and then null, under the key `id`. */
export function typeDataset(name: TypeSampleName, nativeType: string): Dataset {
  const { type, cells }: TypeSample = typeSamples[name]
  return {
    schema: {
      table: `type_${name.toLowerCase()}`,
      namespace: 'first',
      version: 1,
      fields: [
        { name: 'id', type: 'int', nullable: false, nativeType: 'bigint' },
        { name: 'value', type, nullable: true, nativeType },
      ],
      key: [0],
    },
    rows: [...cells, null].map((cell, index) => [index + 1, cell]),
  }
}

/** Whether a cell of a column is the one that was put in, see {@link TypeSample.cells}; of type `value`: exactly the same. */
export function isSameCell(type: LogicalType, found: Cell, expected: Cell): boolean {
  if (expected === null || found === null) return found === expected
  if (type === 'value' && typeof expected === 'number') return Object.is(found, expected)
  if (expected instanceof Uint8Array)
    return found instanceof Uint8Array && Buffer.compare(found, expected) === 0
  if (type === 'int')
    return (
      (typeof found === 'string' || typeof found === 'bigint' || Number.isSafeInteger(found)) &&
      String(found) === String(expected)
    )
  if (type === 'float')
    return (
      (typeof found === 'string' || typeof found === 'number') &&
      found !== '' &&
      Object.is(Number(found), Number(expected))
    )
  return found === expected
}

/** A cell for a message. */
export function cellText(cell: Cell): string {
  if (cell instanceof Uint8Array) return `bytes 0x${Buffer.from(cell).toString('hex')}`
  if (typeof cell === 'bigint') return `${cell}n`
  const text = cell === undefined ? 'undefined' : JSON.stringify(cell)
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}
