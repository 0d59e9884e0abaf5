import type { RdiValue } from '../../../model/expression.ts'
import { EvaluationError, type Evaluate } from '../compile/evaluate.ts'
import { pythonText } from '../values/python-text.ts'
import { fieldOf, isFalse, isObject, objectOf, type RdiObject } from '../values/value-type.ts'
import {
  define,
  defineRepeated,
  type ArgumentValue,
  type CompileText,
  type FunctionDefinition,
} from './definition.ts'
import { listOrNull, object, objectOrNull, string } from './parameters.ts'

const keys = define('keys', [object], (value) => Object.keys(value))

const values = define('values', [object], (value) =>
  Object.values(value).map((field) => field ?? null),
)

const merge = defineRepeated('merge', object, (...objects) =>
  objectOf(objects.flatMap((given) => Object.entries(given))),
)

const toEntries = define('to_entries', [objectOrNull], (value) =>
  value === null
    ? null
    : Object.entries(value).map(([key, field]) => ({ key, value: field ?? null })),
)

/** Entries that have no key are left out. */
const fromEntries = define('from_entries', [listOrNull], (entries) =>
  entries === null ? null : objectOf(entries.flatMap(entryOf)),
)

function entryOf(entry: RdiValue): [string, RdiValue][] {
  if (!isObject(entry)) return []
  const key = fieldOf(entry, 'key')
  return key === null ? [] : [[pythonText(key), fieldOf(entry, 'value')]]
}

/** The entries for which an expression over `key` and `value` is true; those for which it fails are left out. */
const filterEntries: FunctionDefinition = {
  ...define('filter_entries', [objectOrNull, string], () => null),
  checkLiterals: ([, predicate], compileText) => {
    if (typeof predicate === 'string') compilePredicate(predicate, compileText)
  },
  makeCall: (compileText) => {
    const predicates = new Map<string, Evaluate>()
    return (entries: ArgumentValue, predicate: ArgumentValue) => {
      if (entries === null) return null
      return filtered(
        entries as RdiObject,
        predicateOf(predicate as string, predicates, compileText),
      )
    }
  },
}

/** Texts of predicates are literals, or few: those that come from records are not kept for ever. */
const maximumPredicates = 100

function predicateOf(
  text: string,
  known: Map<string, Evaluate>,
  compileText: CompileText,
): Evaluate {
  let predicate = known.get(text)
  if (!predicate) {
    predicate = compilePredicate(text, compileText)
    if (known.size >= maximumPredicates) known.clear()
    known.set(text, predicate)
  }
  return predicate
}

function compilePredicate(text: string, compileText: CompileText): Evaluate {
  try {
    return compileText(text)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new EvaluationError(`the predicate of filter_entries() is no expression: ${reason}`)
  }
}

function filtered(entries: RdiObject, predicate: Evaluate): RdiObject {
  const accepted = Object.entries(entries).filter(([key, field]) => {
    try {
      return !isFalse(predicate({ key, value: field ?? null }))
    } catch (error) {
      if (error instanceof EvaluationError) return false
      throw error
    }
  })
  return objectOf(accepted)
}

export const objectFunctions = [keys, values, merge, toEntries, fromEntries, filterEntries]
