import type { Expression } from '../model/table-job.ts'

/**
 * Whether an expression may look at a field of that name. Never says no where it does: names that are spelled with escapes,
 * wildcards and the record as a whole count as every name.
 */
export function mentions({ language, text }: Pick<Expression, 'language' | 'text'>, name: string) {
  const spellsAll = language === 'sql' ? /""|``|\]/ : /[@*\\]/
  return spellsAll.test(text) || text.toLowerCase().includes(name.toLowerCase())
}

/**
 * Whether the name stands in an expression as a word, outside of text: without a doubt where it is not spelled in another
 * way.
 */
export function reads(
  { language, text }: Pick<Expression, 'language' | 'text'>,
  name: string,
): boolean {
  if (!plainName.test(name)) {
    const names = withoutText(language, text).toLowerCase()
    return quotes[language].some(([open, close]) =>
      names.includes(`${open}${name.toLowerCase()}${close}`),
    )
  }
  const escaped = name.replace(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)
  const word = new RegExp(`(?<![A-Za-z0-9_])${escaped}(?![A-Za-z0-9_])`, 'i')
  return word.test(text) && word.test(withoutText(language, text))
}

/** What can stand in an expression without quotes. */
const plainName = /^[\p{L}_][\p{L}\p{N}_$]*$/u

const quotes = {
  jmespath: [['"', '"']],
  sql: [
    ['"', '"'],
    ['`', '`'],
    ['[', ']'],
  ],
} as const

/** Names in quotes are matched, too, so that a quote in one of them begins no text. */
const textOrQuotedName = {
  jmespath: /'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|"(?:[^"\\]|\\.)*"/gs,
  sql: /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]/g,
} as const

function withoutText(language: Expression['language'], text: string): string {
  return text.replace(textOrQuotedName[language], (part) => {
    const isText = part.startsWith("'") || (language === 'jmespath' && part.startsWith('`'))
    return isText ? ' ' : part
  })
}
