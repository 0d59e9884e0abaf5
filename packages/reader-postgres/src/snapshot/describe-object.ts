import type pg from 'pg'
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
  type UniqueKey,
} from '@millrace/core/sql'
import { sourceFaultOf, statementError, statementErrorCode } from '../connection/source-error.ts'
import { isArray, logicalTypeOf, type CatalogueType } from '../types/native-types.ts'
import { readCatalogue, readTableNames, readTypes, readUniqueKeys } from './read-catalogue.ts'
import type { CatalogueColumn, DescribedObject, SourceObject } from './source-object.ts'
import { splitColumnOf } from './split-key.ts'
import { tableOrders } from './split-order.ts'
import { quoteName, type TableName } from './table-name.ts'

/**
 * Asks the server what an object's columns are, and with that whether it is there, may be read, and its statement is
 * accepted. No row is read.
 *
 * @throws PluginError SOURCE_OBJECT_MISSING, SOURCE_NOT_PERMITTED, SOURCE_STATEMENT_INVALID, SOURCE_UNREACHABLE
 */
export async function describeObject(
  client: pg.Client,
  object: SourceObject,
): Promise<DescribedObject> {
  if (object.fault !== undefined) throw object.fault
  return object.table === undefined
    ? await describeQuery(client, object)
    : await describeTable(client, object, object.table)
}

async function describeTable(
  client: pg.Client,
  object: SourceObject,
  table: TableName,
): Promise<DescribedObject> {
  const doing = `preparing to read table ${object.label}`
  let catalogue: readonly CatalogueColumn[]
  let uniqueKeys: readonly UniqueKey[]
  try {
    catalogue = await readCatalogue(client, table)
    uniqueKeys = await readUniqueKeys(client, table)
  } catch (error) {
    throw statementError(doing, error)
  }
  const from = fromClause(object, table.text)
  let wanted: readonly string[] | undefined
  let columns: readonly pg.FieldDef[]
  try {
    wanted = await wantedColumns(client, object, from, catalogue, doing)
    columns = await columnsOf(client, selectStatement(from, wanted ?? ['*'], object.where))
  } catch (error) {
    throw await explained(client, doing, table, catalogue, error)
  }
  checkSplitColumn(object, catalogue)
  const isStatement = object.named?.statement !== undefined
  const expressions = wanted ?? columns.map(({ name }) => quoteName(name))
  // What a statement gives under the name of a column may be anything.
  const known = expressions.map((expression) =>
    isStatement ? undefined : catalogueColumnOf(expression, catalogue),
  )
  const types = await readTypes(client, [
    ...columns.map(({ dataTypeID }) => dataTypeID),
    ...catalogue.map(({ typeOid }) => typeOid),
  ])
  const fields = columns.map((column, index) =>
    fieldOf(column, object.named ? undefined : object.columns?.[index], known[index], types),
  )
  const names = isStatement ? fields.map(({ name }) => name) : known.map((column) => column?.name)
  const key = rowKey(object, { catalogue, uniqueKeys, columns: names })
  return {
    object,
    schema: { ...schemaNames(object), version: 1, fields, key },
    arrays: columns.map(({ dataTypeID }) => isArray(dataTypeID, types)),
    selectList: expressions,
    catalogue,
    ...tableOrders(
      catalogue,
      isStatement ? [] : uniqueKeys,
      // One text may hold several columns; then nothing is known of what stands where.
      columns.length === known.length ? known : columns.map(() => undefined),
      types,
    ),
  }
}

/** The select list; `undefined` for all columns. */
async function wantedColumns(
  client: pg.Client,
  { columns, named }: SourceObject,
  from: string,
  catalogue: readonly CatalogueColumn[],
  doing: string,
): Promise<readonly string[] | undefined> {
  if (columns === undefined) return undefined
  if (named === undefined) return columns.map((text) => columnExpression(text, catalogue))
  const there =
    named.statement === undefined
      ? catalogue
      : await columnsOf(client, selectStatement(from, ['*']))
  const names = there.map(({ name }) => name)
  return matchColumns(columns, names, doing).map(quoteName)
}

function checkSplitColumn(
  { splitPk, label }: SourceObject,
  catalogue: readonly CatalogueColumn[],
): void {
  if (splitPk === undefined) return
  const names = catalogue.map(({ name }) => name)
  requireSplitColumn(splitPk, label, names, splitColumnOf(splitPk, catalogue) !== undefined)
}

async function describeQuery(client: pg.Client, object: SourceObject): Promise<DescribedObject> {
  let columns: readonly pg.FieldDef[]
  try {
    columns = await columnsOf(client, object.query ?? '')
  } catch (error) {
    throw statementError(`preparing ${object.label}`, error)
  }
  const types = await readTypes(
    client,
    columns.map(({ dataTypeID }) => dataTypeID),
  )
  const fields = columns.map((column) => fieldOf(column, undefined, undefined, types))
  return {
    object,
    schema: { table: object.label, version: 1, fields, key: [] },
    arrays: columns.map(({ dataTypeID }) => isArray(dataTypeID, types)),
    catalogue: [],
    uniqueKeys: [],
    orderable: [],
    selected: [],
  }
}

async function columnsOf(client: pg.Client, sql: string): Promise<readonly pg.FieldDef[]> {
  const { fields } = await client.query({
    rowMode: 'array',
    text: `SELECT * FROM (${sql}\n) AS source LIMIT 0`,
  })
  return fields
}

/** A bare word that is a column gets its quotes, so that a column may be called `order`; all else is pasted. */
function columnExpression(text: string, catalogue: readonly CatalogueColumn[]): string {
  const { kind, name } = parseColumn(text)
  if (kind !== 'plain') return text
  const column =
    catalogue.find((candidate) => candidate.name === name) ??
    catalogue.find((candidate) => candidate.name === name.toLowerCase())
  return column === undefined ? text : quoteName(column.name)
}

function catalogueColumnOf(
  expression: string,
  catalogue: readonly CatalogueColumn[],
): CatalogueColumn | undefined {
  if (!expression.startsWith('"')) return undefined
  const { kind, name } = parseColumn(expression)
  return kind === 'quoted' ? catalogue.find((column) => column.name === name) : undefined
}

function fieldOf(
  column: pg.FieldDef,
  text: string | undefined,
  known: CatalogueColumn | undefined,
  types: ReadonlyMap<number, CatalogueType>,
): Field {
  return {
    name: text === undefined ? column.name : parseColumn(text).name,
    type: logicalTypeOf(column.dataTypeID, types),
    nullable: known?.isNullable ?? true,
    nativeType: known?.typeName ?? types.get(column.dataTypeID)?.name ?? 'unknown',
  }
}

const undefinedColumn = '42703'

/** The error of a table's statement, with the nearest name of what is missing. */
async function explained(
  client: pg.Client,
  doing: string,
  table: TableName,
  catalogue: readonly CatalogueColumn[],
  error: unknown,
): Promise<PluginError> {
  if (PluginError.isInstance(error)) return error
  const fault = sourceFaultOf(error)
  if (statementErrorCode(fault) !== 'SOURCE_OBJECT_MISSING') return statementError(doing, error)
  const isColumn = fault.state === undefinedColumn
  const candidates = isColumn
    ? catalogue.map(({ name }) => quotedIfNeeded(name))
    : await readTableNames(client, table)
  const missing = isColumn ? missingColumnOf(fault.message) : (table.name ?? table.text)
  const nearest = nearestName(missing, candidates)
  const list = isColumn ? `The columns are ${candidates.join(', ')}.` : undefined
  return statementError(doing, error, nearest === undefined ? list : `Did you mean ${nearest}?`)
}

function quotedIfNeeded(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : quoteName(name)
}

function missingColumnOf(message: string): string {
  return /column "?([^"]*?)"? does not exist/.exec(message)?.[1]?.split('.').at(-1) ?? ''
}
