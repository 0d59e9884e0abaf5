import { int32At, uint32At } from './bson-types.ts'
import { writeAscii, type TextSink } from './text-sink.ts'

const zero = 0x30
const minus = 0x2d
const twoTo32 = 0x1_0000_0000

/** Room that any number of this file takes at most. */
export const longestNumber = 32

/** Appends a safe integer; there is room for {@link longestNumber} bytes. */
export function writeInteger(sink: TextSink, value: number): void {
  const { bytes } = sink
  let to = sink.length
  let rest = value
  if (rest < 0) {
    bytes[to++] = minus
    rest = -rest
  }
  // The upper half of long numbers first: the rest is then done in 32 bits.
  if (rest >= 1e9) {
    sink.length = to
    const upper = Math.floor(rest / 1e9)
    writeInteger(sink, upper)
    writeDigits(sink, rest - upper * 1e9, 9)
    return
  }
  let digits = 1
  for (let limit = 10; limit <= rest; limit *= 10) digits += 1
  sink.length = to
  writeDigits(sink, rest, digits)
}

/** Appends the last `digits` decimal digits of an integer below 10^9. */
export function writeDigits(sink: TextSink, value: number, digits: number): void {
  const { bytes, length } = sink
  let rest = value | 0
  for (let at = length + digits - 1; at >= length; at -= 1) {
    const tenth = (rest / 10) | 0
    bytes[at] = zero + rest - tenth * 10
    rest = tenth
  }
  sink.length = length + digits
}

/** Appends the 64-bit integer at `offset`, every digit of it. */
export function writeLong(sink: TextSink, source: Buffer, offset: number): void {
  const number = safeLongAt(source, offset)
  if (number === undefined) writeAscii(sink, source.readBigInt64LE(offset).toString())
  else writeInteger(sink, number)
}

/** The 64-bit integer at `offset` where a number holds it exactly, else `undefined`. */
export function safeLongAt(source: Uint8Array, offset: number): number | undefined {
  const number = int32At(source, offset + 4) * twoTo32 + uint32At(source, offset)
  return Number.isSafeInteger(number) ? number : undefined
}

/** Appends the shortest text that names the double at `offset`: `0.1`, `1e+21`, `-0`, `NaN`, `-Infinity`. */
export function writeDouble(sink: TextSink, source: Buffer, offset: number): void {
  const value = source.readDoubleLE(offset)
  if (Number.isSafeInteger(value) && (value !== 0 || 1 / value > 0)) writeInteger(sink, value)
  else writeAscii(sink, doubleText(value))
}

function doubleText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}

/** A finite double as a JSON number that shows it to be one: `1.0`, `0.1`, `-0.0`, `1e+21`. */
export function doubleJson(value: number): string {
  if (Object.is(value, -0)) return '-0.0'
  return Number.isInteger(value) ? value.toFixed(1) : String(value)
}
