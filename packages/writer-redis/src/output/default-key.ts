import type { Field, LogicalType, TableSchema } from '@millrace/core/record'
import type { WriterOutput } from './writer-output.ts'

/** A pattern that has to match the whole of a key, and what finds keys that may. */
export interface KeyPattern {
  /** For `SCAN`. */
  readonly glob: string
  /** A key that the glob matches. */
  matches(key: Uint8Array): boolean
}

/** The texts that cells of some types have in a key. None of them holds a colon but those of dates and times. */
const textsByType: Partial<Record<LogicalType, string>> = {
  bool: '[A-Za-z01]+',
  int: '-?[0-9]+',
  float: '[-+.0-9A-Za-z]+',
  decimal: '[-+.0-9A-Za-z]+',
  bytes: '[-+/=_0-9A-Za-z]+',
  uuid: '[-0-9A-Fa-f]+',
  date: '[-+.: 0-9TZBCainfty]+',
  time: '[-+.: 0-9TZBCainfty]+',
  datetime: '[-+.: 0-9TZBCainfty]+',
  timestamptz: '[-+.: 0-9TZBCainfty]+',
}
const anyText = '[^]*'

/** The keys that the rows of a table have by default: `<table>:<key column>:<value>`, then the other columns of the key. */
export class DefaultKey implements KeyPattern {
  /** What they begin with. */
  readonly prefix: string
  readonly glob: string
  readonly #pattern: RegExp
  /** Between the colons; `undefined` stands for a value. Absent where values may hold colons themselves. */
  readonly #segments: readonly (string | undefined)[] | undefined

  constructor(table: string, columns: readonly Field[]) {
    this.prefix = `${table}:${columns[0]?.name ?? ''}:`
    this.glob = `${escapedGlob(this.prefix)}*`
    const texts = columns.map(({ type }) => textsByType[type] ?? anyText)
    const parts = columns.map(({ name }, at) => `:${escapedPattern(name)}:${texts[at]}`)
    this.#pattern = new RegExp(`^${escapedPattern(table)}${parts.join('')}$`, 'u')
    const isCut = texts.every((text) => text !== anyText && !text.includes(':'))
    const named = columns.flatMap(({ name }) => [...name.split(':'), undefined])
    this.#segments = isCut ? [...table.split(':'), ...named] : undefined
  }

  matches(key: Uint8Array): boolean {
    return this.#pattern.test(Buffer.from(key).toString('utf8'))
  }

  /** Whether a key of the one may be a key of the other. */
  mayMeet(other: DefaultKey): boolean {
    if (!this.prefix.startsWith(other.prefix) && !other.prefix.startsWith(this.prefix)) return false
    const one = this.#segments
    const two = other.#segments
    if (one === undefined || two === undefined) return true
    const isSame = (text: string | undefined, at: number) =>
      text === undefined || two[at] === undefined || text === two[at]
    return one.length === two.length && one.every(isSame)
  }
}

/** The default keys of an output; `undefined` where it has others. */
export function defaultKeyOf(
  { key, nest }: WriterOutput,
  { table, fields, key: places, keyFields }: TableSchema,
): DefaultKey | undefined {
  if (nest !== undefined) return undefined
  if (key !== undefined) {
    const isDefault = 'column' in key && key.isDefault === true
    return isDefault && keyFields !== undefined ? new DefaultKey(table, keyFields) : undefined
  }
  const columns = places.flatMap((place) => fields[place] ?? [])
  return columns.length === 0 ? undefined : new DefaultKey(table, columns)
}

/** Text that stands for itself in a glob. */
export function escapedGlob(text: string): string {
  return text.replaceAll(/[\\*?[\]^]/g, (sign) => `\\${sign}`)
}

function escapedPattern(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, (sign) => `\\${sign}`)
}
