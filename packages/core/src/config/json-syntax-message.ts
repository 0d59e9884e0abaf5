const hidden = '***'

/**
 * What is wrong at one place of a JSON text, in plain words. `code` is the name of the parser's error, `found` what
 * stands there; `undefined` keeps that out of the message.
 */
export function jsonSyntaxMessage(code: string, found: string | undefined): string {
  const shown = found ?? hidden
  const token = found === '' ? 'the end of the file' : JSON.stringify(shown)
  switch (code) {
    case 'InvalidSymbol':
      return symbolMessage(shown)
    case 'PropertyNameExpected':
      return `expected a key in double quotes, found ${token}`
    case 'ValueExpected':
      return `expected a value, found ${token}`
    case 'ColonExpected':
      return `expected ":" after the key, found ${token}`
    case 'CommaExpected':
      return `expected "," or the closing bracket before ${token}`
    case 'CloseBraceExpected':
      return 'expected "}": an object is not closed'
    case 'CloseBracketExpected':
      return 'expected "]": a list is not closed'
    case 'EndOfFileExpected':
      return `expected the end of the file, found ${token}`
    case 'UnexpectedEndOfComment':
      return 'expected "*/": a comment is not closed'
    case 'UnexpectedEndOfString':
      return `expected a closing double quote: the text ${token} is not closed on its line`
    case 'UnexpectedEndOfNumber':
    case 'InvalidNumberFormat':
      return `expected a number, found ${token}`
    case 'InvalidUnicode':
      return `expected four hexadecimal digits after "\\u" in ${shown}`
    case 'InvalidEscapeCharacter':
      return `expected one of \\" \\\\ \\/ \\b \\f \\n \\r \\t \\u after the backslash in ${shown}`
    case 'InvalidCharacter':
      return `a tab or another control character in a text has to be written as \\t or \\u0000, in ${token}`
    case 'InvalidCommentToken':
      return `expected no comment here, found ${token}`
    default:
      return `expected JSON, found ${token}`
  }
}

function symbolMessage(found: string): string {
  if (/^[“”„‟«»]/.test(found))
    return `expected a plain double quote ", found a typographic one: ${found}`
  if (found.startsWith("'")) return `expected text in double quotes, found single ones: ${found}`
  if (/^(True|TRUE|False|FALSE|None|NULL|Null|nil|undefined)$/.test(found)) {
    return `expected true, false or null in small letters, found ${found}`
  }
  return `expected a value or a key in double quotes, found ${JSON.stringify(found)}`
}
