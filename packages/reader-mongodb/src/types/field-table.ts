/**
 * Finds the fields of a job in documents, by the bytes of their names.
 *
 * Why: documents of a collection mostly have the same fields in the same order, so that the field that stood at a place the
 * last time is tried first, and a name is only looked up when another one stands there. The ten fields of a document take
 * 185 ns, and 1.2 µs where their order turns with every document (the least times of
 * `npx vitest bench --run --project unit packages/reader-mongodb`).
 */
import { bsonType, endOfText, endOfValue } from './bson-types.ts'

/** A field name that was seen, or that the job names. */
interface FieldEntry {
  readonly name: Buffer
  /** Where its value is noted. */
  readonly slots: number[]
  /** Fields of the job inside it. */
  child?: FieldTable
}

/** Names that are no field of the job are remembered too, as long as they are so few. */
const maxNames = 4096

/** Where the values of the job's fields stand in the document that was scanned last. */
export class FieldPlaces {
  /** BSON types by slot; 0: the document has no such field. */
  readonly types: Uint8Array
  /** Where the values begin, by slot. */
  readonly offsets: Int32Array

  constructor(slotCount: number) {
    this.types = new Uint8Array(slotCount)
    this.offsets = new Int32Array(slotCount)
  }
}

/** The fields that a job takes from documents, or from documents embedded in them. */
export class FieldTable {
  readonly #entries = new Map<string, FieldEntry>()
  /** What stood at each place of the document before. */
  readonly #expected: FieldEntry[] = []

  /** Notes the value of the field `name` in `slot`. */
  addField(name: string, slot: number): void {
    this.#entryOf(name).slots.push(slot)
  }

  /** Notes the value that `path`, from the second name on, leads to inside the field that is its first, in `slot`. */
  addPath([name = '', ...rest]: readonly string[], slot: number): void {
    if (rest.length === 0) return this.addField(name, slot)
    const entry = this.#entryOf(name)
    entry.child ??= new FieldTable()
    entry.child.addPath(rest, slot)
  }

  /** Notes in `places` where the fields of the document stand that begins at `offset`. A name that is there twice counts by its last. */
  scan(source: Buffer, offset: number, places: FieldPlaces): void {
    const expected = this.#expected
    let at = offset + 4
    for (let ordinal = 0; source[at] !== 0; ordinal += 1) {
      const type = source[at] as number
      let entry = expected[ordinal]
      if (entry === undefined || !isNameAt(source, at + 1, entry.name)) {
        entry = this.#lookUp(source, at + 1)
        expected[ordinal] = entry
      }
      const start = at + 2 + entry.name.length
      const { slots, child } = entry
      for (let index = 0; index < slots.length; index += 1) {
        const slot = slots[index] as number
        places.types[slot] = type
        places.offsets[slot] = start
      }
      if (child !== undefined && (type === bsonType.object || type === bsonType.array)) {
        child.scan(source, start, places)
      }
      at = endOfValue(source, type, start)
    }
  }

  #lookUp(source: Buffer, start: number): FieldEntry {
    const end = endOfText(source, start)
    const name = source.toString('latin1', start, end)
    const known = this.#entries.get(name)
    if (known !== undefined) return known
    const entry: FieldEntry = { name: Buffer.from(name, 'latin1'), slots: [] }
    if (this.#entries.size < maxNames) this.#entries.set(name, entry)
    return entry
  }

  /** Names are kept by their bytes, each as one character. */
  #entryOf(name: string): FieldEntry {
    const bytes = Buffer.from(name, 'utf8')
    const key = bytes.toString('latin1')
    const entry = this.#entries.get(key) ?? { name: bytes, slots: [] }
    this.#entries.set(key, entry)
    return entry
  }
}

function isNameAt(source: Uint8Array, start: number, name: Uint8Array): boolean {
  const { length } = name
  for (let index = 0; index < length; index += 1) {
    if (source[start + index] !== name[index]) return false
  }
  return source[start + length] === 0
}
