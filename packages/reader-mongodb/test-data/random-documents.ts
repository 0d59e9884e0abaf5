import * as bson from 'bson'
import fc from 'fast-check'

/** Names of fields that mean nothing to JavaScript objects: no digits alone, no `__proto__`. */
export const fieldName: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom('a', 'b', 'c', 'id', 'naïve', '名', 'a"b', 'tab\there'),
  fc.stringMatching(/^[a-z][a-z_]{0,12}$/).filter((name) => name !== '__proto__'),
)

const double = fc.oneof(
  fc.double(),
  fc.integer().map(Number),
  fc.constantFrom(
    -0,
    0,
    NaN,
    Infinity,
    -Infinity,
    1e21,
    1e20,
    5e-324,
    0.1,
    2 ** 53,
    123456789012345680000,
  ),
)
const int64 = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.bigInt({ min: -100n, max: 100n }),
  fc.constantFrom(2n ** 53n, 2n ** 53n + 1n, -(2n ** 53n) - 1n, 2n ** 63n - 1n, -(2n ** 63n)),
)
const decimal = fc
  .record({
    digits: fc.bigInt({ min: 0n, max: 10n ** 34n - 1n }),
    exponent: fc.oneof(fc.integer({ min: -40, max: 40 }), fc.integer({ min: -6176, max: 6111 })),
    sign: fc.constantFrom('', '-'),
  })
  .map(({ digits, exponent, sign }) => bson.Decimal128.fromString(`${sign}${digits}E${exponent}`))
const bytes = fc.uint8Array({ maxLength: 70 }).map((value) => Buffer.from(value))
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 90 }).filter((value) => value.isWellFormed()),
  fc.constantFrom('', '"quoted"', 'back\\slash', '\u0000\u001f\n\t', 'été 東京 😀'),
)

/** Values of every type, without embedded ones. */
export const scalar: fc.Arbitrary<unknown> = fc.oneof(
  text,
  fc.boolean(),
  fc.constant(null),
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }).map((value) => new bson.Int32(value)),
  double.map((value) => new bson.Double(value)),
  int64.map((value) => bson.Long.fromBigInt(value)),
  decimal,
  fc
    .constantFrom('NaN', 'Infinity', '-Infinity', '-0', '0E+3', '1.50')
    .map((value) => bson.Decimal128.fromString(value)),
  fc.date({ noInvalidDate: true }),
  fc.date({
    noInvalidDate: true,
    min: new Date('1960-01-01T00:00:00Z'),
    max: new Date('2040-01-01T00:00:00Z'),
  }),
  fc.uint8Array({ minLength: 12, maxLength: 12 }).map((value) => new bson.ObjectId(value)),
  fc
    .tuple(bytes, fc.constantFrom(0, 1, 2, 5, 128))
    .map(([value, subtype]) => new bson.Binary(value, subtype)),
  fc
    .uint8Array({ minLength: 16, maxLength: 16 })
    .map((value) => new bson.Binary(Buffer.from(value), 4)),
  fc
    .record({ t: fc.nat(2 ** 32 - 1), i: fc.nat(2 ** 32 - 1) })
    .map((value) => new bson.Timestamp(value)),
  fc
    .tuple(fc.stringMatching(/^[ -~é]{0,12}$/), fc.constantFrom('', 'i', 'im'))
    .map(([pattern, options]) => new bson.BSONRegExp(pattern, options)),
  text.map((value) => new bson.Code(value)),
  text.map((value) => new bson.BSONSymbol(value)),
  fc.constantFrom(new bson.MinKey(), new bson.MaxKey()),
)

const { value } = fc.letrec<{ value: unknown; embedded: unknown }>((tie) => ({
  embedded: fc.oneof(
    fc.dictionary(fieldName, tie('value'), { maxKeys: 5, noNullPrototype: true }),
    fc.array(tie('value'), { maxLength: 5 }),
    fc
      .tuple(text, fc.dictionary(fieldName, scalar, { maxKeys: 2, noNullPrototype: true }))
      .map(([code, scope]) => new bson.Code(code, scope)),
  ),
  value: fc.oneof(
    { maxDepth: 4 },
    { weight: 4, arbitrary: scalar },
    { weight: 1, arbitrary: tie('embedded') },
  ),
}))

/** Documents with values of every type, embedded ones included. */
export const randomDocument: fc.Arbitrary<Record<string, unknown>> = fc.dictionary(
  fieldName,
  value,
  { maxKeys: 10, noNullPrototype: true },
)

/** The bytes of a document. */
export function bytesOf(document: object): Buffer {
  return Buffer.from(bson.serialize(document, { ignoreUndefined: false }))
}

/** A document as the library reads it, every value in an object that tells its type. */
export function readByLibrary(document: Buffer): Record<string, unknown> {
  return bson.deserialize(document, { promoteValues: false, bsonRegExp: true })
}

/** Canonical Extended JSON, as the library writes it. */
export function canonicalByLibrary(value: unknown): string {
  return bson.EJSON.stringify(value, { relaxed: false })
}
