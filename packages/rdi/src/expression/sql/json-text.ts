import type { RdiValue } from '../../model/expression.ts'

/** A value as JSON without spaces; integers of any size keep their digits, fields without a value are left out. */
export function jsonText(value: RdiValue): string {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null)
  if (isList(value)) return `[${value.map(jsonText).join(',')}]`
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .map(([name, field]) => `${JSON.stringify(name)}:${jsonText(field)}`)
  return `{${fields.join(',')}}`
}

function isList(value: object): value is readonly RdiValue[] {
  return Array.isArray(value)
}
