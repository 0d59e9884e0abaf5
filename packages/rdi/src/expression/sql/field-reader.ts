import type { RdiRecord, RdiValue } from '../../model/expression.ts'

/**
 * Reads a field as SQLite would find a column: the name as it is, or else whatever the case of its letters, and with dots the
 * fields below a field (`after.name`).
 */
export class FieldReader {
  readonly #name: string
  readonly #absent: RdiValue
  readonly #steps: readonly Step[]
  readonly #whole: Step

  /** @param absent the value where the record has no such field */
  constructor(name: string, absent: RdiValue) {
    this.#name = name
    this.#absent = absent
    this.#whole = new Step(name)
    this.#steps = name.includes('.') ? name.split('.').map((step) => new Step(step)) : []
  }

  read(record: RdiRecord): RdiValue {
    const value = record[this.#name]
    if (value !== undefined && Object.hasOwn(record, this.#name)) return value
    const found = this.#whole.find(record)
    if (found !== undefined) return record[found]
    return this.#steps.length === 0 ? this.#absent : this.#readBelow(record)
  }

  /** What is missing below a field that is there is NULL, also where the field is null, as `after` of a removed row is. */
  #readBelow(record: RdiRecord): RdiValue {
    let value: RdiValue = record
    let absent = this.#absent
    for (const step of this.#steps) {
      if (!isObject(value)) return absent
      const found: string | undefined = step.find(value)
      if (found === undefined) return absent
      value = value[found]
      absent = null
    }
    return value
  }
}

/** One name of a path. It remembers the spelling of the last record, which is that of the next. */
class Step {
  readonly #name: string
  readonly #folded: string
  #last: string

  constructor(name: string) {
    this.#name = name
    this.#folded = foldCase(name)
    this.#last = name
  }

  find(fields: { readonly [name: string]: RdiValue }): string | undefined {
    if (Object.hasOwn(fields, this.#name)) return this.#name
    if (Object.hasOwn(fields, this.#last)) return this.#last
    for (const name in fields) {
      if (name.length === this.#folded.length && foldCase(name) === this.#folded) {
        this.#last = name
        return name
      }
    }
    return undefined
  }
}

/** SQLite knows upper and lower case of ASCII letters alone. */
export function foldCase(name: string): string {
  return name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}

function isObject(value: RdiValue): value is { readonly [name: string]: RdiValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
