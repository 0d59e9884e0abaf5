import type { Cell, TableSchema } from '@millrace/core/record'

/** A table with its rows, as a source should hold it. */
export interface Dataset {
  readonly schema: TableSchema
  /** Cells by position in `schema.fields`. */
  readonly rows: readonly (readonly Cell[])[]
}

/** Columns of {@link sampleDataset}: a unique integer key, a name that is never null, a note that may be. */
export const sampleSchema: TableSchema = {
  table: 'people',
  version: 1,
  fields: [
    { name: 'id', type: 'int', nullable: false, nativeType: 'bigint' },
    { name: 'name', type: 'string', nullable: false, nativeType: 'varchar(200)' },
    { name: 'note', type: 'string', nullable: true, nativeType: 'varchar(2000)' },
  ],
  key: [0],
}

const notes = [null, '', 'plain', 'tab\tand\nline', 'quote " \' \\ backslash', 'été 東京', '😀']

/**
 * Rows with what breaks readers: ids with gaps, nulls, empty text, delimiters and escapes, several bytes a character,
 * and now and then a row much larger than the rest. The same for the same `rowCount`.
 */
export function sampleDataset(rowCount: number): Dataset {
  const rows = Array.from({ length: rowCount }, (_, index): Cell[] => {
    const isLarge = index % 97 === 96
    return [
      index * 3 + 1,
      `name ${index}`,
      isLarge ? 'large '.repeat(250) : (notes[index % notes.length] ?? null),
    ]
  })
  return { schema: sampleSchema, rows }
}

/** Text that is equal for equal cells whatever form they take: a safe integer and its digits, say. */
export function cellKey(cell: Cell): string {
  if (cell === null) return 'null'
  if (cell === undefined) return 'undefined'
  if (typeof cell === 'object') return `bytes:${Buffer.from(cell).toString('hex')}`
  return `${typeof cell === 'boolean' ? 'bool' : 'text'}:${cell}`
}

/** Text that is equal for equal rows, see {@link cellKey}. */
export function rowKey(row: readonly Cell[]): string {
  return JSON.stringify(row.map(cellKey))
}
