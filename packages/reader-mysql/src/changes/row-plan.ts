import { PluginError } from '@millrace/core/plugin'
import type { Field, LogicalType, Row, TableSchema } from '@millrace/core/record'
import type { CatalogueColumn, DescribedObject } from '../snapshot/source-object.ts'
import { typeNumber } from '../types/native-types.ts'
import type { CellFormat, RowCursor } from './cell-reader.ts'
import type { CharsetDecodings } from './charset-decodings.ts'
import { columnFormat } from './column-format.ts'
import { isSameType } from './definition-match.ts'
import { logType } from './log-types.ts'
import type { LoggedColumn, TableMap } from './table-map.ts'

/** How the rows of one table are read from row events. */
export interface RowPlan {
  readonly schema: TableSchema
  /** One for each column of the table. */
  readonly formats: readonly CellFormat[]
  /** Where the cell of each column of the table stands in the row; -1: nobody wants it. */
  readonly targets: readonly number[]
  /** Every row begins as a copy of it. */
  readonly emptyRow: Row
}

/** The plan for a table that is as the catalogue shows it. */
export function plannedByCatalogue(
  map: TableMap,
  described: DescribedObject,
  charsets: CharsetDecodings,
): RowPlan {
  const { catalogue, tableColumns, schema } = described
  const targets = catalogue.map(({ name }) => tableColumns.indexOf(name))
  return {
    schema,
    formats: formatsOf(map, catalogue, charsets),
    targets,
    emptyRow: emptyRowOf(schema.fields),
  }
}

/**
 * The plan for rows that were written when the table had another definition than now, of which the log tells the names.
 *
 * @param version - of the schema
 */
export function plannedByLog(
  map: TableMap,
  described: DescribedObject,
  charsets: CharsetDecodings,
  version: number,
): RowPlan {
  const { object, schema: now, tableColumns, catalogue } = described
  const known = map.columns.map((logged) =>
    catalogue.find((column) => column.name === logged.name && isSameType(logged, column)),
  )
  const wanted =
    object.columns === undefined ? map.columns.map(({ name }) => name ?? '') : [...tableColumns]
  const fields = wanted.map((name, index): Field => {
    const at = map.columns.findIndex((logged) => logged.name === name)
    const current = now.fields[tableColumns.indexOf(name)] ?? now.fields[index]
    const logged = map.columns[at]
    if (logged === undefined || known[at] !== undefined) {
      const described = now.fields[tableColumns.indexOf(name)]
      if (described !== undefined) return described
    }
    return fieldOfLog(name ?? current?.name ?? '', logged)
  })
  const key = now.key
    .map((position) => wanted.indexOf(tableColumns[position]))
    .filter((position) => position !== -1)
  return {
    schema: { ...now, version, fields, key: key.length === now.key.length ? key : [] },
    formats: formatsOf(map, known, charsets),
    targets: map.columns.map(({ name }) => wanted.indexOf(name ?? '')),
    emptyRow: emptyRowOf(fields),
  }
}

function emptyRowOf(fields: readonly Field[]): Row {
  return fields.map(() => undefined)
}

function formatsOf(
  map: TableMap,
  known: readonly (CatalogueColumn | undefined)[],
  charsets: CharsetDecodings,
): readonly CellFormat[] {
  return map.columns.map((logged, index) => {
    const format = columnFormat({ logged, known: known[index] }, charsets)
    if (format !== undefined) return format
    const name = known[index]?.name ?? logged.name ?? `${index + 1}`
    throw new PluginError({
      code: 'SOURCE_FAILED',
      message: `following changes of table ${map.database}.${map.table}: column ${name} has the type ${logged.type}, which this version does not know`,
      hint: 'Leave the table out, or use a newer version of the reader.',
    })
  })
}

const logicalTypes: Readonly<Record<number, LogicalType>> = {
  [typeNumber.tinyint]: 'int',
  [typeNumber.smallint]: 'int',
  [typeNumber.mediumint]: 'int',
  [typeNumber.int]: 'int',
  [typeNumber.bigint]: 'int',
  [typeNumber.year]: 'int',
  [typeNumber.float]: 'float',
  [typeNumber.double]: 'float',
  [typeNumber.newDecimal]: 'decimal',
  [typeNumber.date]: 'date',
  [typeNumber.newDate]: 'date',
  [logType.time2]: 'time',
  [typeNumber.time]: 'time',
  [logType.datetime2]: 'datetime',
  [typeNumber.datetime]: 'datetime',
  [logType.timestamp2]: 'timestamptz',
  [typeNumber.timestamp]: 'timestamptz',
  [typeNumber.json]: 'json',
  [typeNumber.geometry]: 'bytes',
  [typeNumber.vector]: 'bytes',
}

const binaryCollation = 63

/** A column that the table has no more, or of another type. */
function fieldOfLog(name: string, logged: LoggedColumn | undefined): Field {
  const { type = typeNumber.varchar, meta = 0, collation } = logged ?? {}
  const bitType = meta === 1 ? 'bool' : 'bytes'
  const textType = collation === binaryCollation ? 'bytes' : 'string'
  const logical = type === typeNumber.bit ? bitType : (logicalTypes[type] ?? textType)
  return { name, type: logical, nullable: true, nativeType: `type ${type}` }
}

/** Reads one row image, of which every column is there, from the NULL bits on. */
export function readRow({ emptyRow, formats, targets }: RowPlan, cursor: RowCursor): Row {
  const { bytes } = cursor
  const row = emptyRow.slice()
  const nullsAt = cursor.offset
  const count = formats.length
  cursor.offset += (count + 7) >> 3
  for (let index = 0; index < count; index += 1) {
    const target = targets[index]!
    if ((bytes[nullsAt + (index >> 3)]! & (1 << (index & 7))) !== 0) {
      if (target >= 0) row[target] = null
    } else if (target >= 0) row[target] = formats[index]!.read(cursor)
    else formats[index]!.skip(cursor)
  }
  return row
}
