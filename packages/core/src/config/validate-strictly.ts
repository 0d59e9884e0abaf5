import type { ConfigOf, ConfigSchema } from '../plugin/config-schema.ts'
import { formatPath, isRecord, valueAt, type ConfigPath } from './config-path.ts'
import { messageOf, readableIssues, type ConfigIssue } from './issue-message.ts'
import type { ProblemList, ProblemText } from './problem-list.ts'
import { findUnknownKeys, type UnknownKey } from './unknown-keys.ts'
import { jsonSchemaOf } from './validate-config.ts'

/** What `validateStrictly` needs to know beside schema and value. */
export interface StrictOptions {
  /** Path of the value in the file. Default: the root. */
  readonly base?: ConfigPath
  /** What is said of an unknown key instead of the nearest name, where there is something better to say. */
  readonly explainKey?: (unknown: UnknownKey) => ProblemText | undefined
}

/** A value that was validated strictly. */
export interface StrictResult<T> {
  readonly value: T
  /** Whether it is the whole value; else wrong parts were left out, and it may only be looked at, never run. */
  readonly isWhole: boolean
}

const mostListed = 12

/**
 * Validates a value by a schema; every key that the schema does not know is an error with the nearest name, or the
 * names that are known there. Everything wrong is reported at once. What remains without the wrong parts is given for
 * further checks; `undefined` when nothing does. Never throws.
 */
export async function validateStrictly<S extends ConfigSchema>(
  schema: S,
  value: unknown,
  problems: ProblemList,
  options: StrictOptions = {},
): Promise<StrictResult<ConfigOf<S>> | undefined> {
  const base = options.base ?? []
  const unknown = findUnknownKeys(jsonSchemaOf(schema) ?? {}, value)
  for (const one of unknown) {
    const text = options.explainKey?.(one) ?? unknownKeyText(one)
    problems.error([...base, ...one.path], text, 'key')
  }
  const misspelt = new Set(unknown.map(({ path, nearest }) => formatPath(instead(path, nearest))))
  let rest: unknown = structuredClone(value)
  for (const { path } of unknown) remove(rest, path)
  let isWhole = unknown.length === 0
  // Each round leaves out what the one before found wrong: at most as often as things can be nested.
  for (let round = 0; round < 10; round += 1) {
    const result = await validate(schema, rest)
    if ('value' in result) return { value: result.value, isWhole }
    isWhole = false
    for (const issue of result.issues) {
      const path = [...base, ...issue.path]
      // A misspelt key has its own error, as has what could not be filled in.
      const isKnown = misspelt.has(formatPath(issue.path)) || problems.hasErrorAt(path)
      if (round === 0 && !isKnown) problems.error(path, issue)
    }
    const isGone = result.issues.some((issue) => !remove(rest, issue.path))
    if (isGone) return undefined
  }
  return undefined
}

function unknownKeyText({ nearest, known }: UnknownKey): ProblemText {
  if (nearest !== undefined) {
    return { message: 'unknown key', hint: `Did you mean ${JSON.stringify(nearest)}?` }
  }
  const names = known.slice(0, mostListed).join(', ')
  const hint = `Known here: ${names}${known.length > mostListed ? ', …' : ''}.`
  return { message: 'unknown key', hint }
}

function instead(path: ConfigPath, nearest: string | undefined): ConfigPath {
  return nearest === undefined ? path : [...path.slice(0, -1), nearest]
}

async function validate<S extends ConfigSchema>(
  schema: S,
  value: unknown,
): Promise<{ value: ConfigOf<S> } | { issues: readonly ConfigIssue[] }> {
  try {
    const result = await schema['~standard'].validate(value)
    if (result.issues === undefined) return { value: result.value as ConfigOf<S> }
    return { issues: result.issues.flatMap((issue) => readableIssues(issue, value)) }
  } catch (error) {
    return { issues: [{ path: [], message: `cannot be validated: ${messageOf(error)}` }] }
  }
}

/**
 * Takes away what stands at `path`, or, where nothing does, the object that lacks it. Entries of lists stay where they
 * are, so that paths still fit: the whole list goes. False when that would be the root.
 */
function remove(root: unknown, path: ConfigPath): boolean {
  const isThere = valueAt(root, path) !== undefined
  let end = isThere ? path.length : path.length - 1
  while (end > 0 && typeof path[end - 1] === 'number') end -= 1
  const key = path[end - 1]
  if (end <= 0 || key === undefined) return false
  const parent = valueAt(root, path.slice(0, end - 1))
  // Something around it has gone already.
  if (!isRecord(parent)) return true
  delete (parent as Record<string, unknown>)[key]
  return true
}
