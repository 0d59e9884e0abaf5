import type { Document } from 'mongodb'
import type { JsonValue, Position } from '@millrace/core/record'
import { loadDriver } from '../connection/driver.ts'
import { bsonType, endOfText, endOfValue } from '../types/bson-types.ts'
import { JsonWriter } from '../types/json-writer.ts'
import { TextMemory } from '../types/text-sink.ts'

/** The value of `_id` of one document, of any type, by its bytes. */
export interface IdValue {
  readonly type: number
  readonly bytes: Uint8Array
}

/** The field `name` of the document that begins at `offset`; `undefined` when it has none. */
export function valueOfField(source: Buffer, offset: number, name: string): IdValue | undefined {
  for (let at = offset + 4; source[at] !== 0;) {
    const type = source[at] as number
    const nameEnd = endOfText(source, at + 1)
    const end = endOfValue(source, type, nameEnd + 1)
    if (source.toString('utf8', at + 1, nameEnd) === name) {
      return { type, bytes: new Uint8Array(source.subarray(nameEnd + 1, end)) }
    }
    at = end
  }
  return undefined
}

/** The same as text that survives JSON: the type in two hexadecimal digits, then the bytes in base64. */
export function tokenOf({ type, bytes }: IdValue): string {
  return type.toString(16).padStart(2, '0') + Buffer.from(bytes).toString('base64')
}

/** What {@link tokenOf} made; `undefined` for anything else. */
export function idOfToken(token: unknown): IdValue | undefined {
  if (typeof token !== 'string' || !/^[0-9a-f]{2}[A-Za-z0-9+/]*={0,2}$/.test(token))
    return undefined
  const type = Number.parseInt(token.slice(0, 2), 16)
  const bytes = Buffer.from(token.slice(2), 'base64')
  try {
    return endOfValue(bytes, type, 0) === bytes.length ? { type, bytes } : undefined
  } catch {
    return undefined
  }
}

const form = { style: 'relaxed', printsNulls: true } as const

/** The value for people: `{"$oid":"…"}`, `"a"`, `7`. */
export function textOfId({ type, bytes }: IdValue): string {
  const sink = new TextMemory()
  new JsonWriter(form).write(sink, Buffer.from(bytes), type, 0)
  return sink.bytes.toString('utf8', 0, sink.length)
}

/** The value as the driver sends it: exactly what it is, order of embedded names included. */
export function driverValueOf(id: IdValue): unknown {
  if (id.type === bsonType.object) return orderedDocument(Buffer.from(id.bytes))
  if (id.type === bsonType.array) return [...orderedDocument(Buffer.from(id.bytes)).values()]
  return libraryValueOf(id)
}

/** Objects would order names that are numbers by themselves; maps do not. */
function orderedDocument(document: Buffer): Map<string, unknown> {
  const members = new Map<string, unknown>()
  for (let at = 4; document[at] !== 0;) {
    const type = document[at] as number
    const nameEnd = endOfText(document, at + 1)
    const end = endOfValue(document, type, nameEnd + 1)
    const bytes = document.subarray(nameEnd + 1, end)
    members.set(document.toString('utf8', at + 1, nameEnd), driverValueOf({ type, bytes }))
    at = end
  }
  return members
}

function libraryValueOf({ type, bytes }: IdValue): unknown {
  const head = Buffer.from([0, 0, 0, 0, type, 0x76, 0])
  const document = Buffer.concat([head, bytes, Buffer.from([0])])
  document.writeInt32LE(document.length)
  const { BSON } = loadDriver()
  const read: Document = BSON.deserialize(document, { promoteValues: false, bsonRegExp: true })
  return read['v']
}

const maxLabelLength = 60

/** The place of a document in the order of `_id`. */
export function positionOf(id: IdValue): Position {
  const text = textOfId(id)
  const shown = text.length > maxLabelLength ? `${text.slice(0, maxLabelLength)}…` : text
  return { token: [['_id', tokenOf(id)]], label: `_id ${shown}` }
}

/** The `_id` of a position that {@link positionOf} made; `undefined` for anything else. */
export function idOfPosition({ token }: { readonly token: JsonValue }): IdValue | undefined {
  const entries: readonly unknown[] = Array.isArray(token) ? token : []
  const [entry, ...others] = entries
  if (!Array.isArray(entry) || others.length > 0) return undefined
  const [name, value, ...more] = entry as readonly unknown[]
  return name === '_id' && more.length === 0 ? idOfToken(value) : undefined
}
