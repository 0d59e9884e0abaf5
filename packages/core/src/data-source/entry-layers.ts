import { isRecord, type ConfigPath } from '../config/config-path.ts'
import type { ProblemList } from '../config/problem-list.ts'
import { suggestKey } from '../config/suggest-key.ts'

/** Fields of a data source that stand at one place of its file. */
export interface Layer {
  readonly value: Readonly<Record<string, unknown>>
  readonly path: ConfigPath
}

const environments = { 0: 'prod', 1: 'dev' } as const

/** Names that other tools use, with ours; too far from them to be found as misspellings. */
const otherNames: Readonly<Record<string, string>> = {
  ssl: 'tls',
  pass: 'password',
  passwd: 'password',
  pwd: 'password',
  db: 'database',
  dbname: 'database',
  schema: 'database',
  hostname: 'host',
  server: 'host',
  socket: 'socketPath',
  unixSocket: 'socketPath',
}

/** Keys of DataWorks' API that say nothing about the connection. */
const ignored = new Set([
  'Name',
  'Description',
  'ConnectionPropertiesMode',
  'connectionPropertiesMode',
])

/**
 * The places at which the fields of an entry stand, later ones taking precedence: the entry itself, DataWorks' nested
 * `ConnectionProperties`, and the part of `env` that the job's `envType` selects. `undefined` after an error.
 */
export function layersOf(
  entry: Readonly<Record<string, unknown>>,
  base: ConfigPath,
  environmentType: 0 | 1,
  problems: ProblemList,
): readonly Layer[] | undefined {
  const own = withNested(entry, base, problems)
  if (own === undefined || !Object.hasOwn(entry, 'env')) return own
  const selected = selectEnvironment(entry['env'], [...base, 'env'], environmentType, problems)
  if (selected === undefined) return undefined
  const nested = withNested(selected.value, selected.path, problems)
  return nested === undefined ? undefined : [...own, ...nested]
}

function withNested(
  value: Readonly<Record<string, unknown>>,
  path: ConfigPath,
  problems: ProblemList,
): readonly Layer[] | undefined {
  const plain: Record<string, unknown> = {}
  const layers: Layer[] = [{ value: plain, path }]
  let isFine = true
  for (const [key, child] of Object.entries(value)) {
    const childPath = [...path, key]
    const meant = Object.hasOwn(otherNames, key) ? otherNames[key] : undefined
    if (key === 'env' || ignored.has(key)) continue
    if (meant !== undefined) {
      problems.error(childPath, { message: 'unknown key', hint: `Did you mean "${meant}"?` }, 'key')
      isFine = false
    } else if (key.toLowerCase() === 'connectionproperties') {
      const nested = nestedProperties(child)
      if (nested === undefined) problems.error(childPath, 'expected an object, or JSON of one')
      else layers.push({ value: nested, path: childPath })
      isFine &&= nested !== undefined
    } else plain[key === 'Type' ? 'type' : key] = child
  }
  return isFine ? layers : undefined
}

/** DataWorks' API takes the properties as JSON in a text. */
function nestedProperties(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (isRecord(value)) return value
  if (typeof value !== 'string') return undefined
  try {
    const parsed: unknown = JSON.parse(value)
    return isRecord(parsed) ? parsed : undefined
  } catch {
    return undefined
  }
}

function selectEnvironment(
  value: unknown,
  path: ConfigPath,
  environmentType: 0 | 1,
  problems: ProblemList,
): Layer | undefined {
  if (!isRecord(value)) {
    problems.error(path, 'expected an object with "prod" and "dev"')
    return undefined
  }
  const wanted = environments[environmentType]
  for (const key of Object.keys(value)) {
    if (/^(?:prod|dev)$/i.test(key)) continue
    const nearest = suggestKey(key, ['prod', 'dev'])
    const hint = nearest === undefined ? 'Expected "prod" or "dev".' : `Did you mean "${nearest}"?`
    problems.error([...path, key], { message: 'unknown key', hint }, 'key')
  }
  const key = Object.keys(value).find((one) => one.toLowerCase() === wanted)
  const selected = key === undefined ? undefined : value[key]
  if (key === undefined || !isRecord(selected)) {
    const message = `there is no "${wanted}", which the job selects by "envType": ${environmentType}`
    problems.error(path, message)
    return undefined
  }
  return { value: selected, path: [...path, key] }
}
