import type { StandardSchemaV1 } from '@standard-schema/spec'
import { isRecord, valueAt, type ConfigPath } from './config-path.ts'
import { describeValue, isSecretKey } from './describe-value.ts'
import type { ProblemText } from './problem-list.ts'
import { suggestKey } from './suggest-key.ts'

/** One thing wrong with a value, with its place in the value. */
export interface ConfigIssue extends ProblemText {
  readonly path: ConfigPath
}

/** The fields of zod's issues that say more than their message; every one may be absent for other libraries. */
interface DetailedIssue extends StandardSchemaV1.Issue {
  readonly code?: unknown
  readonly expected?: unknown
  readonly values?: unknown
  readonly options?: unknown
  readonly discriminator?: unknown
  readonly errors?: unknown
  readonly keys?: unknown
  readonly minimum?: unknown
  readonly maximum?: unknown
  readonly origin?: unknown
  readonly inclusive?: unknown
}

/** Turns an issue of a schema library into one or several with readable messages. `root` is the validated value. */
export function readableIssues(
  issue: StandardSchemaV1.Issue,
  root: unknown,
  base: ConfigPath = [],
): readonly ConfigIssue[] {
  const detailed = issue as DetailedIssue
  const path = [...base, ...pathOf(issue)]
  const value = valueAt(root, path)
  switch (detailed.code) {
    case 'invalid_type':
      return [{ path, ...expected(typeName(detailed.expected), value, path) }]
    case 'invalid_value':
      return [{ path, ...oneOf(asTexts(detailed.values), value, path) }]
    case 'unrecognized_keys':
      return asTexts(detailed.keys).map((key) => ({ path: [...path, key], message: 'unknown key' }))
    case 'invalid_union':
      return unionIssues(detailed, root, path)
    case 'too_small':
    case 'too_big':
      return [{ path, ...expected(boundName(detailed), value, path) }]
    default:
      return [{ path, message: plain(issue.message) }]
  }
}

function pathOf(issue: StandardSchemaV1.Issue): ConfigPath {
  return (issue.path ?? []).map((part) => {
    const key = typeof part === 'object' ? part.key : part
    return typeof key === 'number' ? key : String(key)
  })
}

function plain(message: string): string {
  const text = message.replace(/^Invalid input:? ?/, '')
  return text === '' ? 'is not valid' : text
}

function expected(what: string, value: unknown, path: ConfigPath): ProblemText {
  if (value === undefined) return { message: `is missing: expected ${what}` }
  return { message: `expected ${what}, found ${found(value, path)}` }
}

function found(value: unknown, path: ConfigPath): string {
  return path.some(isSecretKey) ? 'something else' : describeValue(value)
}

function oneOf(values: readonly string[], value: unknown, path: ConfigPath): ProblemText {
  const quoted = values.map((text) => JSON.stringify(text))
  const list =
    quoted.length > 1 ? `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}` : quoted[0]
  const nearest = typeof value === 'string' ? suggestKey(value, values) : undefined
  const hint = nearest === undefined ? undefined : `Did you mean ${JSON.stringify(nearest)}?`
  return { ...expected(list ?? 'something else', value, path), hint }
}

function asTexts(values: unknown): string[] {
  return Array.isArray(values) ? values.map(String) : []
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'a text in quotes',
  number: 'a number',
  int: 'an integer',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
  undefined: 'nothing',
}

function typeName(type: unknown): string {
  return typeNames[String(type)] ?? String(type)
}

function boundName(issue: DetailedIssue): string {
  const isLower = issue.code === 'too_small'
  const bound = String(isLower ? issue.minimum : issue.maximum)
  const word = isLower ? 'at least' : 'at most'
  const strict = issue.inclusive === false ? (isLower ? 'more than' : 'less than') : word
  if (issue.origin === 'string') return `a text of ${strict} ${bound} characters`
  if (issue.origin === 'array') return `a list of ${strict} ${bound} entries`
  return `a number of ${strict} ${bound}`
}

function unionIssues(
  issue: DetailedIssue,
  root: unknown,
  path: ConfigPath,
): readonly ConfigIssue[] {
  const value = valueAt(root, path)
  if (typeof issue.discriminator === 'string') {
    const options = asTexts(issue.options)
    if (options.length > 0) return [{ path, ...oneOf(options, value, path) }]
  }
  const branches = branchesOf(issue)
  // A branch whose own type fits and that fails only further in is the one that was meant.
  const deeper = branches
    .filter((branch) => branch.length > 0 && branch.every(isFurtherIn))
    .sort((a, b) => a.length - b.length)[0]
  if (deeper !== undefined) return deeper.flatMap((inner) => readableIssues(inner, root, path))
  const inner = branches.flat()
  const custom = inner.find((one) => one.code === 'custom')
  const fits = inner.every((one) => one.code === 'invalid_type' || one.code === 'invalid_value')
  if (custom !== undefined) return [{ path, message: plain(custom.message) }]
  if (!fits || inner.length === 0) {
    const texts = [...new Set(inner.map((one) => plain(one.message)))]
    return [{ path, message: texts.length === 0 ? plain(issue.message) : texts.join('; or ') }]
  }
  return [{ path, ...expected(joinOr(inner.flatMap(namesOf)), value, path) }]
}

/** What each branch of a union finds wrong; a union in a union counts as its branches. */
function branchesOf(issue: DetailedIssue): readonly (readonly DetailedIssue[])[] {
  const branches = (Array.isArray(issue.errors) ? issue.errors : []).filter(
    (branch): branch is DetailedIssue[] => Array.isArray(branch),
  )
  return branches.flatMap((branch) => {
    const [only, second] = branch
    const isUnion =
      only !== undefined && second === undefined && only.code === 'invalid_union' && isHere(only)
    return isUnion ? branchesOf(only) : [branch]
  })
}

function isHere(issue: StandardSchemaV1.Issue): boolean {
  return pathOf(issue).length === 0
}

function isFurtherIn(issue: DetailedIssue): boolean {
  return !isHere(issue) || issue.code === 'unrecognized_keys'
}

function namesOf(issue: DetailedIssue): string[] {
  if (issue.code === 'invalid_value')
    return asTexts(issue.values).map((text) => JSON.stringify(text))
  const name = typeName(issue.expected)
  return name === 'null' ? [] : [name]
}

function joinOr(names: readonly string[]): string {
  const unique = [...new Set(names)]
  return unique.length > 1
    ? `${unique.slice(0, -1).join(', ')} or ${unique.at(-1)}`
    : (unique[0] ?? 'null')
}

/** Whether a value is an object whose `message` is a text: what a schema library may throw. */
export function messageOf(error: unknown): string {
  if (isRecord(error) && typeof error['message'] === 'string') return error['message']
  return error instanceof Error ? error.message : String(error)
}
