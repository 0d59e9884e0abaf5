import { BSONSymbol, Code, Long, Timestamp } from 'bson'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  bytesOf,
  canonicalByLibrary,
  randomDocument,
  readByLibrary,
} from '../../test-data/random-documents.ts'
import { JsonWriter, type JsonStyle } from './json-writer.ts'
import { TextMemory } from './text-sink.ts'

function jsonOf(document: Buffer, style: JsonStyle, printsNulls = true): string {
  const sink = new TextMemory()
  new JsonWriter({ style, printsNulls }).writeDocument(sink, document, 0)
  return sink.bytes.toString('utf8', 0, sink.length)
}

type Json = null | boolean | number | string | Json[] | { [name: string]: Json }

/** The reference: canonical text of the library, rewritten by the rules of the other styles. */
function restyled(value: Json, style: 'relaxed' | 'plain'): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map((item) => restyled(item, style)).join(',')}]`
  const entries = Object.entries(value)
  const [[name, inner] = ['', null]] = entries
  const text = typeof inner === 'string' ? inner : ''
  const isPlain = style === 'plain'
  if (name === '$numberInt' || name === '$numberLong') return text
  if (name === '$numberDouble') {
    if (/[NI]/.test(text)) return isPlain ? JSON.stringify(text) : JSON.stringify(value)
    return text
  }
  if (name === '$date') {
    const ms = Number((inner as Record<string, string>)['$numberLong'])
    const isIso =
      ms >= (isPlain ? Date.parse('0001-01-01T00:00:00Z') : 0) && ms < Date.UTC(10000, 0)
    if (!isIso) return JSON.stringify(value)
    const iso = JSON.stringify(new Date(ms).toISOString().replace('.000Z', 'Z'))
    return isPlain ? iso : `{"$date":${iso}}`
  }
  if (isPlain && name === '$oid') return JSON.stringify(text)
  if (isPlain && name === '$numberDecimal') return /[NI]/.test(text) ? JSON.stringify(text) : text
  if (isPlain && name === '$binary') return plainBinary(inner as Record<string, string>)
  if (isPlain && entries.length === 1 && (name === '$code' || name === '$symbol')) {
    return JSON.stringify(text)
  }
  const members = entries.map(([key, item]) => `${JSON.stringify(key)}:${restyled(item, style)}`)
  const isRaw = name === '$timestamp' || name === '$minKey' || name === '$maxKey'
  return isRaw ? JSON.stringify(value) : `{${members.join(',')}}`
}

function plainBinary({ base64 = '', subType }: Record<string, string>): string {
  const hex = Buffer.from(base64, 'base64').toString('hex')
  if (subType !== '04' || hex.length !== 32) return JSON.stringify(base64)
  return JSON.stringify(hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'))
}

/** As the library writes it; it gives control characters the escapes of JSON.stringify, as we do. */
const canonical = (document: Buffer) => canonicalByLibrary(readByLibrary(document))

describe('JsonWriter', () => {
  it('writes canonical Extended JSON as the library does', () => {
    fc.assert(
      fc.property(randomDocument, (document) => {
        const bytes = bytesOf(document)
        expect(jsonOf(bytes, 'canonical')).toBe(canonical(bytes))
      }),
      { numRuns: 500 },
    )
  })

  it.each(['relaxed', 'plain'] as const)('writes %s JSON by its rules', (style) => {
    fc.assert(
      fc.property(randomDocument, (document) => {
        const bytes = bytesOf(document)
        const reference = restyled(JSON.parse(canonical(bytes)) as Json, style)
        expect(jsonOf(bytes, style)).toBe(reference)
        JSON.parse(jsonOf(bytes, style))
      }),
      { numRuns: 500 },
    )
  })

  it('keeps every digit of long integers, and the order of names that are numbers', () => {
    const document = bytesOf(
      new Map<string, unknown>([
        ['10', Long.fromString('9223372036854775807')],
        ['2', Long.fromString('-9007199254740993')],
      ]),
    )
    expect(jsonOf(document, 'relaxed')).toBe('{"10":9223372036854775807,"2":-9007199254740993}')
  })

  it('leaves members that are null out where it is told to, but no elements', () => {
    const document = bytesOf({ a: null, b: { c: null, d: 1 }, e: [null, undefined] })
    expect(jsonOf(document, 'relaxed', false)).toBe('{"b":{"d":1},"e":[null,null]}')
  })

  it('writes what the library has no value for', () => {
    const pointer = Buffer.concat([
      Buffer.from([0x0c, 0x70, 0, 2, 0, 0, 0, 0x78, 0]),
      Buffer.from('507f1f77bcf86cd799439011', 'hex'),
    ])
    const undefinedElement = Buffer.from([0x06, 0x75, 0])
    const body = Buffer.concat([pointer, undefinedElement, Buffer.from([0])])
    const document = Buffer.alloc(4 + body.length)
    document.writeInt32LE(document.length)
    body.copy(document, 4)
    expect(jsonOf(document, 'relaxed')).toBe(
      '{"p":{"$dbPointer":{"$ref":"x","$id":{"$oid":"507f1f77bcf86cd799439011"}}},"u":{"$undefined":true}}',
    )
  })

  it('tells code, symbols and timestamps from text and numbers', () => {
    const document = bytesOf({
      a: new Code('f()'),
      b: new BSONSymbol('s'),
      c: new Timestamp({ t: 7, i: 4294967295 }),
    })
    expect(jsonOf(document, 'relaxed')).toBe(
      '{"a":{"$code":"f()"},"b":{"$symbol":"s"},"c":{"$timestamp":{"t":7,"i":4294967295}}}',
    )
  })

  it('refuses bytes that are no document', () => {
    const document = bytesOf({ a: 'text' })
    document[4] = 0x33
    expect(() => jsonOf(document, 'relaxed')).toThrow(RangeError)
    const cut = bytesOf({ a: 'text' })
    cut.writeInt32LE(400, 7)
    expect(() => jsonOf(cut, 'relaxed')).toThrow(RangeError)
  })
})
