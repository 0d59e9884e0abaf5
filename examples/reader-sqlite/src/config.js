import { z, stringOrList } from '@millrace/core/plugin'

/** Logical types a column may be read as, see cells.js. */
export const readableTypes = /** @type {const} */ ([
  'bool',
  'int',
  'float',
  'decimal',
  'string',
  'bytes',
  'date',
  'time',
  'datetime',
  'timestamptz',
  'uuid',
  'json',
])

/** Parameters of the step. Unknown ones pass: Millrace itself names the nearest known one. */
export const configSchema = z.looseObject({
  file: z.string().min(1).describe('SQLite database file, relative to the working directory.'),
  table: stringOrList().describe('Table or view to read; a list reads several.'),
  columns: stringOrList()
    .optional()
    .describe('Columns in the order of the cells (default: all, in the order of the table).'),
  where: z.string().optional().describe('Condition in SQL: only rows that meet it are read.'),
  splitPk: z
    .string()
    .optional()
    .describe(
      'Indexed integer column whose ranges cut the table (default: rowid, or the first column of the primary key where there is none).',
    ),
  types: z
    .record(z.string(), z.enum(readableTypes))
    .optional()
    .describe('Types of columns that hold something else than they are declared as, by name.'),
})

/** @typedef {import('@millrace/core/plugin').ConfigOf<typeof configSchema>} Config */

/**
 * The columns that are named, `undefined` for all.
 *
 * @param {Config} config
 */
export function namedColumns({ columns = [] }) {
  return columns.length === 0 || (columns.length === 1 && columns[0] === '*') ? undefined : columns
}
