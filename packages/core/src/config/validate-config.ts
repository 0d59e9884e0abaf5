import type { ConfigOf, ConfigSchema } from '../plugin/config-schema.ts'
import { formatPath, type ConfigPath } from './config-path.ts'
import { messageOf, readableIssues } from './issue-message.ts'
import type { ProblemList } from './problem-list.ts'
import { reportUnknownKeys } from './unknown-keys.ts'

/** A validated value, or `undefined` when errors were reported. */
export type Validated<T> = { readonly value: T } | undefined

/** What `validateConfig` needs to know beside schema and value. */
export interface ValidateOptions {
  /** Path of the value in the file. */
  readonly base: ConfigPath
  /** Whether a key is fine though the schema does not know it. `path` is that of the key inside the value. */
  readonly isTolerated?: (key: string, path: ConfigPath) => boolean
}

/**
 * Validates a value by a schema and reports everything that is wrong at once, with its position: wrong values, and
 * keys the schema does not know. Never throws: a schema that does is reported too.
 */
export async function validateConfig<S extends ConfigSchema>(
  schema: S,
  value: unknown,
  problems: ProblemList,
  options: ValidateOptions,
): Promise<Validated<ConfigOf<S>>> {
  const reported = new Set<string>()
  try {
    const result = await schema['~standard'].validate(value)
    if (result.issues === undefined) {
      reportSchemaKeys(schema, value, problems, options)
      return { value: result.value as ConfigOf<S> }
    }
    for (const issue of result.issues.flatMap((one) => readableIssues(one, value))) {
      problems.error([...options.base, ...issue.path], issue)
      reported.add(formatPath(issue.path))
    }
  } catch (error) {
    problems.error(options.base, `cannot be validated: ${messageOf(error)}`)
  }
  // A schema that allows no other keys has named the unknown ones itself.
  const isTolerated: typeof options.isTolerated = (key, path) =>
    reported.has(formatPath(path)) || options.isTolerated?.(key, path) === true
  reportSchemaKeys(schema, value, problems, { ...options, isTolerated })
  return undefined
}

function reportSchemaKeys(
  schema: ConfigSchema,
  value: unknown,
  problems: ProblemList,
  options: ValidateOptions,
): void {
  const json = jsonSchemaOf(schema)
  if (json !== undefined)
    reportUnknownKeys(problems, json, value, options.base, options.isTolerated)
}

type JsonSchema = Record<string, unknown>

/** Printing a schema takes longer than validating by it, and many parts of a file have the same one. */
const jsonSchemas = new WeakMap<ConfigSchema, JsonSchema | undefined>()

/**
 * What a schema accepts, as JSON Schema: its list of keys. `undefined` for one that cannot be printed (a transform without
 * an input type).
 */
export function jsonSchemaOf(schema: ConfigSchema): JsonSchema | undefined {
  if (jsonSchemas.has(schema)) return jsonSchemas.get(schema)
  let json: JsonSchema | undefined
  try {
    const { vendor, jsonSchema } = schema['~standard']
    // Zod would throw for parts that JSON Schema cannot express; their keys are still known.
    const libraryOptions = vendor === 'zod' ? { unrepresentable: 'any' } : undefined
    json = jsonSchema.input({ target: 'draft-2020-12', libraryOptions })
  } catch {
    json = undefined
  }
  jsonSchemas.set(schema, json)
  return json
}

/**
 * A config for looking on after errors: validates again without the top-level keys that were wrong, silently.
 * `undefined` when nothing is left that fits. What comes of it may only be checked, never run.
 */
export async function recoverConfig<S extends ConfigSchema>(
  schema: S,
  value: Readonly<Record<string, unknown>>,
): Promise<{ readonly value: ConfigOf<S>; readonly dropped: ReadonlySet<string> } | undefined> {
  try {
    const first = await schema['~standard'].validate(value)
    const issues = (first.issues ?? []).flatMap((issue) => readableIssues(issue, value))
    const dropped = new Set(issues.map((issue) => String(issue.path[0])))
    const rest = Object.fromEntries(Object.entries(value).filter(([key]) => !dropped.has(key)))
    const second = await schema['~standard'].validate(rest)
    return second.issues === undefined ? { value: second.value as ConfigOf<S>, dropped } : undefined
  } catch {
    return undefined
  }
}
