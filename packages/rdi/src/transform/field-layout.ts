import type { Field } from '@millrace/core/record'
import type { Expression, TableJob } from '../model/table-job.ts'
import type { FieldPath } from '../record/field-path.ts'

/** Where the value of a field comes from: a column of the source that nothing has changed, or an expression. */
export type FieldOrigin = number | 'computed'

/**
 * The fields that will be written, in order, as the blocks leave them one after the other. It follows from the columns and
 * the job alone: the columns of a table have to be known before its first row.
 */
export class FieldLayout {
  /** Whether records have the form of RDI's `row_format: full`, of which `after` is written. */
  readonly isFull: boolean
  /** Columns of the source. */
  readonly columns: readonly Field[]
  #origins: Map<string, FieldOrigin>
  /** Fields of full records beside `after`. */
  readonly #scratch = new Set<string>()
  #isReplaced = false
  /** Fields are known only as a superset: a block replaced all of `after`. */
  #isOpen = false

  /**
   * @param columns of the source
   * @param isKept whether a column is a field at all
   */
  constructor(
    columns: readonly Field[],
    rowFormat: TableJob['rowFormat'],
    isKept: (column: Field) => boolean = () => true,
  ) {
    this.isFull = rowFormat === 'full'
    this.columns = columns
    this.#origins = new Map(
      columns.flatMap((column, index) => (isKept(column) ? [[column.name, index] as const] : [])),
    )
  }

  /** Fields and where each comes from. */
  get fields(): ReadonlyMap<string, FieldOrigin> {
    return this.#origins
  }

  /** Names of fields that expressions may find: in a full record those of the source stay in its images. */
  get fieldNames(): readonly string[] {
    const columns = this.isFull ? this.columns.map(({ name }) => name) : []
    return [...new Set([...this.#origins.keys(), ...columns, ...this.#scratch])]
  }

  /** Fields of full records beside `after` that blocks have set. */
  get scratch(): ReadonlySet<string> {
    return this.#scratch
  }

  /** Whether a block has made other records of them. */
  get isReplaced(): boolean {
    return this.#isReplaced
  }

  /** Whether rows may lack fields, or have others, which then cannot be written. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Notes that a block sets a field. */
  set(path: FieldPath, expression?: Expression): void {
    const written = this.#written(path)
    if (written === 'none') {
      this.#scratch.add(path[0])
      return
    }
    if (written === 'all') this.#replaceAll(namesWithin(expression?.text ?? ''))
    else this.#origins.set(written[0], 'computed')
  }

  /** Notes that a block removes a field. */
  remove(path: FieldPath): void {
    const written = this.#written(path)
    if (written === 'all') this.#origins.clear()
    else if (written !== 'none' && written.length === 1) this.#origins.delete(written[0])
  }

  /** Notes that a block gives a field another name. */
  rename(from: FieldPath, to: FieldPath): void {
    const source = this.#written(from)
    const isColumn = source !== 'none' && source !== 'all' && source.length === 1
    const origin = isColumn ? this.#origins.get(source[0]) : 'computed'
    if (origin === undefined) return
    if (source === 'none' || isColumn || source === 'all') this.remove(from)
    const target = this.#written(to)
    if (target === 'all' || target === 'none') this.set(to)
    else this.#origins.set(target[0], target.length === 1 ? origin : 'computed')
  }

  /** Notes that a block replaces all fields that are written. */
  replace(fields: Iterable<readonly [string, FieldOrigin]>): void {
    this.#isOpen = false
    this.#isReplaced = true
    this.#origins = new Map(fields)
  }

  /** Notes that a block replaces all fields by an object of which only these names are known. */
  replaceBy(expression: Expression): void {
    this.#replaceAll(namesWithin(expression.text))
  }

  /** Names under which expressions find columns that hold floating-point numbers. */
  realFields(isReal: (column: Field) => boolean): string[] {
    const names: string[] = []
    for (const [name, origin] of this.#origins) {
      const column = origin === 'computed' ? undefined : this.columns[origin]
      if (column === undefined || !isReal(column)) continue
      if (!this.isFull) names.push(name)
      else names.push(`after.${name}`, `before.${column.name}`, `key.${column.name}`)
    }
    return names
  }

  #replaceAll(names: readonly string[]): void {
    this.#isOpen = true
    this.#isReplaced = true
    const all = new Set([...this.#origins.keys(), ...names])
    this.#origins = new Map([...all].map((name) => [name, 'computed']))
  }

  /** The path inside what is written: `none` when it is not written, `all` when it is the whole of it. */
  #written(path: FieldPath): FieldPath | 'none' | 'all' {
    if (!this.isFull) return path
    if (path[0] !== 'after') return 'none'
    return path.length === 1 ? 'all' : (path.slice(1) as unknown as FieldPath)
  }
}

/** Names that an expression gives to fields of objects: `{name: …, "other name": …}`. */
function namesWithin(text: string): string[] {
  const names = text.matchAll(/[{,]\s*(?:"([^"\\]+)"|([A-Za-z_]\w*))\s*:/g)
  return [...names].map(([, quoted, plain]) => quoted ?? plain ?? '')
}

const sqlKeywords =
  /^(?:null|true|false|current_date|current_time|current_timestamp|rowid|oid|_rowid_)$/i

/**
 * The field that an expression names and nothing else, where it is a column of the source that stands unchanged: such a
 * column keeps its type and its text.
 */
export function columnNamed(
  { text, language }: Expression,
  layout: FieldLayout,
): { readonly name: string; readonly origin: number } | undefined {
  if (layout.isFull) return undefined
  const [, quoted, plain] = /^\s*(?:"([^"\\]+)"|([A-Za-z_]\w*))\s*$/.exec(text) ?? []
  const name = quoted ?? plain
  const origin = name === undefined ? undefined : layout.fields.get(name)
  if (name === undefined || typeof origin !== 'number') return undefined
  // SQL has no booleans: there the value is 1 or 0.
  if (language === 'sql' && (sqlKeywords.test(name) || layout.columns[origin]?.type === 'bool'))
    return undefined
  return { name, origin }
}
