import type { TableSchema } from '@millrace/core/record'
import type { RedisWriterConfig } from '../config/writer-config.ts'
import { commandOf } from '../config/writer-config.ts'
import { arrayHeader, constantBulk, type RespWriter } from '../resp/resp-writer.ts'
import { plainText, type CellText } from './cell-text.ts'
import type { ExpiryForm } from './expiry.ts'
import {
  argumentFrameBytes,
  copyBytes,
  viewOf,
  type CellSource,
  lengthOfArgument,
  textArgument,
  writeArgument,
  type TextArgument,
  type TextPiece,
} from './text-argument.ts'
import { TextFields } from './text-fields.ts'
import { frameOf } from './value-command.ts'

/**
 * Writes the command of one row whose cells are text in memory already. False: nothing was written, because the row is
 * dirty or unusual; the encoder of rows has to see to it.
 */
export type TextCommand = (cells: CellSource, row: number, writer: RespWriter) => boolean

/** What a text command is compiled from. */
export interface TextCommandOptions {
  readonly config: RedisWriterConfig
  readonly schema: TableSchema
  /** Text of the cells by column. */
  readonly texts: readonly CellText[]
  /** Positions of the columns that are part of the key. */
  readonly keyColumns: readonly number[]
  readonly expiry: ExpiryForm
}

/**
 * Compiles the way from text cells to commands without rows in between; `undefined` for jobs that need more than
 * copying: JSON values, scores, expiries of their own, dates in a pattern anywhere but in the fields of a hash.
 *
 * Performance: one million `HSET` of four short fields: 0.25 s of CPU (Node 20), where rows of strings take 0.95 s with
 * what it costs to make them. The test compares its bytes with those of the encoder of rows.
 */
export function compileTextCommand(options: TextCommandOptions): TextCommand | undefined {
  const { config, schema, texts, expiry } = options
  if (expiry.kind === 'command') return undefined
  const isCopied = (index: number) => texts[index] === plainText
  const key = keyArgument(config, schema)
  if (key === undefined || !options.keyColumns.every(isCopied)) return undefined
  const isKey = new Set(options.keyColumns)
  const others = schema.fields.flatMap((_, index) => (isKey.has(index) ? [] : [index]))
  switch (config.kind) {
    case 'hash/row': {
      const fields =
        config.columns ??
        others.map((index) => ({ name: (schema.fields[index] as { name: string }).name, index }))
      return compileHash(key, new TextFields(fields, schema, texts))
    }
    case 'string/set':
    case 'list/lpush':
    case 'list/rpush':
    case 'set/sadd': {
      const value = joinedArgument(others, config.valueDelimiter, false)
      if (config.columns !== undefined || value === undefined || !others.every(isCopied))
        return undefined
      const { head, middle, tail } = frameOf(config.kind, expiry)
      return compileFixed([head, key, middle, value, tail])
    }
    case 'hash/hset': {
      const [field, value] = others
      if (field === undefined || value === undefined || others.length !== 2) return undefined
      if (!others.every(isCopied)) return undefined
      return compileFixed([
        arrayHeader(4) + constantBulk(commandOf(config.kind)),
        key,
        textArgument([field], { refusesNull: true }),
        textArgument([value], { refusesNull: false }),
      ])
    }
    case 'zset/zadd':
    case 'stream/xadd':
    case 'json/set':
    case 'json/merge':
    case 'outputs/write':
    case 'outputs/append':
      return undefined
  }
}

function keyArgument(config: RedisWriterConfig, schema: TableSchema): TextArgument | undefined {
  const { key } = config
  if (key.kind === 'indexes') return joinedArgument(key.indexes, key.delimiter, true)
  const pieces = key.pieces.map((piece): TextPiece =>
    piece.kind === 'text'
      ? viewOf(Buffer.from(piece.text))
      : schema.fields.findIndex((field) => field.name === piece.name),
  )
  return textArgument(pieces, { refusesNull: true, refusesEmpty: true, refusesBytes: true })
}

/** Columns joined with a delimiter. Only a delimiter of one byte is looked for in the data here. */
function joinedArgument(
  columns: readonly number[],
  delimiter: string,
  refusesNull: boolean,
): TextArgument | undefined {
  if (columns.length < 2) return textArgument(columns, { refusesNull })
  const bytes = Buffer.from(delimiter)
  if (bytes.length !== 1) return undefined
  const pieces = columns.flatMap((column, at): TextPiece[] =>
    at === 0 ? [column] : [viewOf(bytes), column],
  )
  return textArgument(pieces, { refusesNull, delimiterByte: bytes[0] as number })
}

/** Where the key stands among the parts of a command of fixed arguments; an empty one is dirty. */
const keyPlace = 1

/** A command of the same arguments for every row: constants as they stand on the wire, and arguments made of cells. */
function compileFixed(parts: readonly (string | TextArgument)[]): TextCommand {
  const constants = parts.map((part) =>
    typeof part === 'string' ? viewOf(Buffer.from(part)) : part,
  )
  let fixedBytes = 0
  for (const part of constants)
    fixedBytes += part instanceof DataView ? part.byteLength : argumentFrameBytes
  const lengths = new Int32Array(parts.length)
  return (cells, row, writer) => {
    const base = 2 * row * cells.fieldCount
    let total = fixedBytes
    for (let at = 0; at < constants.length; at += 1) {
      const part = constants[at] as DataView | TextArgument
      if (part instanceof DataView) continue
      const length = lengthOfArgument(part, cells, base)
      if (length < 0 || (length === 0 && at === keyPlace)) return false
      lengths[at] = length
      total += length
    }
    writer.reserve(total)
    const target = writer.view
    let to = writer.at
    for (let at = 0; at < constants.length; at += 1) {
      const part = constants[at] as DataView | TextArgument
      to =
        part instanceof DataView
          ? copyBytes(part, 0, part.byteLength, target, to)
          : writeArgument(part, lengths[at] as number, cells, base, target, to)
    }
    writer.at = to
    return true
  }
}

/** `HSET key field value [field value …]` of a whole row; nulls leave their field out. */
function compileHash(key: TextArgument, fields: TextFields): TextCommand {
  const heads = Array.from({ length: fields.size + 1 }, (_, count) =>
    viewOf(Buffer.from(arrayHeader(2 + 2 * count) + constantBulk('HSET'))),
  )
  const fixedBytes = (heads[fields.size] as DataView).byteLength + argumentFrameBytes
  return (cells, row, writer) => {
    const base = 2 * row * cells.fieldCount
    const keyLength = lengthOfArgument(key, cells, base)
    if (keyLength <= 0 || !fields.measure(cells, base) || fields.count === 0) return false
    writer.reserve(fixedBytes + keyLength + fields.maxBytes)
    const head = heads[fields.count] as DataView
    const start = copyBytes(head, 0, head.byteLength, writer.view, writer.at)
    const keyEnd = writeArgument(key, keyLength, cells, base, writer.view, start)
    writer.at = fields.write(cells, base, writer.view, keyEnd)
    return true
  }
}
