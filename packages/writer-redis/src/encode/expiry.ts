import type { Expiry, WriteKind } from '../config/writer-config.ts'
import { constantBulk } from '../resp/resp-writer.ts'

/** How the expiry of a key goes over the wire; every form is part of the same payload as the write itself. */
export type ExpiryForm =
  | { readonly kind: 'none' }
  /** Arguments at the end of `SET`. */
  | { readonly kind: 'option'; readonly argumentCount: number; readonly tail: string }
  /** A script that writes and then expires: nothing expires when the write is refused. */
  | { readonly kind: 'script'; readonly command: string; readonly tail: string }
  /** A command per key after the writes of the batch. */
  | { readonly kind: 'command'; readonly command: string; readonly tail: string }

/**
 * Appends to a list and sets its expiry; when the push is refused the script ends there, so that the expiry never
 * lands on a key that is somebody else's.
 */
export const pushAndExpireScript =
  'local n=redis.call(ARGV[1],KEYS[1],ARGV[2]) redis.call(ARGV[3],KEYS[1],ARGV[4]) return n'

/** Compiles the expiry for a kind of value. */
export function compileExpiry(expiry: Expiry, kind: WriteKind): ExpiryForm {
  if (expiry.kind === 'never') return { kind: 'none' }
  const isRelative = expiry.kind === 'seconds'
  const value = constantBulk(String(isRelative ? expiry.seconds : expiry.unixtime))
  if (kind === 'string/set') {
    const tail = constantBulk(isRelative ? 'EX' : 'EXAT') + value
    return { kind: 'option', argumentCount: 2, tail }
  }
  const command = isRelative ? 'EXPIRE' : 'EXPIREAT'
  if (kind === 'list/lpush' || kind === 'list/rpush')
    return { kind: 'script', command, tail: constantBulk(command) + value }
  return { kind: 'command', command, tail: value }
}
