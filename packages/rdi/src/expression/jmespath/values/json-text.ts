import type { RdiValue } from '../../../model/expression.ts'
import { compareText } from './comparison.ts'
import { isObject } from './value-type.ts'

/**
 * Parses JSON. Integers beyond 2^53 become `bigint`s.
 *
 * @throws SyntaxError
 */
export function parseJson(text: string): RdiValue {
  const value = JSON.parse(text) as RdiValue
  return longDigits.test(text) ? withBigIntegers(text) : value
}

const longDigits = /\d{16}/

/** A string, or a number. */
const tokens = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g

/** A name that nobody gives a field. */
const marker = '\u0000bigint'

/** Only called with text that is valid JSON, where every match of `tokens` is a whole string or number. */
function withBigIntegers(text: string): RdiValue {
  const marked = text.replace(tokens, (token) =>
    /^-?\d{16,}$/.test(token) && !Number.isSafeInteger(Number(token))
      ? `{"\\u0000bigint":"${token}"}`
      : token,
  )
  return JSON.parse(marked, (_name, value: unknown) =>
    typeof value === 'object' && value !== null && marker in value
      ? BigInt(String(value[marker]))
      : value,
  ) as RdiValue
}

/** Compact JSON; integers with all digits, `undefined` as null. */
export function jsonText(value: RdiValue, keys: 'as they are' | 'sorted'): string {
  if (value === null || value === undefined) return 'null'
  if (typeof value === 'bigint') return value.toString()
  if (Array.isArray(value)) {
    return `[${value.map((item: RdiValue) => jsonText(item, keys)).join(',')}]`
  }
  if (!isObject(value)) return JSON.stringify(value)
  const names = Object.keys(value)
  if (keys === 'sorted') names.sort(compareText)
  const fields = names.map((name) => `${JSON.stringify(name)}:${jsonText(value[name], keys)}`)
  return `{${fields.join(',')}}`
}
