/** Escapes that mean the same in Java and JavaScript, besides those of punctuation. */
const commonEscape = /^(?:[dDwWbBtnrfvSpPkcxu0-9])$/
const javaSpace = ' \\t\\n\\v\\f\\r'

/**
 * Compiles a regular expression in Java's syntax, as `dx_filter` takes it, so that it matches whole texts only.
 * What JavaScript has no equal for (possessive quantifiers, `\Q…\E`, nested character classes, POSIX classes such as
 * `\p{Alpha}`) is refused instead of read in another way.
 *
 * @throws SyntaxError saying what is wrong with the pattern
 */
export function likePattern(pattern: string): RegExp {
  const inline = /^\(\?([ims]+)\)/.exec(pattern)
  const body = toJavaScript(inline ? pattern.slice(inline[0].length) : pattern)
  const flags = `u${[...new Set(inline?.[1])].join('')}`
  // Checked alone first: an unbalanced parenthesis must not pair with those put around it.
  new RegExp(body, flags)
  return new RegExp(`(?<![\\s\\S])(?:${body})(?![\\s\\S])`, flags)
}

function toJavaScript(pattern: string): string {
  let output = ''
  let isInClass = false
  for (let index = 0; index < pattern.length; index++) {
    const character = pattern.charAt(index)
    if (character === '\\') {
      output += escapeOf(pattern.charAt(++index), isInClass)
    } else if (isInClass && (character === '[' || pattern.startsWith('&&', index))) {
      throw new SyntaxError('nested character classes and "&&" are not supported')
    } else if (character === ']' && !isInClass) {
      output += '\\]'
    } else {
      if (character === '[') isInClass = true
      else if (character === ']') isInClass = false
      output += character
    }
  }
  return output
}

function escapeOf(character: string, isInClass: boolean): string {
  if (character === '') throw new SyntaxError('the pattern ends with a single backslash')
  // JavaScript's \s has more spaces than Java's.
  if (character === 's') return isInClass ? javaSpace : `[${javaSpace}]`
  if (character === 'S' && !isInClass) return `[^${javaSpace}]`
  if (commonEscape.test(character)) return `\\${character}`
  if (/[a-zA-Z]/.test(character)) {
    throw new SyntaxError(`the escape "\\${character}" is not supported`)
  }
  // The only punctuation that JavaScript lets one escape; the rest stands for itself.
  if (/[\^$\\.*+?()[\]{}|/]/.test(character) || (isInClass && character === '-')) {
    return `\\${character}`
  }
  return character
}
