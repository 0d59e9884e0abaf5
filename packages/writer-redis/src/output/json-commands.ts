import type { RowError } from '@millrace/core/record'
import { isRowError, utf8Text } from '../encode/cell-text.ts'
import { invalidUtf8, type RowText } from '../encode/joined-text.ts'
import { arrayHeader, constantBulk, type RespWriter } from '../resp/resp-writer.ts'
import type { JsonCell } from './json-cell.ts'
import {
  compileDocument,
  leavesOf,
  membersWith,
  pathStep,
  type DocumentLeaf,
  type DocumentMember,
} from './json-document.ts'
import type { WriteRow } from './key-commands.ts'
import type { ArgumentText } from './writer-output.ts'

const setHead = arrayHeader(4) + constantBulk('JSON.SET')
const createHead = arrayHeader(5) + constantBulk('JSON.SET')
const mergeHead = arrayHeader(4) + constantBulk('JSON.MERGE')
const deleteHead = arrayHeader(3) + constantBulk('JSON.DEL')
const root = constantBulk('$')
const emptyDocument = constantBulk('{}') + constantBulk('NX')

/** How a document is updated. */
export interface JsonUpdate {
  readonly onUpdate: 'replace' | 'merge'
  readonly nativeMerge: boolean
  /** Whether rows are documents, in which null is what is not there (`TableSchema.documents`). */
  readonly isDocument: boolean
}

/** A document lacks what is null. */
const present =
  (json: JsonCell): JsonCell =>
  (cell) =>
    cell === null ? undefined : json(cell)

/** What has to go before a document is merged: what it lacks, and objects, which would keep the fields that they lack now. */
const stale = (): JsonCell => (cell) =>
  cell === null || cell instanceof Uint8Array ? 'null' : undefined

/**
 * `replace` is one `JSON.SET` of the whole document, nulls included, unless a cell was not sent: then each value is set by
 * itself, so that nothing is erased. `merge` is `JSON.MERGE`, which removes what is null, or, without it, each value by itself.
 */
export function compileJsonWrite(
  members: readonly DocumentMember[],
  { onUpdate, nativeMerge, isDocument }: JsonUpdate,
): WriteRow {
  if (isDocument) return compileWholeWrite(members, { onUpdate, nativeMerge })
  const document = compileDocument(members)
  const leaves = leavesOf(members)
  const byValue = compileLeaves(leaves, setNull)
  if (onUpdate === 'merge' && !nativeMerge) return byValue
  const lacks = (row: Parameters<WriteRow>[0], what: null | undefined) =>
    leaves.some(({ index }) => row[index] === what)
  return (row, key, writer, operation) => {
    if (onUpdate === 'replace' && lacks(row, undefined)) return byValue(row, key, writer, operation)
    const json = document(row)
    if (typeof json !== 'string') return json
    if (onUpdate === 'replace') return writeAtRoot(writer, setHead, key, json)
    if (json === '{}') return 0
    // A merge into nothing would keep the nulls.
    const created = lacks(row, null) ? writeCreate(writer, key, root) : 0
    return created + writeAtRoot(writer, mergeHead, key, json)
  }
}

/** The same for documents. */
function compileWholeWrite(
  members: readonly DocumentMember[],
  { onUpdate, nativeMerge }: Omit<JsonUpdate, 'isDocument'>,
): WriteRow {
  const document = compileDocument(membersWith(members, present))
  const clearing = compileDocument(membersWith(members, stale))
  const leaves = leavesOf(members)
  const byValue = compileLeaves(leaves, deleteNull)
  if (onUpdate === 'merge' && !nativeMerge) return byValue
  const isPartial = (row: Parameters<WriteRow>[0]) =>
    leaves.some(({ index }) => row[index] === undefined)
  return (row, key, writer, operation) => {
    if (onUpdate === 'replace' && isPartial(row)) return byValue(row, key, writer, operation)
    const json = document(row)
    if (typeof json !== 'string') return json
    if (onUpdate === 'replace') return writeAtRoot(writer, setHead, key, json)
    let count = writeCreate(writer, key, root)
    const cleared = operation === 'c' ? '{}' : clearing(row)
    if (typeof cleared !== 'string') return cleared
    if (cleared !== '{}') count += writeAtRoot(writer, mergeHead, key, cleared)
    return json === '{}' ? count : count + writeAtRoot(writer, mergeHead, key, json)
  }
}

function writeAtRoot(writer: RespWriter, head: string, key: ArgumentText, json: string): number {
  writer.text += head
  writer.argument(key)
  writer.text += root
  writer.argument(json)
  return 1
}

/** Makes an object where nothing is; `path` as it stands on the wire. */
function writeCreate(writer: RespWriter, key: ArgumentText, path: string): number {
  writer.text += createHead
  writer.argument(key)
  writer.text += path + emptyDocument
  return 1
}

/** What becomes of a value that is null: it is set, or deleted. */
type NullWrite = (writer: RespWriter, key: ArgumentText, path: string) => boolean

const setNull: NullWrite = () => false

const deleteNull: NullWrite = (writer, key, path) => {
  writer.text += deleteHead
  writer.argument(key)
  writer.argument(path)
  return true
}

/** Each value that was sent by itself, and the objects it stands in. */
function compileLeaves(leaves: readonly DocumentLeaf[], writeNull: NullWrite): WriteRow {
  return (row, key, writer) => {
    if (leaves.every(({ index }) => row[index] === undefined)) return 0
    const count = writeCreate(writer, key, root)
    return writeLeaves({ leaves, writeNull, count }, row, key, writer)
  }
}

/** Where an entry stands in the document of its parent. */
export interface NestPlace {
  /** Names from the root to the object that holds the entries. */
  readonly names: readonly string[]
  /** Name of the entry. */
  readonly entry: RowText
  /** For messages. */
  readonly column: string
}

/** Writes a row as an entry of a document that is made when it is not there yet: a child may come before its parent. */
export function compileNestWrite(
  members: readonly DocumentMember[],
  { names, entry, column }: NestPlace,
  { nativeMerge, isDocument }: JsonUpdate,
): WriteRow {
  const document = compileDocument(isDocument ? membersWith(members, present) : members)
  const writeNull = isDocument ? deleteNull : setNull
  const leaves = leavesOf(members)
  const opening = `{${names.map((name) => `${JSON.stringify(name)}:{`).join('')}`
  const closing = '}'.repeat(names.length + 1)
  const notUtf8 = invalidUtf8(column)
  const parentPaths = names.map((_, at) => constantBulk(pathOf(names.slice(0, at + 1))))
  const isWhole = (row: Parameters<WriteRow>[0]) =>
    leaves.every(({ index }) => row[index] !== undefined)
  return (row, key, writer, operation) => {
    const name = entryName(entry(row), notUtf8)
    if (typeof name !== 'string') return name
    if (nativeMerge) {
      const json = document(row)
      if (typeof json !== 'string') return json
      const entryOf = (value: string) => `${opening}${JSON.stringify(name)}:${value}${closing}`
      const created = writeCreate(writer, key, root)
      // Merged into the entry as it was, a document would keep what it lacks now.
      const isCleared = isDocument && operation !== 'c' && isWhole(row)
      const cleared = isCleared ? writeAtRoot(writer, mergeHead, key, entryOf('null')) : 0
      return created + cleared + writeAtRoot(writer, mergeHead, key, entryOf(json))
    }
    const path = pathOf([...names, name])
    let count = writeCreate(writer, key, root)
    for (const parent of parentPaths) count += writeCreate(writer, key, parent)
    count += writeCreate(writer, key, bulk(writer, path))
    const below = leaves.map((leaf) => ({
      ...leaf,
      parents: leaf.parents.map((parent) => path + parent.slice(1)),
      path: path + leaf.path.slice(1),
    }))
    return writeLeaves({ leaves: below, writeNull, count }, row, key, writer)
  }
}

/** Values to be written one by one, and how many commands come before them. */
interface LeafWrites {
  readonly leaves: readonly DocumentLeaf[]
  readonly writeNull: NullWrite
  readonly count: number
}

function writeLeaves(
  { leaves, writeNull, count }: LeafWrites,
  row: Parameters<WriteRow>[0],
  key: ArgumentText,
  writer: RespWriter,
): number | RowError {
  let written = count
  const created = new Set<string>()
  for (const { parents, path, index, json } of leaves) {
    if (row[index] === null && writeNull(writer, key, path)) {
      written += 1
      continue
    }
    const value = json(row[index])
    if (value === undefined) continue
    if (typeof value !== 'string') return value
    for (const parent of parents) {
      if (created.has(parent)) continue
      created.add(parent)
      written += writeCreate(writer, key, bulk(writer, parent))
    }
    writer.text += setHead
    writer.argument(key)
    writer.argument(path)
    writer.argument(value)
    written += 1
  }
  return written
}

/** `JSON.DEL` of an entry. */
export function compileNestRemoval({ names, entry, column }: NestPlace): WriteRow {
  const notUtf8 = invalidUtf8(column)
  return (row, key, writer) => {
    const name = entryName(entry(row), notUtf8)
    if (typeof name !== 'string') return name
    writer.text += deleteHead
    writer.argument(key)
    writer.argument(pathOf([...names, name]))
    return 1
  }
}

/** Names of a nest's path: `$.Lines` is one; undefined when it is no such path. */
export function nestNames(path: string): readonly string[] | undefined {
  const match = /^\$((?:\.\w+)+)$/.exec(path)
  return match?.[1]?.slice(1).split('.')
}

function pathOf(names: readonly string[]): string {
  return `$${names.map(pathStep).join('')}`
}

function entryName(value: ArgumentText | RowError, notUtf8: RowError): string | RowError {
  if (isRowError(value) || typeof value === 'string') return value
  return utf8Text(value) ?? notUtf8
}

function bulk(writer: RespWriter, text: string): string {
  return `$${writer.lengthOf(text)}\r\n${text}\r\n`
}
