import type { RdiValue } from '../../../model/expression.ts'
import { isArray, isObject } from './value-type.ts'

/** A value as Python's `str` gives it: `None`, `True`, `1e-05`, `{'a': [1, 'b']}`. */
export function pythonText(value: RdiValue): string {
  if (typeof value === 'string') return value
  if (value === null || value === undefined) return 'None'
  if (typeof value === 'number') return pythonNumber(value)
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'bigint') return value.toString()
  return representation(value)
}

function representation(value: RdiValue): string {
  if (typeof value === 'string') return quoted(value)
  if (isArray(value)) return `[${value.map(representation).join(', ')}]`
  if (!isObject(value)) return pythonText(value)
  const fields = Object.entries(value).map(
    ([name, field]) => `${quoted(name)}: ${representation(field)}`,
  )
  return `{${fields.join(', ')}}`
}

/** A whole number is taken for an integer where that has all its digits: JavaScript does not tell `1.0` from `1`. */
function pythonNumber(value: number): string {
  if (Number.isSafeInteger(value)) return String(value)
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  const magnitude = Math.abs(value)
  if (magnitude >= 1e-4 && magnitude < 1e16) {
    const text = String(value)
    return text.includes('.') ? text : `${text}.0`
  }
  const [digits, exponent] = value.toExponential().split('e') as [string, string]
  const size = exponent.slice(1).padStart(2, '0')
  return `${digits}e${exponent.slice(0, 1)}${size}`
}

const escapes: ReadonlyMap<string, string> = new Map([
  ['\\', '\\\\'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
])

function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  const escaped = text.replace(/[\u0000-\u001f\u007f-\u00a0\u00ad\\']/g, (character) => {
    if (character === "'") return quote === "'" ? "\\'" : character
    const code = character.charCodeAt(0).toString(16).padStart(2, '0')
    return escapes.get(character) ?? `\\x${code}`
  })
  return quote + escaped + quote
}
