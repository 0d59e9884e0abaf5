import { PluginError } from '@millrace/core/plugin'
import type { Field } from '@millrace/core/record'
import {
  fromClause,
  matchColumns,
  nearestName,
  parseColumn,
  requireSplitColumn,
  rowKey,
  schemaNames,
  selectStatement,
} from '@millrace/core/sql'
import type { ColumnDefinition, SourceConnection } from '../connection/source-connection.ts'
import { sourceFaultOf, statementError, statementErrorCode } from '../connection/source-error.ts'
import { isNotNull, logicalTypeOf, nativeTypeOf, typeNumber } from '../types/native-types.ts'
import { readCatalogue, readTableNames, readUniqueKeys } from './read-catalogue.ts'
import type { CatalogueColumn, DescribedObject, SourceObject } from './source-object.ts'
import { splitColumnOf } from './split-key.ts'
import { tableOrders } from './split-order.ts'
import { quoteName, type TableName } from './table-name.ts'

/** How an object is described. */
export interface DescribeOptions {
  readonly signal: AbortSignal
  /** Text comes in the character set of its column, and is then decoded. */
  readonly hasRawText: boolean
}

/**
 * Asks the server what an object's columns are, and with that whether it is there, may be read, and its statement is
 * accepted. No row is read: the statement is prepared and not run.
 *
 * @throws PluginError SOURCE_OBJECT_MISSING, SOURCE_NOT_PERMITTED, SOURCE_STATEMENT_INVALID, SOURCE_UNREACHABLE
 */
export async function describeObject(
  connection: SourceConnection,
  object: SourceObject,
  options: DescribeOptions,
): Promise<DescribedObject> {
  const { signal, hasRawText } = options
  const { table } = object
  if (object.fault !== undefined) throw object.fault
  if (table === undefined) return describeQuery(connection, object, signal)
  const catalogue = await readCatalogue(connection, table, signal)
  const from = fromClause(object, table.quoted)
  let wanted: readonly string[] | undefined
  let columns: readonly ColumnDefinition[]
  try {
    wanted = await wantedColumns(connection, object, from, catalogue, signal)
    const sql = selectStatement(from, wanted ?? ['*'], object.where)
    columns = await connection.columnsOf(sql, signal)
  } catch (error) {
    signal.throwIfAborted()
    throw await explained(connection, object, table, catalogue, error, signal)
  }
  checkSplitColumn(object, catalogue)
  const isStatement = object.named?.statement !== undefined
  const uniqueKeys = await readUniqueKeys(connection, table, signal)
  const expressions = wanted ?? columns.map(({ name }) => quoteName(name))
  const floats = columns.map(({ columnType }) => columnType === typeNumber.float)
  // What a statement gives under the name of a column may be anything.
  const known = columns.map((_, index) =>
    isStatement ? undefined : catalogueColumnOf(expressions[index] ?? '', catalogue),
  )
  const fields = columns.map((column, index) =>
    fieldOf(column, object.named ? undefined : object.columns?.[index], known[index]),
  )
  const names = isStatement ? fields.map(({ name }) => name) : known.map((column) => column?.name)
  const key = rowKey(object, { catalogue, uniqueKeys, columns: names })
  return {
    object,
    schema: { ...schemaNames(object), version: 1, fields, key },
    columns,
    floats,
    selectList: expressions.map((text, index) => (floats[index] === true ? `(${text})+0e0` : text)),
    tableColumns: names,
    catalogue,
    ...tableOrders(
      catalogue,
      isStatement ? [] : uniqueKeys,
      // One text may hold several columns; then nothing is known of what stands where.
      columns.length === expressions.length ? known : columns.map(() => undefined),
      hasRawText,
    ),
  }
}

/** The select list; `undefined` for all columns. */
async function wantedColumns(
  connection: SourceConnection,
  { columns, named, label }: SourceObject,
  from: string,
  catalogue: readonly CatalogueColumn[],
  signal: AbortSignal,
): Promise<readonly string[] | undefined> {
  if (columns === undefined) return undefined
  if (named === undefined) return columns.map((text) => columnExpression(text, catalogue))
  const there =
    named.statement === undefined
      ? catalogue
      : await connection.columnsOf(selectStatement(from, ['*']), signal)
  const names = there.map(({ name }) => name)
  return matchColumns(columns, names, `preparing to read table ${label}`).map(quoteName)
}

function checkSplitColumn(
  { splitPk, label }: SourceObject,
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
    tableColumns: columns.map(() => undefined),
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

/** The error of a table's statement, with the nearest name of what is missing. */
async function explained(
  connection: SourceConnection,
  object: SourceObject,
  table: TableName,
  catalogue: readonly CatalogueColumn[],
  error: unknown,
  signal: AbortSignal,
): Promise<PluginError> {
  if (PluginError.isInstance(error)) return error
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
