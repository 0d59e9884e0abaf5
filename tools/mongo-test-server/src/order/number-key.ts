import type { Decimal128 } from 'bson'

/** A finite number, exactly: 0.digits times ten to the exponent; `digits` neither begins nor ends with a zero. */
interface ExactNumber {
  readonly negative: boolean
  readonly digits: string
  readonly exponent: number
}

const kinds = { nan: '\x01', minusInfinity: '\x02', negative: '\x03', zero: '\x04' } as const
const positive = '\x05'
const infinity = '\x06'
const exponentOffset = 0x4000

/**
 * The part of an order key that stands for a number. Numbers of all types are compared by their exact value: an integer
 * beyond 2^53 and a decimal fraction are not rounded to a double.
 *
 * @param value a number of JavaScript, a bigint, or `Int32`, `Double`, `Long`, `Decimal128`
 * @returns one-byte characters whose order is that of the values; equal for equal values
 */
export function numberKey(value: unknown): string {
  const plain = plainNumber(value)
  if (typeof plain === 'string') return textKey(plain)
  if (typeof plain === 'bigint') return exactKey(ofInteger(plain, 0))
  if (Number.isNaN(plain)) return kinds.nan
  if (plain === Infinity) return infinity
  if (plain === -Infinity) return kinds.minusInfinity
  if (plain === 0) return kinds.zero
  return exactKey(Number.isSafeInteger(plain) ? ofDigits(String(plain), 0) : ofDouble(plain))
}

/** @returns a number, an integer of any size, or the text of a decimal */
function plainNumber(value: unknown): number | bigint | string {
  if (typeof value === 'number' || typeof value === 'bigint') return value
  const { _bsontype: type } = value as { _bsontype: string }
  if (type === 'Int32' || type === 'Double') return (value as { value: number }).value
  if (type === 'Decimal128') return (value as Decimal128).toString()
  return BigInt(String(value))
}

function textKey(text: string): string {
  if (text === 'NaN') return kinds.nan
  if (/^\+?Inf/.test(text)) return infinity
  if (text.startsWith('-Inf')) return kinds.minusInfinity
  const [mantissa = '', exponent = '0'] = text.split('E')
  const [whole = '', fraction = ''] = mantissa.split('.')
  return exactKey(ofDigits(whole + fraction, Number(exponent) - fraction.length))
}

/** @returns `integer` times ten to the `scale` */
function ofInteger(integer: bigint, scale: number): ExactNumber {
  return ofDigits(integer.toString(), scale)
}

function ofDigits(text: string, scale: number): ExactNumber {
  const negative = text.startsWith('-')
  const whole = text.replace(/^[-+]?0*/, '')
  return { negative, digits: whole.replace(/0+$/, ''), exponent: whole.length + scale }
}

const bits = new DataView(new ArrayBuffer(8))

/** A double is an integer times a power of two, and so a finite decimal. */
function ofDouble(value: number): ExactNumber {
  bits.setFloat64(0, Math.abs(value))
  const raw = bits.getBigUint64(0)
  const biased = Number(raw >> 52n)
  const fraction = raw & 0xf_ffff_ffff_ffffn
  const mantissa = biased === 0 ? fraction : fraction | (1n << 52n)
  const power = Math.max(biased, 1) - 1075
  const signed = value < 0 ? -mantissa : mantissa
  return power >= 0
    ? ofInteger(signed << BigInt(power), 0)
    : ofInteger(signed * 5n ** BigInt(-power), power)
}

function exactKey({ negative, digits, exponent }: ExactNumber): string {
  if (digits === '') return kinds.zero
  const shifted = exponent + exponentOffset
  const key = `${String.fromCharCode(shifted >> 8, shifted & 0xff)}${digits}\0`
  return negative ? kinds.negative + complement(key) : positive + key
}

/** Turns the order round. */
function complement(key: string): string {
  let result = ''
  for (let index = 0; index < key.length; index += 1)
    result += String.fromCharCode(0xff - key.charCodeAt(index))
  return result
}
