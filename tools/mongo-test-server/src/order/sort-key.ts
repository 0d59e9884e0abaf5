import type { Binary, BSONRegExp, Code, DBRef, ObjectId, Timestamp } from 'bson'
import { asBuffer } from '../documents/bson-document.ts'
import { numberKey } from './number-key.ts'
import { typeCharacters, typeOrder, type OrderedType } from './type-order.ts'

/**
 * A text that stands for a value in comparisons. Comparing two of them with `<` and `===` is comparing the values in the
 * BSON comparison order, across types; numbers of different types are equal when their values are.
 *
 * @param value as the BSON library gives it
 * @returns characters up to U+00FF only, which JavaScript compares like bytes
 */
export function sortKey(value: unknown): string {
  const type = typeOrder(value)
  return typeCharacters[type] + valueKey(type, value)
}

/**
 * @param left order key
 * @param right order key
 * @returns less than 0, 0, or more than 0
 */
export function compareKeys(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}

function valueKey(type: OrderedType, value: unknown): string {
  switch (type) {
    case 'minKey':
    case 'maxKey':
    case 'null':
    case 'undefined':
      return ''
    case 'number':
      return numberKey(value)
    case 'string':
      return textKey(String(value))
    case 'bool':
      return value === true ? '\x01' : '\0'
    case 'objectId':
      return asBuffer((value as ObjectId).id).toString('latin1')
    case 'date':
      return dateKey((value as Date).getTime())
    case 'timestamp':
      return wordKey((value as Timestamp).high) + wordKey((value as Timestamp).low)
    case 'binData':
      return binaryKey(value as Binary | Uint8Array)
    case 'array':
      return membersKey((value as unknown[]).map((member) => ['', member]))
    case 'object':
      return membersKey(Object.entries(fieldsOf(value)))
    case 'regex':
      return regexKey(value as BSONRegExp | RegExp)
    case 'javascript':
      return textKey(String((value as Code).code))
    case 'javascriptWithScope':
      return textKey(String((value as Code).code)) + sortKey((value as Code).scope)
  }
}

/** The bytes of the text, zero bytes marked, so that the end of a text comes before every longer text. */
function textKey(text: string): string {
  const bytes = Buffer.from(text, 'utf8').toString('latin1')
  return `${bytes.includes('\0') ? bytes.replaceAll('\0', '\0\xff') : bytes}\0`
}

/** Field by field: the type of the value, then the name, then the value. */
function membersKey(members: readonly (readonly [string, unknown])[]): string {
  let key = ''
  for (const [name, value] of members) {
    const type = typeOrder(value)
    key += typeCharacters[type] + textKey(name) + valueKey(type, value)
  }
  return `${key}\0`
}

function fieldsOf(value: unknown): object {
  const reference = value as DBRef
  if (reference._bsontype !== 'DBRef') return Object(value)
  return reference.toJSON()
}

function binaryKey(value: Binary | Uint8Array): string {
  if (ArrayBuffer.isView(value))
    return `${wordKey(value.byteLength)}\0${asBuffer(value).toString('latin1')}`
  const bytes = asBuffer(value.value())
  return wordKey(bytes.length) + String.fromCharCode(value.sub_type) + bytes.toString('latin1')
}

function regexKey(value: BSONRegExp | RegExp): string {
  return value instanceof RegExp
    ? textKey(value.source) + textKey(value.flags)
    : textKey(value.pattern) + textKey(value.options)
}

function dateKey(epochMs: number): string {
  const high = Math.floor(epochMs / 0x1_0000_0000)
  return wordKey(high + 0x8000_0000) + wordKey(epochMs - high * 0x1_0000_0000)
}

function wordKey(word: number): string {
  return String.fromCharCode(
    (word >>> 24) & 0xff,
    (word >>> 16) & 0xff,
    (word >>> 8) & 0xff,
    word & 0xff,
  )
}
