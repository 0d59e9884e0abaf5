import { characterSet, octalEscape, plainEscape, literal } from './python-escape.ts'
import { PatternError } from './pattern-error.ts'

export { PatternError } from './pattern-error.ts'

/** A pattern of Python's `re` as JavaScript has it. */
export interface TranslatedPattern {
  readonly source: string
  /** Always with `g` and `v`. */
  readonly flags: string
  readonly groupNames: ReadonlyMap<string, number>
  readonly groupCount: number
}

/**
 * Translates a pattern of Python's `re`: named groups, classes by Unicode, `^`, `$` and `.` that know only `\n`.
 *
 * @throws PatternError for what JavaScript has no counterpart of (atomic groups, conditions, flags inside)
 */
export function translatePattern(text: string): TranslatedPattern {
  return new Translator(text).translate()
}

const anything = String.raw`[\s\S]`

class Translator {
  readonly #text: string
  readonly #groupNames = new Map<string, number>()
  #groupCount = 0
  #position = 0
  #flags = ''

  constructor(text: string) {
    this.#text = text
  }

  translate(): TranslatedPattern {
    const flags = this.#match(/\(\?([aiLmsux]+)\)/y)
    this.#flags = flags?.[1] ?? ''
    if (/[Lx]/.test(this.#flags)) throw new PatternError('the flags L and x are not supported')
    let source = ''
    while (this.#position < this.#text.length) source += this.#part()
    return {
      source,
      flags: this.#has('i') ? 'giv' : 'gv',
      groupNames: this.#groupNames,
      groupCount: this.#groupCount,
    }
  }

  #has(flag: string): boolean {
    return this.#flags.includes(flag)
  }

  /** Moves on past what the pattern matches right here. */
  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#position
    const match = pattern.exec(this.#text)
    if (match) this.#position += match[0].length
    return match
  }

  #part(): string {
    const [character = ''] = this.#match(/[^]/uy) ?? []
    switch (character) {
      case '\\':
        return this.#escape()
      case '[':
        return this.#class()
      case '(':
        return this.#group()
      case '.':
        return this.#has('s') ? anything : String.raw`[^\n]`
      case '^':
        return this.#has('m') ? String.raw`(?<![^\n])` : '^'
      case '$':
        return this.#has('m') ? String.raw`(?![^\n])` : String.raw`(?=\n?(?!${anything}))`
      case '{':
        return this.#repetition()
      case '*':
      case '+':
      case '?':
      case '|':
      case ')':
        return character
      default:
        return literal(character)
    }
  }

  #repetition(): string {
    const bounds = this.#match(/(\d*),(\d*)\}|(\d+)\}/y)
    if (!bounds) return literal('{')
    const [, lowest, highest = '', exact] = bounds
    return exact === undefined ? `{${lowest || '0'},${highest}}` : `{${exact}}`
  }

  #group(): string {
    if (!this.#match(/\?/y)) {
      this.#groupCount++
      return '('
    }
    if (this.#match(/#[^)]*\)/y)) return ''
    const look = this.#match(/:|=|!|<=|<!/y)
    if (look) return `(?${look[0]}`
    const name = this.#match(/P<([^>]+)>/y)?.[1]
    if (name !== undefined) {
      this.#groupNames.set(name, ++this.#groupCount)
      return '('
    }
    const reference = this.#match(/P=([^)]+)\)/y)?.[1]
    if (reference === undefined) {
      throw new PatternError(
        `the group at character ${this.#position} has a form that is not supported`,
      )
    }
    return this.#reference(this.#groupNames.get(reference) ?? NaN, reference)
  }

  #reference(group: number, name: string): string {
    if (!(group <= this.#groupCount))
      throw new PatternError(`it has no group "${name}" before its use`)
    return `(?:\\${group})`
  }

  #escape(): string {
    const octal = octalEscape(this.#text, this.#position)
    if (octal) {
      this.#position += octal.length
      return octal.source
    }
    const group = this.#match(/[1-9][0-9]?/y)?.[0]
    if (group !== undefined) return this.#reference(Number(group), group)
    const assertion = this.#match(/[AZbB]/y)?.[0]
    if (assertion !== undefined) return this.#assertion(assertion)
    return this.#setOrCharacter()
  }

  #assertion(letter: string): string {
    if (letter === 'A') return `(?<!${anything})`
    if (letter === 'Z') return `(?!${anything})`
    const word = characterSet('w', this.#has('a'))
    return letter === 'b'
      ? `(?:(?<=${word})(?!${word})|(?<!${word})(?=${word}))`
      : `(?:(?<=${word})(?=${word})|(?<!${word})(?!${word}))`
  }

  #setOrCharacter(): string {
    const set = this.#match(/[dDsSwW]/y)?.[0]
    if (set !== undefined) return characterSet(set, this.#has('a'))
    const escape = plainEscape(this.#text, this.#position)
    this.#position += escape.length
    return escape.source
  }

  #class(): string {
    const sign = this.#match(/\^/y) ? '^' : ''
    let source = ''
    while (source === '' || !this.#match(/\]/y)) {
      const first = this.#classItem()
      if (!this.#match(/-(?!\])/y)) {
        source += first
        continue
      }
      const last = this.#classItem()
      if (first.startsWith('[') || last.startsWith('[')) {
        throw new PatternError('a range in [] has to run from one character to another')
      }
      source += `${first}-${last}`
    }
    return `[${sign}${source}]`
  }

  #classItem(): string {
    const [character] = this.#match(/[^]/uy) ?? []
    if (character === undefined) throw new PatternError('a [ is never closed')
    if (character !== '\\') return literal(character)
    const octal = octalEscape(this.#text, this.#position)
    if (octal) {
      this.#position += octal.length
      return octal.source
    }
    if (this.#match(/b/y)) return literal('\b')
    return this.#setOrCharacter()
  }
}
