import type { ConfigPath } from '../config/config-path.ts'

/** Reports a problem at a path inside what is being read. */
export type OnProblem = (
  severity: 'error' | 'warning',
  path: ConfigPath,
  text: { readonly message: string; readonly hint?: string },
) => void

/** Values of environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>

const reference = /\$\{env:([^{}]*)\}/g

/** Replaces `${env:NAME}` in a text. A variable that is not set is reported, and stands for nothing. */
export function fillEnvironment(
  text: string,
  environment: Environment,
  onMissing: (name: string) => void,
): string {
  return text.replaceAll(reference, (_match, name: string) => {
    const wanted = name.trim()
    const value = Object.hasOwn(environment, wanted) ? environment[wanted] : undefined
    if (value === undefined) onMissing(wanted)
    return value ?? ''
  })
}

/** Whether a text consists of one `${env:NAME}` and nothing else. */
export function isEnvironmentReference(text: string): boolean {
  return /^\$\{env:[^{}]*\}$/.test(text.trim())
}

/**
 * Puts tokens of plain letters in the place of `${env:NAME}`, so that a URL can be taken apart first: values of
 * variables need no percent encoding then. `restore` puts the values into a part.
 */
export function maskEnvironment(
  text: string,
  environment: Environment,
  onMissing: (name: string) => void,
): { readonly masked: string; readonly restore: (part: string) => string } {
  const values: string[] = []
  const masked = text.replaceAll(reference, (match) => {
    values.push(fillEnvironment(match, environment, onMissing))
    return `MILLRACEENV${values.length - 1}X`
  })
  const restore = (part: string): string =>
    part.replaceAll(/MILLRACEENV(\d+)X/gi, (_match, index: string) => values[Number(index)] ?? '')
  return { masked, restore }
}
