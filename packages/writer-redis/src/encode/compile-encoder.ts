import type { RejectedRow } from '@millrace/core/plugin'
import type { RecordBatch, Row, RowError, TableSchema, TextCells } from '@millrace/core/record'
import {
  commandOf,
  isIdempotent,
  writesFields,
  type RedisWriterConfig,
} from '../config/writer-config.ts'
import { commandNameAt } from '../output/output-target.ts'
import { RespWriter } from '../resp/resp-writer.ts'
import { compileCellText, isRowError, type CellText } from './cell-text.ts'
import { ExpiringKeys } from './expiring-keys.ts'
import { compileExpiry, maxKeysPerScript, type ExpiryForm } from './expiry.ts'
import { compileJsonCommand, compileRowDocument, compileStreamCommand } from './field-commands.ts'
import { compileJsonValue } from './json-value.ts'
import { compileJoined, type RowText } from './joined-text.ts'
import { columnAt, compileKey } from './key.ts'
import { compileFieldCommand, compileZsetCommand } from './pair-command.ts'
import type { RowCommand } from './row-command.ts'
import { compileRowHash, type HashField } from './row-hash.ts'
import { CellSource } from './text-argument.ts'
import { compileTextCommand, type TextCommand } from './text-command.ts'
import { compileValueCommand } from './value-command.ts'
import { compileTextCheck, plainColumns, type TextCheck } from './well-formed.ts'

/** A batch as it goes over the wire. */
export interface EncodedBatch {
  /** Bytes to be sent one after the other. */
  readonly payload: readonly Uint8Array[]
  readonly byteLength: number
  /** For each command the row of the batch it belongs to. */
  readonly rows: readonly number[]
  /** How many of the commands write; those after them set expiries. */
  readonly writeCount: number
  /** Name of those that set expiries. */
  readonly expiryCommand?: string
  /** Rows that cannot be written. */
  readonly rejected: readonly RejectedRow[]
  /** Rows without commands of their own because this one, which comes later, has the same key; absent: there are none. */
  readonly replacedBy?: (row: number) => readonly number[]
  /** Gives the memory of the payload back, once it was sent and answered. */
  release(): void
}

/** What an encoder needs to know beside config and schema. */
export interface EncoderOptions {
  readonly timeZone: string
  /**
   * Keys per script that sets expiries of sets, sorted sets and hashes: 1 where keys may be on several servers, 0 for
   * plain commands where there are no scripts.
   */
  readonly keysPerScript?: number
}

/** Redis takes no longer argument by default (`proto-max-bulk-len`). */
export const maxArgumentBytes = 512 * 1024 * 1024

/** Why a row with a longer cell is dirty. */
export const tooLarge: RowError = {
  code: 'VALUE_TOO_LARGE',
  message: 'the row holds more than the 512 MB that Redis takes as one argument',
}

/**
 * Turns batches of one schema into commands. Compiled once per schema; `encode` allocates per batch, not per row, but
 * for the text itself.
 */
export class BatchEncoder {
  /** The schema it was compiled for; batches of another need another encoder. */
  readonly schema: TableSchema
  /** Rows so far in which a joined column held the delimiter. */
  delimiterHits = 0
  readonly #key: RowText
  readonly #command: RowCommand
  readonly #textCheck: TextCheck
  readonly #expiry: ExpiryForm
  readonly #textCommand: TextCommand | undefined
  readonly #writer = new RespWriter()

  constructor(config: RedisWriterConfig, schema: TableSchema, options: EncoderOptions) {
    this.schema = schema
    const keepsFractions = writesFields(config.kind)
    const texts = schema.fields.map((field) =>
      compileCellText(field, {
        timeZone: options.timeZone,
        keepsFractions,
        ...(config.dateFormat === undefined ? {} : { dateFormat: config.dateFormat }),
      }),
    )
    const onDelimiter = () => {
      this.delimiterHits += 1
    }
    const { strictDelimiter } = config
    const key = compileKey({ key: config.key, schema, texts, strictDelimiter, onDelimiter })
    this.#key = key.text
    this.#expiry = compileExpiry(
      config.expiry,
      config.kind,
      options.keysPerScript ?? maxKeysPerScript,
    )
    this.#command = compileCommand({
      config,
      schema,
      texts,
      keyColumns: key.columns,
      expiry: this.#expiry,
      onDelimiter,
    })
    const plain = plainColumns(config, key.columns, schema.fields.length)
    this.#textCheck = compileTextCheck(plain.map((index) => columnAt(schema, texts, index)))
    this.#textCommand = compileTextCommand({
      config,
      schema,
      texts,
      keyColumns: key.columns,
      expiry: this.#expiry,
    })
  }

  /** Encodes the rows of a batch, or those of `only` (in that order). */
  encode(batch: RecordBatch, only?: readonly number[]): EncodedBatch {
    const writer = this.#writer
    writer.reset()
    const rows: number[] = []
    const rejected: RejectedRow[] = []
    const expiring = this.#expiry.kind === 'command' ? new ExpiringKeys() : undefined
    if (only === undefined && this.#textCommand !== undefined && isCopiable(batch))
      this.#encodeText(batch, batch.text, this.#textCommand, rows, rejected)
    else this.#encodeRows(batch, only, expiring, rows, rejected)
    const writeCount = rows.length
    let expiryCommand: string | undefined
    if (expiring !== undefined && this.#expiry.kind === 'command') {
      for (const row of expiring.encode(this.#expiry, writer)) rows.push(row)
      expiryCommand = this.#expiry.keysPerScript === 0 ? this.#expiry.command : 'EVAL'
    }
    const payload = writer.finish()
    const { parts } = payload
    let byteLength = 0
    for (const part of parts) byteLength += part.byteLength
    return {
      payload: parts,
      byteLength,
      rows,
      writeCount,
      ...(expiryCommand === undefined ? {} : { expiryCommand }),
      rejected,
      release: () => payload.release(),
    }
  }

  #encodeText(
    batch: RecordBatch,
    cells: TextCells,
    command: TextCommand,
    rows: number[],
    rejected: RejectedRow[],
  ): void {
    const writer = this.#writer
    const source = new CellSource(cells)
    for (let index = 0; index < cells.rowCount; index += 1) {
      if (command(source, index, writer)) {
        rows.push(index)
        continue
      }
      const error = this.#encodeRow(batch.rows[index] as Row, index, undefined)
      if (error === undefined) rows.push(index)
      else rejected.push({ row: index, error })
    }
  }

  #encodeRows(
    batch: RecordBatch,
    only: readonly number[] | undefined,
    expiring: ExpiringKeys | undefined,
    rows: number[],
    rejected: RejectedRow[],
  ): void {
    const count = only === undefined ? batch.rows.length : only.length
    const mayBeOversized = batch.byteSize > maxArgumentBytes / 4
    for (let at = 0; at < count; at += 1) {
      const index = only === undefined ? at : (only[at] as number)
      const row = batch.rows[index] as Row
      const error =
        mayBeOversized && isOversized(row) ? tooLarge : this.#encodeRow(row, index, expiring)
      if (error === undefined) rows.push(index)
      else rejected.push({ row: index, error })
    }
  }

  /** The key of a row that `encode` did not reject. */
  keyOf(row: Row): string | Uint8Array {
    const key = this.#key(row)
    return isRowError(key) ? '' : key
  }

  #encodeRow(row: Row, index: number, expiring: ExpiringKeys | undefined): RowError | undefined {
    const writer = this.#writer
    const key = this.#key(row)
    if (isRowError(key)) return key
    const hits = this.delimiterHits
    writer.beginRow()
    let error = this.#command(row, key, writer)
    if (error === undefined && !writer.settleRow()) {
      this.delimiterHits = hits
      writer.rewind()
      writer.isExact = true
      error = this.#textCheck(row) ?? this.#command(row, key, writer)
      writer.settleRow()
      writer.isExact = false
    }
    if (error === undefined) expiring?.add(key, index)
    else writer.rewind()
    return error
  }
}

/** Whether commands may be made of the text cells of a batch: no cell of it can be longer than Redis takes. */
export function isCopiable(
  batch: RecordBatch,
): batch is RecordBatch & { readonly text: TextCells } {
  return batch.text !== undefined && batch.byteSize <= maxArgumentBytes / 4
}

/** Whether a cell is longer than Redis takes. */
export function isOversized(row: Row): boolean {
  for (let at = 0; at < row.length; at += 1) {
    const cell = row[at]
    // A third of the limit in characters may be the limit in bytes.
    if (typeof cell === 'string') {
      if (cell.length > maxArgumentBytes / 3 && Buffer.byteLength(cell) > maxArgumentBytes)
        return true
    } else if (cell instanceof Uint8Array && cell.byteLength > maxArgumentBytes) return true
  }
  return false
}

interface CommandOptions {
  readonly config: RedisWriterConfig
  readonly schema: TableSchema
  readonly texts: readonly CellText[]
  readonly keyColumns: readonly number[]
  readonly expiry: ExpiryForm
  onDelimiter(): void
}

function compileCommand(options: CommandOptions): RowCommand {
  const { config, schema, texts } = options
  const isKey = new Set(options.keyColumns)
  const columns = schema.fields.flatMap((_, index) =>
    isKey.has(index) ? [] : [columnAt(schema, texts, index)],
  )
  switch (config.kind) {
    case 'zset/zadd':
      return compileZsetCommand(columns)
    case 'hash/hset':
      return compileFieldCommand(columns)
    case 'hash/row':
      return compileRowHash(namedFields(options, columns))
    case 'stream/xadd':
      return compileStreamCommand(namedFields(options, columns), options.expiry)
    case 'json/set':
    case 'json/merge':
      return compileJsonCommand(commandOf(config.kind), documentText(options, columns))
    case 'string/set':
    case 'list/lpush':
    case 'list/rpush':
    case 'set/sadd':
      return compileValueCommand(config.kind, compileValue(options, columns), options.expiry)
    case 'outputs/write':
    case 'outputs/append':
      throw new Error('outputs have an encoder of their own')
  }
}

function namedFields(
  { config, schema, texts }: CommandOptions,
  columns: ReturnType<typeof columnAt>[],
): HashField[] {
  return (
    config.columns?.map(({ name, index }) => ({ name, column: columnAt(schema, texts, index) })) ??
    columns.map((column) => ({ name: column.name, column }))
  )
}

function documentText(options: CommandOptions, columns: ReturnType<typeof columnAt>[]): RowText {
  if (options.config.columns !== undefined) return compileValue(options, columns)
  return compileRowDocument(columns, options.schema.fields)
}

function compileValue(options: CommandOptions, columns: ReturnType<typeof columnAt>[]): RowText {
  const { config, schema, texts } = options
  if (config.columns !== undefined) {
    return compileJsonValue(
      config.columns.map(({ name, index, type }) => ({
        name,
        type,
        column: columnAt(schema, texts, index),
      })),
    )
  }
  return compileJoined(columns, {
    what: 'value',
    delimiter: config.valueDelimiter,
    nullIsDirty: false,
    strictDelimiter: config.strictDelimiter,
    onDelimiter: () => options.onDelimiter(),
  })
}

/** Name of the command at a place of an encoded batch, for messages. */
export function commandAt(config: RedisWriterConfig, encoded: EncodedBatch, at: number): string {
  if (config.outputs !== undefined) return commandNameAt(encoded, at)
  if (at < encoded.writeCount) {
    const isScript = !isIdempotent(config.kind) && config.expiry.kind !== 'never'
    return isScript ? 'EVAL' : commandOf(config.kind)
  }
  return encoded.expiryCommand ?? 'EVAL'
}
