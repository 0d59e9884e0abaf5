import type { Expression } from '../model/table-job.ts'

/**
 * The text that an expression always gives, where it is nothing but a literal: `` `invoice:events` `` or `'invoice:events'`.
 * `undefined` for all others, null among them.
 */
export function constantText({ language, text }: Expression): string | undefined {
  const trimmed = text.trim()
  const quoted = /^'([^'\\]*)'$/.exec(trimmed)
  if (quoted !== null) return quoted[1]
  if (language === 'sql') return /^'(?:[^']|'')*'$/.test(trimmed) ? unquoted(trimmed) : undefined
  const literal = /^`([^`\\]*)`$/.exec(trimmed)?.[1]?.trim()
  if (literal === undefined || literal === '') return undefined
  try {
    const value: unknown = JSON.parse(literal)
    return typeof value === 'string' ? value : undefined
  } catch {
    // As RDI's own examples write it: without the quotes of JSON.
    return literal
  }
}

function unquoted(literal: string): string {
  return literal.slice(1, -1).replaceAll("''", "'")
}
