import { isRecord, type ConfigPath, type Environment } from '@millrace/core/dialect'
import type { ConfigProblemList } from './config-problem-list.ts'

const reference = /\$\{([^{}]*)\}/g
const variable = /^(?:env:)?([A-Za-z_][A-Za-z0-9_]*)$/

/**
 * The value with every `${NAME}` in its texts replaced by that environment variable. One that is not set is an error at
 * its place, and stays as it is.
 */
export function fillSecrets(
  value: unknown,
  environment: Environment,
  problems: ConfigProblemList,
  path: ConfigPath = [],
): unknown {
  const fill = (child: unknown, key: string | number): unknown =>
    fillSecrets(child, environment, problems, [...path, key])
  if (typeof value === 'string') return fillText(value, environment, problems, path)
  if (Array.isArray(value)) return value.map(fill)
  if (!isRecord(value)) return value
  const filled: Record<string, unknown> = Object.create(null) as Record<string, unknown>
  for (const [key, child] of Object.entries(value)) filled[key] = fill(child, key)
  return { ...filled }
}

function fillText(
  text: string,
  environment: Environment,
  problems: ConfigProblemList,
  path: ConfigPath,
): string {
  return text.replaceAll(reference, (match, inner: string) => {
    const name = variable.exec(inner.trim())?.[1]
    if (name === undefined) {
      problems.error(path, wrongReference(inner, match))
      return match
    }
    const value = Object.hasOwn(environment, name) ? environment[name] : undefined
    if (value === undefined) {
      const hint = `Set it: export ${name}=...`
      problems.error(path, { message: `the environment variable ${name} is not set`, hint })
      return match
    }
    problems.hiddenValues.hide(path, `\${${name}}`, value)
    return value
  })
}

function wrongReference(inner: string, match: string): { message: string; hint: string } {
  const hint = 'Write ${NAME}, where NAME is an environment variable.'
  return inner.trim().startsWith('secret:')
    ? { message: 'secret providers are not supported', hint }
    : { message: `expected the name of an environment variable in ${match}`, hint }
}
