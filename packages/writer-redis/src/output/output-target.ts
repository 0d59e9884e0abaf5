import type { RecordBatch, Row, TableSchema } from '@millrace/core/record'
import type { EncodedBatch } from '../encode/compile-encoder.ts'
import { previewCommands } from '../preview-commands.ts'
import type { ArgumentText } from './writer-output.ts'

/** A key with the type it should have, as `TYPE` says it. */
export interface KeyTarget {
  readonly key: ArgumentText
  readonly type: string
}

/** What makes commands of batches of one schema. */
export interface RowEncoder {
  readonly schema: TableSchema
  /** Rows so far in which a joined column held the delimiter. */
  readonly delimiterHits: number
  /** Encodes the rows of a batch, or those of `only` (in that order). */
  encode(batch: RecordBatch, only?: readonly number[]): EncodedBatch
  /** The key of a row that `encode` did not reject. */
  keyOf(row: Row): ArgumentText
  /** All keys of a row, where there are several of several types. */
  targetsOf?(row: Row): readonly KeyTarget[]
}

/** Name of the command at a place of an encoded batch, read from its bytes. */
export function commandNameAt(encoded: EncodedBatch, at: number): string {
  const [name = ''] = previewCommands(encoded.payload)[at] ?? []
  return String(name)
}

const typesByCommand: Readonly<Record<string, string>> = {
  HSET: 'hash',
  HDEL: 'hash',
  SADD: 'set',
  SREM: 'set',
  ZADD: 'zset',
  ZREM: 'zset',
  XADD: 'stream',
  'JSON.SET': 'ReJSON-RL',
  'JSON.MERGE': 'ReJSON-RL',
}

/** Type that the key of a command has to have, which is given as its bytes; `undefined` when any will do. */
export function keyTypeOfCommand(command: Uint8Array): string | undefined {
  const [name = ''] = previewCommands([command])[0] ?? []
  return typesByCommand[String(name)]
}
