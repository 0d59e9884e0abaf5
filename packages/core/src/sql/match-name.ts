import { PluginError } from '../plugin/errors.ts'
import { nearestName } from './nearest-name.ts'

/** The name among `names` that is meant: the same, else the only one that differs in case alone. */
export function matchName(wanted: string, names: readonly string[]): string | undefined {
  if (names.includes(wanted)) return wanted
  const alike = namesAlike(wanted, names)
  return alike.length === 1 ? alike[0] : undefined
}

function namesAlike(wanted: string, names: readonly string[]): readonly string[] {
  const lower = wanted.toLowerCase()
  return names.filter((name) => name.toLowerCase() === lower)
}

/** The hint for a name that {@link matchName} did not find; `undefined` when nothing is near. */
export function missingNameHint(wanted: string, names: readonly string[]): string | undefined {
  const alike = namesAlike(wanted, names)
  if (alike.length > 1) return `Write it as one of ${alike.join(', ')}.`
  const nearest = nearestName(wanted, names)
  return nearest === undefined ? undefined : `Did you mean ${nearest}?`
}

/**
 * The source's own names of columns, in the order of `wanted`.
 *
 * @param doing - for the message: `preparing to read table public.orders`
 * @throws PluginError SOURCE_OBJECT_MISSING that names every one that is not there
 */
export function matchColumns(
  wanted: readonly string[],
  names: readonly string[],
  doing: string,
): readonly string[] {
  const matched = wanted.map((name) => matchName(name, names))
  const missing = wanted.filter((_, index) => matched[index] === undefined)
  if (missing.length === 0) return matched.filter((name) => name !== undefined)
  const hints = missing.map((name) => missingNameHint(name, names))
  const isHelped = hints.every((hint) => hint !== undefined)
  throw new PluginError({
    code: 'SOURCE_OBJECT_MISSING',
    message: `${doing}: it has no column ${missing.map((name) => JSON.stringify(name)).join(', ')}`,
    hint: isHelped ? hints.join(' ') : `The columns are ${names.join(', ')}.`,
  })
}
