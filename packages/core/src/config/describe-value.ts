import { isRecord } from './config-path.ts'

const secretKey = /pass(word|wd|phrase)?$|secret|token|accesskey|credential/i

/** Whether a key of this name holds a secret, which no message may show. */
export function isSecretKey(key: string | number): boolean {
  return typeof key === 'string' && secretKey.test(key)
}

/** A text without the passwords of URLs and of `password=` in it. */
export function withoutSecrets(text: string): string {
  return text
    .replaceAll(/([a-z][a-z0-9+.-]*:\/\/)[^\s"']*@/gi, '$1')
    .replaceAll(/\b(pass(?:word|wd)?|secret|token)=[^&\s"']*/gi, '$1=***')
}

/** A value as messages show it: `"abc"`, `12`, `an object`, `nothing`. Cut short; URLs without their passwords. */
export function describeValue(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (isRecord(value)) return 'an object'
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (typeof value !== 'string') return typeof value
  const shown = withoutSecrets(value)
  return JSON.stringify(shown.length > 60 ? `${shown.slice(0, 57)}...` : shown)
}
