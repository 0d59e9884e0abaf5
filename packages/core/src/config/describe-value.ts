import { isRecord } from './config-path.ts'

const secretKey = /pass(word|wd|phrase)?$|secret|token|accesskey|credential/i
const nearSecret = /pass(word|wd|phrase)?\b|secret|token|accesskey|credential|:\/\//i
const nearbyCharacters = 500

/** Whether a key of this name holds a secret, which no message may show. */
export function isSecretKey(key: string | number): boolean {
  return typeof key === 'string' && secretKey.test(key)
}

/** A text without the passwords of URLs and of `password=` in it. */
export function withoutSecrets(text: string): string {
  return text
    .replaceAll(/[^\s"']+/g, withoutUserInfo)
    .replaceAll(/\b(pass(?:word|wd)?|secret|token)=[^&\s"']*/gi, '$1=***')
}

/** Searches from both ends: a pattern for scheme and user would take minutes for a long word that is no URL. */
function withoutUserInfo(word: string): string {
  const scheme = word.indexOf('://')
  const at = word.lastIndexOf('@')
  return scheme < 0 || at < scheme ? word : word.slice(0, scheme + 3) + word.slice(at + 1)
}

/**
 * Whether what stands at `offset` of a file that cannot be parsed may be (part of) a secret: its line, or the last one
 * before it that is not blank, has a key that says so, or a URL.
 */
export function isNearSecret(text: string, offset: number): boolean {
  const lines = text.slice(Math.max(0, offset - nearbyCharacters), offset).split(/[\r\n]+/)
  const begun = lines.pop() ?? ''
  const [rest = ''] = text.slice(offset, offset + nearbyCharacters).split(/[\r\n]/, 1)
  const before = lines.findLast((line) => line.trim() !== '') ?? ''
  return nearSecret.test(begun + rest) || nearSecret.test(before)
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
