import type { Cell, Field, Row, TableSchema } from '@millrace/core/record'
import type { RdiRecord, RdiValue } from '../model/expression.ts'
import { cellOfValue, isFields } from '../record/cell-of-value.ts'
import { compileBytesText, type ValueSettings } from '../record/record-value.ts'
import type { FieldLayout } from './field-layout.ts'
import type { OutputColumn } from './output-plan.ts'

/** Puts the rows together that leave a table's transform. */
export class RowLayout {
  readonly output: TableSchema
  /** By field: its column in the rows read, or -1 where it is computed. */
  readonly #origins: readonly number[]
  readonly #names: readonly string[]
  /** Columns of bytes that are written in another form than the writer's. */
  readonly #bytesColumns: readonly number[]
  readonly #bytesText: (bytes: Uint8Array) => string
  readonly #isSameRow: boolean
  readonly #absentCount: number
  /** In columns that no row has: a document is known not to have them. */
  readonly #absent: null | undefined
  readonly #isOpen: boolean

  /**
   * @param options.computed columns that are computed for outputs
   * @param options.absent columns that outputs name and no row has
   */
  constructor(options: {
    readonly schema: TableSchema
    readonly key: readonly number[]
    readonly layout: FieldLayout
    readonly computed: readonly OutputColumn[]
    readonly absent: readonly string[]
    readonly values: ValueSettings
  }) {
    const { schema, layout, values } = options
    const entries = [...layout.fields]
    this.#names = entries.map(([name]) => name)
    this.#origins = entries.map(([, origin]) => (origin === 'computed' ? -1 : origin))
    this.#isSameRow =
      entries.length === schema.fields.length &&
      this.#origins.every((origin, index) => origin === index)
    this.#absentCount = options.absent.length
    this.#absent = schema.documents === undefined ? undefined : null
    this.#isOpen = layout.isOpen
    this.#bytesText = compileBytesText(values.binary)
    const isOtherBytes = ({ type }: Field) => type === 'bytes' && values.binary !== 'base64'
    this.#bytesColumns = this.#origins.flatMap((origin, index) => {
      const column = schema.fields[origin]
      return column !== undefined && isOtherBytes(column) ? [index] : []
    })
    this.output = outputSchema(options, this.#origins, this.#names)
  }

  /**
   * The row as it leaves. Edits and returns the one given where its columns stay in place.
   *
   * @param fields what is written of the record; its own fields win over columns where they are computed
   * @param hasColumns whether unchanged columns have their cells; else they are absent
   * @param computed cells of the columns that were computed for outputs
   */
  rowOf(
    row: Row,
    fields: { readonly [name: string]: RdiValue },
    hasColumns: boolean,
    computed: readonly Cell[],
  ): Row {
    const made: Row = this.#isSameRow && hasColumns ? row : this.#pick(row, fields, hasColumns)
    for (const column of this.#bytesColumns) {
      const cell = made[column]
      if (cell instanceof Uint8Array) made[column] = this.#bytesText(cell)
    }
    for (let count = 0; count < this.#absentCount; count += 1) made.push(this.#absent)
    for (const cell of computed) made.push(cell)
    return made
  }

  /** A field of the record that cannot be written because no column was foreseen for it. */
  unforeseen(fields: { readonly [name: string]: RdiValue }): string | undefined {
    if (!this.#isOpen) return undefined
    return Object.keys(fields).find((name) => !this.#names.includes(name))
  }

  #pick(row: Row, fields: { readonly [name: string]: RdiValue }, hasColumns: boolean): Row {
    const made: Row = []
    for (let index = 0; index < this.#origins.length; index += 1) {
      const origin = this.#origins[index] as number
      if (origin < 0) made.push(cellOfValue(fields[this.#names[index] as string]))
      else made.push(hasColumns ? row[origin] : undefined)
    }
    return made
  }
}

function outputSchema(
  { schema, key, computed, absent, values, layout }: ConstructorParameters<typeof RowLayout>[0],
  origins: readonly number[],
  names: readonly string[],
): TableSchema {
  const written = names.map((name, index): Field => {
    const column = schema.fields[origins[index] as number]
    return column === undefined ? computedField(name) : { ...columnField(column, values), name }
  })
  const keyFields = key.map((column) =>
    layout.fields.get(schema.fields[column]?.name ?? '') === column ? origins.indexOf(column) : -1,
  )
  const { identity, omittable: _, ...others } = schema
  return {
    ...others,
    ...(identity && { identity: placesOf(identity, origins) }),
    ...keyFieldsOf(schema, key, computed),
    fields: [
      ...written,
      ...absent.map(computedField),
      ...computed.map(({ name, kind }) => outputField(name, kind)),
    ],
    key: keyFields.includes(-1) ? [] : keyFields,
  }
}

function keyFieldsOf(
  { fields }: TableSchema,
  key: readonly number[],
  computed: readonly OutputColumn[],
): Pick<TableSchema, 'keyFields'> {
  const isComputed = computed.some(({ kind }) => kind === 'default-key')
  return isComputed ? { keyFields: key.flatMap((column) => fields[column] ?? []) } : {}
}

/** Where columns of the rows read are in those that leave; those that do not leave are left out. */
function placesOf(columns: readonly number[], origins: readonly number[]): readonly number[] {
  return origins.flatMap((origin, index) => (columns.includes(origin) ? [index] : []))
}

/** A column as the writer is to take it: decimals and bytes may be wanted in other forms. */
export function columnField(column: Field, { decimals, binary }: ValueSettings): Field {
  if (column.type === 'decimal' && decimals === 'double') return { ...column, type: 'float' }
  return column.type === 'bytes' && binary !== 'base64' ? { ...column, type: 'string' } : column
}

function computedField(name: string): Field {
  return { name, type: 'value', nullable: true, nativeType: 'expression' }
}

function outputField(name: string, kind: OutputColumn['kind']): Field {
  const type = kind === 'expire' ? 'int' : 'string'
  return { name, type, nullable: true, nativeType: 'expression' }
}

/** What is written of a full record that stands for a row: for `d` what was there before, where nothing else was set. */
export function writtenFields(
  record: RdiRecord,
  isDelete: boolean,
): { readonly [name: string]: RdiValue } | undefined {
  const after = record['after']
  const before = record['before']
  if (!isDelete || !isFields(before)) return isFields(after) ? after : undefined
  return isFields(after) ? { ...before, ...after } : before
}
