import { bsonType, endOfText, endOfValue, uint32At } from '../types/bson-types.ts'
import { endOfString } from '../types/json-writer.ts'
import type { ClusterTime } from './stream-position.ts'

/** A value inside an event. */
export interface EventValue {
  readonly type: number
  readonly offset: number
  readonly end: number
}

/** The parts of a change event by their names, as they stand in its bytes: nothing of the documents is made into objects. */
export class ChangeEvent {
  readonly #bytes: Buffer
  readonly #values: ReadonlyMap<string, EventValue>

  constructor(bytes: Buffer) {
    this.#bytes = bytes
    this.#values = valuesOf(bytes)
  }

  /** `insert`, `update`, … */
  get operation(): string {
    return this.text('operationType') ?? ''
  }

  get hasSplit(): boolean {
    return this.#values.has('splitEvent')
  }

  /** The text of a part; `undefined` where it has none. */
  text(name: string): string | undefined {
    const value = this.#values.get(name)
    if (value?.type !== bsonType.string) return undefined
    return this.#bytes.toString('utf8', value.offset + 4, endOfString(this.#bytes, value.offset))
  }

  /** The bytes of a part that is a document; null where the server says that there is none. */
  document(name: string): Buffer | null | undefined {
    const value = this.#values.get(name)
    if (value === undefined) return undefined
    if (value.type !== bsonType.object && value.type !== bsonType.array) return null
    return this.#bytes.subarray(value.offset, value.end)
  }

  /** When it was committed. */
  get clusterTime(): ClusterTime {
    const value = this.#values.get('clusterTime')
    if (value?.type !== bsonType.timestamp) return { seconds: 0, increment: 0 }
    return {
      seconds: uint32At(this.#bytes, value.offset + 4),
      increment: uint32At(this.#bytes, value.offset),
    }
  }

  /** The clock of the server at that moment, in milliseconds; that of the cluster where it does not say it (before 6.0). */
  get committedAtMs(): number {
    const value = this.#values.get('wallTime')
    if (value?.type !== bsonType.date) return this.clusterTime.seconds * 1000
    return Number(this.#bytes.readBigInt64LE(value.offset))
  }

  /** Names and places of all parts, in order. */
  get parts(): Iterable<readonly [string, EventValue]> {
    return this.#values
  }

  /** The part with its name, as it stands in the event. */
  element(name: string): Buffer {
    const value = this.#values.get(name)
    if (value === undefined) return Buffer.alloc(0)
    const head = Buffer.concat([Buffer.from([value.type]), Buffer.from(`${name}\0`, 'utf8')])
    return Buffer.concat([head, this.#bytes.subarray(value.offset, value.end)])
  }
}

/** The values of a document by the names of its fields. */
export function valuesOf(bytes: Buffer): ReadonlyMap<string, EventValue> {
  const values = new Map<string, EventValue>()
  for (let at = 4; bytes[at] !== 0;) {
    const type = bytes[at] as number
    const nameEnd = endOfText(bytes, at + 1)
    const end = endOfValue(bytes, type, nameEnd + 1)
    values.set(bytes.toString('utf8', at + 1, nameEnd), { type, offset: nameEnd + 1, end })
    at = end
  }
  return values
}

/** A document made of elements as they stand in others. */
export function documentOf(elements: readonly Buffer[]): Buffer {
  const length = elements.reduce((sum, element) => sum + element.length, 5)
  const head = Buffer.alloc(4)
  head.writeInt32LE(length)
  return Buffer.concat([head, ...elements, Buffer.from([0])], length)
}
