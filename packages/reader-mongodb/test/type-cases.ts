import {
  Binary,
  BSONRegExp,
  BSONSymbol,
  Code,
  Decimal128,
  Double,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  Timestamp,
} from 'bson'
import type { Cell, LogicalType } from '@millrace/core/record'

/** One line of TYPES.md. */
export interface TypeCase {
  /** What is stored, as TYPES.md shows it. */
  readonly shown: string
  readonly value: unknown
  /** The `type` of the column; empty: none. */
  readonly column: string
  readonly type: LogicalType
  /** The cell; bytes as `0x…`. */
  readonly cell: Cell
  /** Of an array. */
  readonly splitter?: string
  /** Parameters of the step beside the column. */
  readonly parameters?: Readonly<Record<string, string | boolean>>
}

const id = new ObjectId('507f1f77bcf86cd799439011')
const uuidBytes = Buffer.from('00112233445566778899aabbccddeeff', 'hex')
const embedded = new Map<string, unknown>([
  ['z', new Int32(1)],
  ['2', Long.fromString('9007199254740993')],
  ['d', new Double(1)],
  ['m', Decimal128.fromString('1.50')],
  ['at', new Date('2026-01-02T03:04:05.678Z')],
  ['o', id],
  ['n', null],
])
const array = [new Int32(1), 'a', null, new Map([['b', new Double(0.5)]])]
const line = (
  shown: string,
  value: unknown,
  column: string,
  type: LogicalType,
  cell: Cell,
  more: Partial<TypeCase> = {},
): TypeCase => ({ shown, value, column, type, cell, ...more })

const numbers: readonly TypeCase[] = [
  line('Int32 -2147483648', new Int32(-2147483648), 'int', 'int', '-2147483648'),
  line('Int32 7', new Int32(7), '', 'string', '7'),
  line('Int32 7', new Int32(7), 'double', 'float', '7'),
  line(
    'Int64 9223372036854775807',
    Long.fromString('9223372036854775807'),
    'long',
    'int',
    '9223372036854775807',
  ),
  line(
    'Int64 -9007199254740993',
    Long.fromString('-9007199254740993'),
    'long',
    'int',
    '-9007199254740993',
  ),
  line('Double 0.1', new Double(0.1), 'double', 'float', '0.1'),
  line('Double 5', new Double(5), 'double', 'float', '5'),
  line('Double 5', new Double(5), 'int', 'int', '5'),
  line('Double -0', new Double(-0), 'double', 'float', '-0'),
  line('Double 1e+300', new Double(1e300), 'double', 'float', '1e+300'),
  line('Double 5e-324', new Double(5e-324), 'double', 'float', '5e-324'),
  line('Double NaN', new Double(NaN), 'double', 'float', 'NaN'),
  line('Double Infinity', new Double(Infinity), 'double', 'float', 'Infinity'),
  line('Double -Infinity', new Double(-Infinity), 'double', 'float', '-Infinity'),
  line('Decimal128 1.50', Decimal128.fromString('1.50'), 'decimal', 'decimal', '1.50'),
  line(
    'Decimal128 1234567890123456789012345678901234',
    Decimal128.fromString('1234567890123456789012345678901234'),
    'decimal',
    'decimal',
    '1234567890123456789012345678901234',
  ),
  line('Decimal128 1E+3', Decimal128.fromString('1E+3'), 'double', 'float', '1E+3'),
  line('Decimal128 NaN', Decimal128.fromString('NaN'), 'decimal', 'decimal', 'NaN'),
]

const dates: readonly TypeCase[] = [
  line(
    'Date 2026-01-02T03:04:05.678Z',
    new Date('2026-01-02T03:04:05.678Z'),
    'date',
    'timestamptz',
    '2026-01-02 03:04:05.678',
  ),
  line(
    'Date 2026-01-02T03:04:05Z',
    new Date('2026-01-02T03:04:05Z'),
    'date',
    'timestamptz',
    '2026-01-02 03:04:05',
  ),
  line(
    'Date 1969-12-31T23:59:59.999Z',
    new Date(-1),
    'date',
    'timestamptz',
    '1969-12-31 23:59:59.999',
  ),
  line(
    'Date 0001-01-01T00:00:00Z',
    new Date('0001-01-01T00:00:00Z'),
    'date',
    'timestamptz',
    '0001-01-01 00:00:00',
  ),
  line(
    'Date 0000-12-31T00:00:00Z',
    new Date('0000-12-31T00:00:00Z'),
    'date',
    'timestamptz',
    '0001-12-31 00:00:00 BC',
  ),
  line(
    'Date +010000-01-01T00:00:00Z',
    new Date('+010000-01-01T00:00:00Z'),
    'date',
    'timestamptz',
    '10000-01-01 00:00:00',
  ),
  line(
    'Date 2026-01-02T03:04:05Z',
    new Date('2026-01-02T03:04:05Z'),
    'string',
    'string',
    '2026-01-02 03:04:05',
  ),
  line('String 2026-01-02', '2026-01-02', 'date', 'timestamptz', '2026-01-02'),
]

const others: readonly TypeCase[] = [
  line('Boolean true', true, 'bool', 'bool', true),
  line('Boolean false', false, 'string', 'string', 'false'),
  line('String yes', 'yes', 'bool', 'bool', 'yes'),
  line('Int32 1', new Int32(1), 'bool', 'bool', '1'),
  line('String été 東京', 'été 東京', 'string', 'string', 'été 東京'),
  line('String abc', 'abc', 'int', 'int', 'abc'),
  line('String abc', 'abc', 'bytes', 'bytes', '0x616263'),
  line('ObjectId 507f1f77bcf86cd799439011', id, 'string', 'string', '507f1f77bcf86cd799439011'),
  line(
    'ObjectId 507f1f77bcf86cd799439011',
    id,
    'string',
    'string',
    '{"$oid":"507f1f77bcf86cd799439011"}',
    {
      parameters: { objectIdOutputType: 'json' },
    },
  ),
  line(
    'UUID 00112233-4455-6677-8899-aabbccddeeff',
    new Binary(uuidBytes, 4),
    'string',
    'string',
    '00112233-4455-6677-8899-aabbccddeeff',
  ),
  line(
    'UUID 00112233-4455-6677-8899-aabbccddeeff',
    new Binary(uuidBytes, 4),
    'uuid',
    'uuid',
    '00112233-4455-6677-8899-aabbccddeeff',
  ),
  line(
    'UUID 00112233-4455-6677-8899-aabbccddeeff',
    new Binary(uuidBytes, 4),
    'bytes',
    'bytes',
    '0x00112233445566778899aabbccddeeff',
  ),
  line('Binary 0, 00ff', new Binary(Buffer.from('00ff', 'hex'), 0), 'bytes', 'bytes', '0x00ff'),
  line('Binary 0, 00ff', new Binary(Buffer.from('00ff', 'hex'), 0), 'string', 'string', '0x00ff'),
  line('Binary 2, 00ff', new Binary(Buffer.from('00ff', 'hex'), 2), 'bytes', 'bytes', '0x00ff'),
  line(
    'Binary 3, 0011…eeff',
    new Binary(uuidBytes, 3),
    'bytes',
    'bytes',
    '0x00112233445566778899aabbccddeeff',
  ),
  line(
    'Timestamp 7, 1',
    new Timestamp({ t: 7, i: 1 }),
    'string',
    'string',
    '{"$timestamp":{"t":7,"i":1}}',
  ),
  line(
    'Regex /^a/i',
    new BSONRegExp('^a', 'i'),
    'string',
    'string',
    '{"$regularExpression":{"pattern":"^a","options":"i"}}',
  ),
  line('JavaScript f()', new Code('f()'), 'string', 'string', '{"$code":"f()"}'),
  line(
    'JavaScript f() with {x: 1}',
    new Code('f()', { x: new Int32(1) }),
    'string',
    'string',
    '{"$code":"f()","$scope":{"x":1}}',
  ),
  line('Symbol s', new BSONSymbol('s'), 'string', 'string', 's'),
  line('MinKey', new MinKey(), 'string', 'string', '{"$minKey":1}'),
  line('MaxKey', new MaxKey(), 'string', 'string', '{"$maxKey":1}'),
  line('Undefined', undefined, 'string', 'string', null),
  line('Null', null, 'string', 'string', null),
  line('Null', null, 'json', 'json', null),
]

const shownEmbedded = '{z: 1, 2: Int64, d: 1.0, m: Decimal128, at: Date, o: ObjectId, n: null}'
const relaxed =
  '{"z":1,"2":9007199254740993,"d":1.0,"m":{"$numberDecimal":"1.50"},"at":{"$date":"2026-01-02T03:04:05.678Z"},"o":{"$oid":"507f1f77bcf86cd799439011"},"n":null}'
const canonical =
  '{"z":{"$numberInt":"1"},"2":{"$numberLong":"9007199254740993"},"d":{"$numberDouble":"1.0"},"m":{"$numberDecimal":"1.50"},"at":{"$date":{"$numberLong":"1767323045678"}},"o":{"$oid":"507f1f77bcf86cd799439011"},"n":null}'
const plain =
  '{"z":1,"2":9007199254740993,"d":1.0,"m":1.50,"at":"2026-01-02T03:04:05.678Z","o":"507f1f77bcf86cd799439011","n":null}'
const shownArray = '[1, "a", null, {b: 0.5}]'

const nested: readonly TypeCase[] = [
  line(shownEmbedded, embedded, 'document', 'string', relaxed),
  line(shownEmbedded, embedded, 'string', 'string', relaxed),
  line(shownEmbedded, embedded, 'json', 'json', relaxed),
  line(shownEmbedded, embedded, 'json', 'json', canonical, {
    parameters: { jsonFormat: 'canonical' },
  }),
  line(shownEmbedded, embedded, 'json', 'json', plain, { parameters: { jsonFormat: 'plain' } }),
  line(shownEmbedded, embedded, 'json', 'json', relaxed.replace(',"n":null', ''), {
    parameters: { enableJsonPrintNull: false },
  }),
  line(shownArray, array, 'arrays', 'json', '[1,"a",null,{"b":0.5}]'),
  line(shownArray, array, 'array', 'string', '1|a||{"b":0.5}', { splitter: '|' }),
  line(shownArray, array, 'string', 'string', '[1,"a",null,{"b":0.5}]'),
  line('String abc', 'abc', 'json', 'json', '"abc"'),
  line('String abc', 'abc', 'array', 'string', 'abc', { splitter: '|' }),
  line('Double NaN', new Double(NaN), 'json', 'json', '{"$numberDouble":"NaN"}'),
  line(
    'Date 1969-12-31T23:59:59.999Z',
    new Date(-1),
    'json',
    'json',
    '{"$date":{"$numberLong":"-1"}}',
  ),
  line(
    'UUID 00112233-4455-6677-8899-aabbccddeeff',
    new Binary(uuidBytes, 4),
    'json',
    'json',
    '{"$binary":{"base64":"ABEiM0RVZneImaq7zN3u/w==","subType":"04"}}',
  ),
]

/** Every line of TYPES.md, in order. */
export const typeCases: readonly TypeCase[] = [...numbers, ...dates, ...others, ...nested]
