import { PluginError } from '@millrace/core/plugin'
import type { Field } from '@millrace/core/record'
import {
  nearestName,
  parseColumn,
  requireSplitColumn,
  selectStatement,
  type RelationalConfig,
} from '@millrace/core/sql'
import type { ColumnDefinition, SourceConnection } from '../connection/source-connection.ts'
import { sourceFaultOf, statementError, statementErrorCode } from '../connection/source-error.ts'
import { isUtf8Name } from '../types/charset-labels.ts'
import { isNotNull, logicalTypeOf, nativeTypeOf, typeNumber } from '../types/native-types.ts'
import { readCatalogue, readTableNames, readUniqueKeys } from './read-catalogue.ts'
import type { CatalogueColumn, DescribedObject, SourceObject } from './source-object.ts'
import { splitColumnOf } from './split-key.ts'
import { tableOrders } from './split-order.ts'
import { quoteName, type TableName } from './table-name.ts'

/**
 * Asks the server what an object's columns are, and with that whether it is there, may be read, and its statement is
 * accepted. No row is read: the statement is prepared and not run.
 *
 * @throws PluginError SOURCE_OBJECT_MISSING, SOURCE_NOT_PERMITTED, SOURCE_STATEMENT_INVALID, SOURCE_UNREACHABLE
 */
export async function describeObject(
  connection: SourceConnection,
  object: SourceObject,
  config: RelationalConfig,
  signal: AbortSignal,
): Promise<DescribedObject> {
  const { table } = object
  if (table === undefined) return describeQuery(connection, object, signal)
  const catalogue = await readCatalogue(connection, table, signal)
  const isStar = config.columns.includes('*')
  const wanted = isStar ? ['*'] : config.columns.map((text) => columnExpression(text, catalogue))
  let columns: readonly ColumnDefinition[]
  try {
    const sql = selectStatement(table.quoted, wanted, config.where)
    columns = await connection.columnsOf(sql, signal)
  } catch (error) {
    signal.throwIfAborted()
    throw await explained(connection, object, table, catalogue, error, signal)
  }
  checkSplitColumn(config, object, catalogue)
  const uniqueKeys = await readUniqueKeys(connection, table, signal)
  const expressions = isStar ? columns.map(({ name }) => quoteName(name)) : wanted
  const floats = columns.map(({ columnType }) => columnType === typeNumber.float)
  const known = columns.map((_, index) => catalogueColumnOf(expressions[index] ?? '', catalogue))
  const fields = columns.map((column, index) =>
    fieldOf(column, isStar ? undefined : config.columns[index], known[index]),
  )
  return {
    object,
    schema: { table: object.label, version: 1, fields, key: keyOf(known, catalogue) },
    columns,
    floats,
    selectList: expressions.map((text, index) => (floats[index] === true ? `(${text})+0e0` : text)),
    catalogue,
    ...tableOrders(
      catalogue,
      uniqueKeys,
      // One text may hold several columns; then nothing is known of what stands where.
      columns.length === expressions.length ? known : columns.map(() => undefined),
      !isUtf8Name(config.encoding),
    ),
  }
}

function checkSplitColumn(
  { splitPk }: RelationalConfig,
  { label }: SourceObject,
  catalogue: readonly CatalogueColumn[],
): void {
  if (splitPk === undefined) return
  const names = catalogue.map(({ name }) => name)
  requireSplitColumn(splitPk, label, names, splitColumnOf(splitPk, catalogue) !== undefined)
}

async function describeQuery(
  connection: SourceConnection,
  object: SourceObject,
  signal: AbortSignal,
): Promise<DescribedObject> {
  let columns: readonly ColumnDefinition[]
  try {
    columns = await connection.columnsOf(object.query ?? '', signal)
  } catch (error) {
    signal.throwIfAborted()
    throw statementError(`preparing ${object.label}`, error)
  }
  if (columns.length === 0) {
    throw new PluginError({
      code: 'SOURCE_STATEMENT_INVALID',
      message: `preparing ${object.label}: the statement gives no rows`,
      hint: 'querySql takes a statement that returns rows, a SELECT.',
    })
  }
  const fields = columns.map((column) => fieldOf(column, undefined, undefined))
  return {
    object,
    schema: { table: object.label, version: 1, fields, key: [] },
    columns,
    floats: columns.map(() => false),
    catalogue: [],
    uniqueKeys: [],
    orderable: [],
    selected: [],
  }
}

/** A bare word that is a column gets its quotes, so that a column may be called `key`; all else is pasted. */
function columnExpression(text: string, catalogue: readonly CatalogueColumn[]): string {
  const { kind, name } = parseColumn(text)
  if (kind !== 'plain') return text
  const column = columnNamed(name, catalogue)
  return column === undefined ? text : quoteName(column.name)
}

function catalogueColumnOf(
  expression: string,
  catalogue: readonly CatalogueColumn[],
): CatalogueColumn | undefined {
  if (!expression.startsWith('`')) return undefined
  const { kind, name } = parseColumn(expression)
  return kind === 'quoted' ? columnNamed(name, catalogue) : undefined
}

function columnNamed(
  name: string,
  catalogue: readonly CatalogueColumn[],
): CatalogueColumn | undefined {
  const wanted = name.toLowerCase()
  return catalogue.find((column) => column.name.toLowerCase() === wanted)
}

function fieldOf(
  column: ColumnDefinition,
  text: string | undefined,
  known: CatalogueColumn | undefined,
): Field {
  return {
    name: text === undefined ? column.name : parseColumn(text).name,
    type: logicalTypeOf(column),
    nullable: known?.isNullable ?? !isNotNull(column),
    nativeType: known?.columnType ?? nativeTypeOf(column),
  }
}

/** Positions of the primary key, when all of it is read. */
function keyOf(
  known: readonly (CatalogueColumn | undefined)[],
  catalogue: readonly CatalogueColumn[],
): number[] {
  const parts = catalogue.filter((column) => column.isPrimaryKey)
  const positions = parts.map((part) => known.indexOf(part))
  return positions.includes(-1) ? [] : positions
}

/** The error of a table's statement, with the nearest name of what is missing. */
async function explained(
  connection: SourceConnection,
  object: SourceObject,
  table: TableName,
  catalogue: readonly CatalogueColumn[],
  error: unknown,
  signal: AbortSignal,
): Promise<PluginError> {
  const fault = sourceFaultOf(error)
  const doing = `preparing to read table ${object.label}`
  if (statementErrorCode(fault) !== 'SOURCE_OBJECT_MISSING') return statementError(doing, error)
  if (fault.errno === noDatabase) {
    return statementError(doing, error, 'Name the database in the data source, or write db.table.')
  }
  const isColumn = fault.errno === unknownColumn
  const candidates = isColumn
    ? catalogue.map(({ name }) => name)
    : await readTableNames(connection, table, signal)
  const missing = isColumn ? missingColumnOf(fault.message) : (table.name ?? table.text)
  const nearest = nearestName(missing, candidates)
  const list = isColumn ? `The columns are ${candidates.join(', ')}.` : undefined
  return statementError(doing, error, nearest === undefined ? list : `Did you mean ${nearest}?`)
}

const noDatabase = 1046
const unknownColumn = 1054

function missingColumnOf(message: string): string {
  return /'([^']*)'/.exec(message)?.[1]?.split('.').at(-1) ?? ''
}
