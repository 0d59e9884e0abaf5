import { EvaluationError } from '../compile/evaluate.ts'
import { pythonText } from '../values/python-text.ts'
import { sliceText } from './characters.ts'
import { define } from './definition.ts'
import { integer, list, optional, string, stringOrNull, strings } from './parameters.ts'

/** `concat(['a', b])`: parts as Python writes them, so that null is `None`. */
const concat = define('concat', [list], (parts) => {
  let text = ''
  for (const part of parts) text += typeof part === 'string' ? part : pythonText(part)
  return text
})

/** Every word begins with a capital and goes on in small letters; one blank between words. */
const capitalize = define('capitalize', [stringOrNull], (text) =>
  text === null ? null : text.trim().split(/\s+/u).map(capitalizeWord).join(' '),
)

function capitalizeWord(word: string): string {
  const [first = ''] = word
  return first.toUpperCase() + word.slice(first.length).toLowerCase()
}

const lower = define('lower', [stringOrNull], (text) => (text === null ? null : text.toLowerCase()))

const upper = define('upper', [stringOrNull], (text) => (text === null ? null : text.toUpperCase()))

const replace = define('replace', [stringOrNull, string, string], (text, old, by) => {
  if (text === null) return null
  return old === '' ? text : text.replaceAll(old, () => by)
})

const left = define('left', [stringOrNull, integer], (text, count) =>
  text === null ? null : sliceText(text, 0, count),
)

/** As Python's `text[-count:]`, so that 0 gives all of it. */
const right = define('right', [stringOrNull, integer], (text, count) =>
  text === null ? null : sliceText(text, -count, undefined),
)

const mid = define('mid', [stringOrNull, integer, integer], (text, offset, count) =>
  text === null ? null : sliceText(text, offset, Number(offset) + Number(count)),
)

const split = define(
  'split',
  [stringOrNull, optional(string)],
  (text, delimiter = ',') => {
    if (delimiter === '') throw emptyDelimiter()
    return text === null ? null : text.split(delimiter)
  },
  ([, delimiter]) => {
    if (delimiter === '') throw emptyDelimiter()
  },
)

function emptyDelimiter(): EvaluationError {
  return new EvaluationError('split() cannot cut at an empty delimiter')
}

const join = define('join', [string, strings], (separator, parts) => parts.join(separator))

const startsWith = define('starts_with', [string, string], (text, start) => text.startsWith(start))

const endsWith = define('ends_with', [string, string], (text, end) => text.endsWith(end))

export const textFunctions = [
  concat,
  capitalize,
  lower,
  upper,
  replace,
  left,
  right,
  mid,
  split,
  join,
  startsWith,
  endsWith,
]
