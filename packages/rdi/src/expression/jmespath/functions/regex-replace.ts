import { EvaluationError } from '../compile/evaluate.ts'
import { define } from './definition.ts'
import { string } from './parameters.ts'
import { PatternError, translatePattern } from './python-pattern.ts'
import { translateReplacement, type Replacement } from './python-replacement.ts'

/** Replaces all matches of a pattern, pattern and replacement in the syntax of Python's `re`. */
export const regexReplace = define(
  'regex_replace',
  [string, string, string],
  (text, pattern, replacement) => {
    const expression = patternOf(pattern)
    return replaceAll(text, expression, replacementOf(replacement, expression))
  },
  ([, pattern, replacement]) => {
    if (typeof pattern !== 'string') return
    const expression = patternOf(pattern)
    if (typeof replacement === 'string') replacementOf(replacement, expression)
  },
)

function replaceAll(text: string, { regex }: Pattern, replacement: Replacement): string {
  return text.replace(regex, (...match: unknown[]) => {
    let result = ''
    for (const part of replacement) {
      result += typeof part === 'string' ? part : ((match[part] as string | undefined) ?? '')
    }
    return result
  })
}

interface Pattern {
  readonly regex: RegExp
  /** Numbers of the groups that have a name. */
  readonly groupNames: ReadonlyMap<string, number>
  readonly groupCount: number
  readonly replacements: Map<string, Replacement>
}

/** Patterns are literals, or few: those that come from records are not kept for ever. */
const maximumKept = 100
const patterns = new Map<string, Pattern>()

function patternOf(text: string): Pattern {
  const known = patterns.get(text)
  if (known) return known
  const pattern = explained('pattern', () => {
    const { source, flags, groupNames, groupCount } = translatePattern(text)
    return { regex: new RegExp(source, flags), groupNames, groupCount, replacements: new Map() }
  })
  if (patterns.size >= maximumKept) patterns.clear()
  patterns.set(text, pattern)
  return pattern
}

function replacementOf(text: string, pattern: Pattern): Replacement {
  const known = pattern.replacements.get(text)
  if (known) return known
  const replacement = explained('replacement', () =>
    translateReplacement(text, pattern.groupCount, pattern.groupNames),
  )
  if (pattern.replacements.size >= maximumKept) pattern.replacements.clear()
  pattern.replacements.set(text, replacement)
  return replacement
}

function explained<T>(part: string, translate: () => T): T {
  try {
    return translate()
  } catch (error) {
    if (!(error instanceof PatternError || error instanceof SyntaxError)) throw error
    // JavaScript repeats the translated pattern before what is wrong with it.
    const reason = error.message.replace(/^.*\/[a-z]*: /s, '')
    throw new EvaluationError(`regex_replace() has a ${part} that cannot be used: ${reason}`)
  }
}
