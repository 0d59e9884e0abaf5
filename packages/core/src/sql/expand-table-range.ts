/** Most tables that one name may stand for; more is taken for a slip of the pen. */
export const maxTablesPerName = 10_000

const range = /\[\s*(\d{1,15})\s*-\s*(\d{1,15})\s*\]/

/**
 * The table names that a name with ranges stands for, as DataWorks and DataX write them.
 *
 * - `t_[0-2]` is `t_0`, `t_1`, `t_2`; reversed bounds are swapped.
 * - `t_[00-12]` pads with zeros to the width of the lower bound when that begins with `0`.
 * - Several ranges multiply, lists are separated by commas, and anything may stand around a range:
 *   `shop.order_[0-1]_[1-4]_old, shop.other`.
 *
 * Commas inside quotes (`"` or a backtick) do not separate.
 *
 * @throws RangeError when the name stands for more than {@link maxTablesPerName} tables.
 */
export function expandTableRange(name: string): string[] {
  const tables: string[] = []
  for (const part of splitOutsideQuotes(name)) {
    const trimmed = part.trim()
    if (trimmed !== '') expandInto(tables, trimmed, '')
  }
  return tables
}

function expandInto(tables: string[], text: string, prefix: string): void {
  const match = range.exec(text)
  const [whole, first, second] = match ?? []
  if (match === null || whole === undefined || first === undefined || second === undefined) {
    if (tables.length >= maxTablesPerName) throw tooManyTables()
    tables.push(prefix + text)
    return
  }
  const [low, high] = Number(first) <= Number(second) ? [first, second] : [second, first]
  if (Number(high) - Number(low) >= maxTablesPerName) throw tooManyTables()
  const width = low.startsWith('0') ? low.length : 0
  const head = prefix + text.slice(0, match.index)
  const tail = text.slice(match.index + whole.length)
  for (let number = Number(low); number <= Number(high); number += 1) {
    expandInto(tables, tail, head + String(number).padStart(width, '0'))
  }
}

function tooManyTables(): RangeError {
  return new RangeError(`the range stands for more than ${maxTablesPerName} tables`)
}

/** Parts between commas that stand outside `"…"` and backticks. */
function splitOutsideQuotes(text: string): string[] {
  const parts: string[] = []
  let quote = ''
  let start = 0
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charAt(index)
    if (quote !== '') {
      if (character === quote) quote = ''
    } else if (character === '"' || character === '`') {
      quote = character
    } else if (character === ',') {
      parts.push(text.slice(start, index))
      start = index + 1
    }
  }
  parts.push(text.slice(start))
  return parts
}
