import type { Row, RowError, TableSchema } from '@millrace/core/record'
import { arrayHeader, constantBulk, type RespWriter } from '../resp/resp-writer.ts'
import { lastPositionOf } from './output-key.ts'
import type { ArgumentText, WriterOutput } from './writer-output.ts'

/** Seconds until the key of a row expires; `null`: never; `undefined`: its expiry stays as it is. */
export type RowSeconds = (row: Row) => number | RowError | null | undefined

/** Beyond this Redis cannot count in milliseconds. */
const maxSeconds = 1e12

/** Compiles the expiry of an output; `undefined` when it has none. */
export function compileSeconds(output: WriterOutput, schema: TableSchema): RowSeconds | undefined {
  const { expire } = output
  if (expire === undefined) return undefined
  if ('seconds' in expire) {
    const seconds = wholeSeconds(expire.seconds)
    return () => seconds
  }
  const index = lastPositionOf(schema, expire.column)
  const bad: RowError = {
    code: 'BAD_EXPIRE',
    message: `column "${expire.column}" is no expiry: expected a number of seconds, at most ${maxSeconds}`,
  }
  return (row) => {
    const cell = row[index]
    if (cell === null || cell === undefined) return cell
    const isNumber = typeof cell === 'string' ? /^\s*[+-]?\d/.test(cell) : typeof cell !== 'object'
    const seconds = isNumber && typeof cell !== 'boolean' ? Math.floor(Number(cell)) : Number.NaN
    return Number.isNaN(seconds) || seconds > maxSeconds ? bad : wholeSeconds(seconds)
  }
}

function wholeSeconds(seconds: number): number {
  return Math.max(0, Math.floor(seconds))
}

/**
 * Sets the expiry of keys that hold the type they should: an expiry never lands on a key whose write was refused.
 * Arguments are pairs of type and seconds; no seconds take an expiry away.
 */
export const expireScript = `for i=1,#KEYS do
if redis.call('TYPE',KEYS[i]).ok==ARGV[2*i-1] then
if ARGV[2*i]=='' then redis.call('PERSIST',KEYS[i]) else redis.call('EXPIRE',KEYS[i],ARGV[2*i]) end
end end
return 1`

const script = constantBulk('EVAL') + constantBulk(expireScript)
/** Keys of one script, so that it does not keep the server long. */
const maxKeys = 1000

/** An expiry that is to be set once the rows of a batch are written. */
export interface KeyExpiry {
  readonly key: ArgumentText
  readonly type: string
  readonly seconds: number | null
  /** The row it belongs to. */
  readonly row: number
}

/** Writes one command for several keys. To be called in exact mode, or with the row's own way back. */
export function writeExpiries(expiries: readonly KeyExpiry[], writer: RespWriter): void {
  writer.text += arrayHeader(3 + 3 * expiries.length) + script
  writer.argument(String(expiries.length))
  for (const { key } of expiries) writer.argument(key)
  for (const { type, seconds } of expiries) {
    writer.argument(type)
    writer.argument(seconds === null ? '' : String(seconds))
  }
}

/** The expiries of a batch, the last of each key. */
export class ExpiryList {
  readonly #byKey = new Map<string, KeyExpiry>()

  add(expiry: KeyExpiry): void {
    this.#byKey.set(idOf(expiry.key), expiry)
  }

  /** The key has been given another one already. */
  remove(key: ArgumentText): void {
    this.#byKey.delete(idOf(key))
  }

  /** In commands: one key each on a cluster, where keys have owners of their own. */
  groups(isCluster: boolean): readonly (readonly KeyExpiry[])[] {
    const all = [...this.#byKey.values()]
    const size = isCluster ? 1 : maxKeys
    const groups: (readonly KeyExpiry[])[] = []
    for (let at = 0; at < all.length; at += size) groups.push(all.slice(at, at + size))
    return groups
  }
}

/** A prefix keeps text and bytes of the same characters apart. */
export function idOf(key: ArgumentText): string {
  return typeof key === 'string' ? `t${key}` : `b${Buffer.from(key).toString('latin1')}`
}
