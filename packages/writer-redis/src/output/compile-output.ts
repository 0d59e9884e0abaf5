import type { Field, RowError, TableSchema } from '@millrace/core/record'
import type { CellText } from '../encode/cell-text.ts'
import type { RowText } from '../encode/joined-text.ts'
import { compileJsonCell } from './json-cell.ts'
import {
  compileJsonWrite,
  compileNestRemoval,
  compileNestWrite,
  nestNames,
  type JsonUpdate,
} from './json-commands.ts'
import { documentOf } from './json-document.ts'
import {
  compileHashWrite,
  compileMemberCommand,
  compileStreamWrite,
  compileStringWrite,
  compileZsetWrite,
  writeDelete,
  type WriteRow,
} from './key-commands.ts'
import { compileContent, type ContentOf } from './known-content.ts'
import { compileSeconds, type RowSeconds } from './output-expiry.ts'
import { compileOutputKey, keyPieces, positionOf, requiredText } from './output-key.ts'
import { compileOutputText } from './output-text.ts'
import { keyTypeOf, type OutputField, type WriterOutput } from './writer-output.ts'

/** One output for the rows of one schema. */
export interface CompiledOutput {
  /** Of the keys, as `TYPE` says it. */
  readonly keyType: string
  readonly key: RowText
  /** What a row has in a key that it shares with others; absent: the whole key is its own. */
  readonly member?: RowText
  readonly write: WriteRow
  /** Takes the row away again; absent where every change is a message of its own. */
  readonly remove?: WriteRow
  /** Columns that key and member are made of. */
  readonly places: readonly number[]
  /** Columns that are written. */
  readonly columns: readonly number[]
  /** Whether what was not sent of a row whose key changed can be taken along with the key. */
  readonly canRename: boolean
  readonly seconds?: RowSeconds
  /** What a row's key holds, where a server can compare it. */
  readonly content?: ContentOf
  /** Whether the last of several writes leaves what all of them leave. */
  readonly holdsLast: boolean
}

/** Columns that are fields: those computed for another purpose are not. */
export function fieldsOf(output: WriterOutput, schema: TableSchema): readonly OutputField[] {
  if (output.fields !== undefined) return output.fields
  const isJson = output.type === 'json'
  return schema.fields
    .filter((field) => !isHidden(field))
    .map((field) => ({ column: field.name, name: isJson ? memberName(field) : field.name }))
}

/** Computed for the writer alone. */
function isHidden({ name, nativeType }: Field): boolean {
  return name.startsWith('$') && nativeType === 'expression'
}

/** A dot in the name of a document's own field leads nowhere. */
function memberName({ name, nativeType }: Field): string {
  return nativeType === 'bson' ? name.replaceAll('.', String.raw`\.`) : name
}

/** Texts of all columns in an output. */
export function textsOf(output: WriterOutput, schema: TableSchema): readonly CellText[] {
  return schema.fields.map((field) => compileOutputText(field, output.temporal ?? 'rdi'))
}

/** Compiles an output. Columns are known to be there: `outputFindings` has looked. */
export function compileOutput(output: WriterOutput, schema: TableSchema): CompiledOutput {
  const texts = textsOf(output, schema)
  const seconds = compileSeconds(output, schema)
  const pieces = keyPieces(output, schema)
  const member = output.member ?? output.nest?.column
  const keyColumns = pieces.filter((piece) => typeof piece === 'number')
  return {
    keyType: keyTypeOf(output.type),
    key: compileOutputKey(pieces, schema, texts),
    places: member === undefined ? keyColumns : [...keyColumns, positionOf(schema, member)],
    ...commandsOf(output, schema, texts),
    holdsLast: keyColumns.length > 0 && holdsLast(output, schema),
    ...(seconds === undefined ? {} : { seconds }),
  }
}

function holdsLast(output: WriterOutput, schema: TableSchema): boolean {
  const { type, expire, nest } = output
  // A row that expires at once takes away what is written before it.
  if (expire !== undefined && !('seconds' in expire && expire.seconds >= 1)) return false
  if (type === 'hash' || type === 'string') return true
  if (type !== 'json' || nest !== undefined) return false
  if (output.onUpdate !== 'merge' || output.nativeMerge === false) return true
  // Objects in columns are merged, too: each leaves something.
  return fieldsOf(output, schema).every(({ column }) => {
    const written = schema.fields[positionOf(schema, column)]?.type
    return written !== 'json' && written !== 'value'
  })
}

type OutputCommands = Pick<
  CompiledOutput,
  'member' | 'write' | 'remove' | 'columns' | 'canRename' | 'content'
>

function commandsOf(
  output: WriterOutput,
  schema: TableSchema,
  texts: readonly CellText[],
): OutputCommands {
  const columns = { schema, texts }
  switch (output.type) {
    case 'hash': {
      const fields = indexed(output, schema)
      const content = compileContent(fields, schema, texts)
      const write = compileHashWrite(fields, columns, { isWhole: output.fields === undefined })
      return { ...wholeKey(write, fields), content }
    }
    case 'stream': {
      const fields = indexed(output, schema)
      const write = compileStreamWrite(fields, columns, output.maxLength)
      return { write, columns: fields.map(({ index }) => index), canRename: false }
    }
    case 'string': {
      const index = positionOf(schema, output.value ?? '')
      const content = compileContent([{ name: '', index }], schema, texts)
      return { ...wholeKey(compileStringWrite(index, columns), [{ index }]), content }
    }
    case 'set':
    case 'zset':
      return memberCommands(output, schema, texts)
    case 'json':
      return jsonCommands(output, schema, texts)
  }
}

function wholeKey(write: WriteRow, fields: readonly { readonly index: number }[]): OutputCommands {
  return {
    write,
    remove: writeDelete,
    columns: fields.map(({ index }) => index),
    canRename: true,
  }
}

function memberCommands(
  output: WriterOutput,
  schema: TableSchema,
  texts: readonly CellText[],
): OutputCommands {
  const index = positionOf(schema, output.member ?? '')
  const member = requiredText(index, schema, texts, 'member')
  const isSet = output.type === 'set'
  const scoreName = output.score ?? ''
  const score = positionOf(schema, scoreName)
  return {
    member,
    write: isSet
      ? compileMemberCommand('SADD', member)
      : compileZsetWrite(requiredText(score, schema, texts, 'score'), member, scoreName),
    remove: compileMemberCommand(isSet ? 'SREM' : 'ZREM', member),
    columns: isSet ? [index] : [index, score],
    canRename: false,
  }
}

function jsonCommands(
  output: WriterOutput,
  schema: TableSchema,
  texts: readonly CellText[],
): OutputCommands {
  const fields = indexed(output, schema).map((field) => ({
    ...field,
    json: compileJsonCell(schema.fields[field.index] as Field, output.temporal ?? 'rdi'),
  }))
  const members = documentOf(fields)
  const update: JsonUpdate = {
    onUpdate: output.onUpdate ?? 'replace',
    nativeMerge: output.nativeMerge ?? true,
    isDocument: schema.documents !== undefined,
  }
  const { nest } = output
  if (nest === undefined) return wholeKey(compileJsonWrite(members, update), fields)
  const entry = requiredText(positionOf(schema, nest.column), schema, texts, 'key')
  const place = { names: nestNames(nest.path) ?? [], entry, column: nest.column }
  return {
    member: entry,
    write: compileNestWrite(members, place, update),
    remove: compileNestRemoval(place),
    columns: fields.map(({ index }) => index),
    canRename: false,
  }
}

function indexed(output: WriterOutput, schema: TableSchema) {
  return fieldsOf(output, schema).map(({ column, name }) => ({
    name,
    index: positionOf(schema, column),
  }))
}

/** Why a row whose key changed cannot be written: something of it would be lost. */
export const cellsNotSent: RowError = {
  code: 'CELL_NOT_SENT',
  message:
    'the key of the row has changed, and the source did not send all of its columns: they cannot be carried over to the new key; it has to send whole rows before changes (PostgreSQL: REPLICA IDENTITY FULL, MongoDB: changeStreamPreAndPostImages)',
}
