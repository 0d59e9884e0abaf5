/**
 * The members of a JSON object by their names, or of an array by their numbers, as they are written: digits of numbers, order of
 * keys and spaces are kept, which `JSON.parse` does not.
 *
 * @param text valid JSON, an object or an array
 */
export function rawMembers(text: string): ReadonlyMap<string, string> {
  const members = new Map<string, string>()
  const isArray = text.trimStart().startsWith('[')
  let at = skipSpace(text, text.indexOf(isArray ? '[' : '{') + 1)
  for (let index = 0; text[at] !== '}' && text[at] !== ']'; index += 1) {
    let key = String(index)
    if (!isArray) {
      const keyEnd = endOfValue(text, at)
      key = JSON.parse(text.slice(at, keyEnd)) as string
      at = skipSpace(text, skipSpace(text, keyEnd) + 1)
    }
    const end = endOfValue(text, at)
    members.set(key, text.slice(at, end))
    at = skipSpace(text, end)
    if (text[at] === ',') at = skipSpace(text, at + 1)
  }
  return members
}

function skipSpace(text: string, start: number): number {
  let at = start
  while (text[at] === ' ' || text[at] === '\t' || text[at] === '\r' || text[at] === '\n') at += 1
  return at
}

function endOfValue(text: string, start: number): number {
  const first = text[start]
  if (first === '"') return endOfString(text, start)
  let at = start
  if (first !== '{' && first !== '[') {
    while (at < text.length && !/[,\]}\s]/.test(text.charAt(at))) at += 1
    return at
  }
  for (let depth = 0; ;) {
    const character = text[at]
    if (character === '"') {
      at = endOfString(text, at)
      continue
    }
    if (character === '{' || character === '[') depth += 1
    if (character === '}' || character === ']') depth -= 1
    at += 1
    if (depth === 0) return at
  }
}

function endOfString(text: string, start: number): number {
  let at = start + 1
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at + 1
}
