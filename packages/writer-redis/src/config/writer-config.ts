import type { Finding } from '@millrace/core/plugin'
import type { OutputRoutes } from '../output/writer-output.ts'
import type { TemplatePiece } from '../encode/key-template.ts'

/** What kind of value the keys hold, and how a row is added to it. */
export type WriteKind =
  | 'string/set'
  | 'list/lpush'
  | 'list/rpush'
  | 'set/sadd'
  | 'zset/zadd'
  | 'hash/hset'
  | 'hash/row'
  | 'stream/xadd'
  | 'json/set'
  | 'json/merge'
  /** By `outputs`, which may be written twice; and with streams, which may not. */
  | 'outputs/write'
  | 'outputs/append'

/** How a column is written into a JSON value. */
export type JsonType = 'int' | 'long' | 'double' | 'string' | 'bool'

/** One entry of `column`. */
export interface ColumnMapping {
  readonly name: string
  /** Position among all columns of the reader, from 0. */
  readonly index: number
  readonly type: JsonType
}

/** How the key of a row is made. */
export type KeyConfig =
  | {
      readonly kind: 'indexes'
      /** Positions among all columns of the reader, in the order of the key. */
      readonly indexes: readonly number[]
      readonly delimiter: string
    }
  | { readonly kind: 'template'; readonly pieces: readonly TemplatePiece[] }

/** When keys expire. */
export type Expiry =
  | { readonly kind: 'never' }
  | { readonly kind: 'seconds'; readonly seconds: number }
  | { readonly kind: 'unixtime'; readonly unixtime: number }

/** The writer's parameters in one form: defaults applied, units and spellings settled. */
export interface RedisWriterConfig {
  /** Name of the data source, or a URL. */
  readonly datasource?: string
  readonly kind: WriteKind
  readonly valueDelimiter: string
  readonly key: KeyConfig
  /** Whether a delimiter inside the data makes a row dirty. */
  readonly strictDelimiter: boolean
  /** JSON value of `string/set`, fields of what `writesFields` names; absent: every column that is not part of the key. */
  readonly columns?: readonly ColumnMapping[]
  readonly expiry: Expiry
  /** What becomes of the rows by route, where `kind` says so; key, columns and expiry have no meaning then. */
  readonly outputs?: OutputRoutes
  /** Java date pattern, known to be good. */
  readonly dateFormat?: string
  /** Wins over the database of the data source. */
  readonly database?: number
  /** `redisMode` says that the target is a cluster; a data source may say so, too. */
  readonly isCluster: boolean
  readonly batchSize: number
  /** For the round trip of a batch, and for connecting. */
  readonly timeoutMs: number
  /** How long a batch is tried again before the job gives up. */
  readonly retryTimeoutMs: number
  /** Tables, without schema, whose rows other jobs write into this target, too. */
  readonly sharedTables?: readonly string[]
  /** Messages that a stream of failed records has at most; absent: there are none. */
  readonly maxDeadLetters?: number
  /** Whether the server may drop keys when its memory is full. */
  readonly allowsEviction: boolean
  /** What was found wrong or doubtful while the parameters were brought to this form. */
  readonly findings: readonly Finding[]
}

/** The type of Redis key that a kind of value makes, as `TYPE` says it. */
export function redisTypeOf(kind: WriteKind): string {
  const type = kind.slice(0, kind.indexOf('/'))
  return type === 'json' ? 'ReJSON-RL' : type
}

/** The Redis command that adds a row. */
export function commandOf(kind: WriteKind): string {
  const mode = kind.slice(kind.indexOf('/') + 1)
  if (mode === 'row') return 'HSET'
  return kind.startsWith('json/') ? `JSON.${mode.toUpperCase()}` : mode.toUpperCase()
}

/** Whether a row becomes fields with names: those of `column`, or every column that is not part of the key. */
export function writesFields(kind: WriteKind): boolean {
  return kind === 'hash/row' || kind === 'stream/xadd' || kind.startsWith('json/')
}

/** Whether expiries are set by what follows the writes of a batch. */
export function hasExpiryCommands({ kind, expiry }: RedisWriterConfig): boolean {
  return expiry.kind !== 'never' && kind !== 'string/set' && !kind.startsWith('list/')
}

/** Whether writing a row twice leaves what writing it once leaves. */
export function isIdempotent(kind: WriteKind): boolean {
  return !kind.startsWith('list/') && kind !== 'stream/xadd' && kind !== 'outputs/append'
}

/** Whether a key that holds another type is deleted to be written anew; otherwise the row is dirty. */
export function overwritesOtherTypes(kind: WriteKind): boolean {
  return isIdempotent(kind) && !kind.startsWith('outputs/')
}
