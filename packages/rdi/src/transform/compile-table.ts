import { PluginError, type Logger } from '@millrace/core/plugin'
import type { Field, TableSchema } from '@millrace/core/record'
import { nearestName } from '@millrace/core/dialect'
import type { LookupConnection } from '../lookup/lookup-connection.ts'
import { FullRecordBuilder, RecordBuilder, type TableNames } from '../record/record-builder.ts'
import type { ValueSettings } from '../record/record-value.ts'
import { compileBlock } from './blocks/compile-block.ts'
import type { CompiledBlock } from './blocks/compiled-block.ts'
import type { ExpressionCompiler } from './expression-compiler.ts'
import type { ExpressionFields, ProgramCache } from './expression-set.ts'
import { FieldLayout } from './field-layout.ts'
import { neededColumns } from './job-expressions.ts'
import { OutputCells } from './output-cells.ts'
import { RecordTransform } from './record-transform.ts'
import type { Route } from './route.ts'
import { columnField, RowLayout } from './row-layout.ts'
import { passRows, type TableTransform } from './table-transform.ts'
import { warnOfUnknown } from './unknown-fields.ts'

/** What the transforms of all tables share. */
export interface TableContext {
  readonly values: ValueSettings
  readonly dropsUnsupported: boolean
  readonly programs: ProgramCache
  readonly fieldsOf: ExpressionCompiler['fieldsOf']
  readonly logger: Logger
  /** Nothing may be written anywhere. */
  readonly writesNothing: boolean
  lookup(connection: string): LookupConnection
}

/** A table, as far as transforms see more of it than its columns. */
export interface RoutedTable {
  readonly schema: TableSchema
  /** Positions of the columns that identify a row; empty when none do. */
  readonly key: readonly number[]
  readonly names: TableNames
}

/**
 * Prepares what a job does with the rows of one table.
 *
 * @throws PluginError CONFIG_INVALID when a block does not fit
 */
export async function compileTable(
  table: RoutedTable,
  route: Route,
  context: TableContext,
): Promise<TableTransform> {
  const { schema } = table
  if (route.plan.usesTableKey && table.key.length === 0) throw keyless(schema, route)
  const isKept = (column: Field) => !context.dropsUnsupported || !isUnsupported(column)
  const layout = new FieldLayout(schema.fields, route.job.rowFormat, isKept)
  const blocks = await compileBlocks(schema, route, layout, context)
  const absent = absentColumns(table, route, layout, context.logger)
  const needsRows =
    route.plan.columns.length > 0 || absent.length > 0 || changesBytes(schema, context)
  if (blocks.length === 0 && !needsRows) return passRows(plainSchema(table, route, isKept, context))
  return await compileRecords(table, route, { layout, blocks, absent }, context)
}

function keyless({ table, namespace }: TableSchema, { job }: Route): PluginError {
  const name = namespace === undefined ? table : `${namespace}.${table}`
  const where = job.file === undefined ? 'no job says' : `${job.file} does not say`
  return new PluginError({
    code: 'CONFIG_INVALID',
    message: `The table ${name} has no primary key, and ${where} what the keys of its rows are.`,
    hint: `Name columns that identify a row in config.yaml (tables: {${name}: {keys: […]}}), or give the output a key.`,
  })
}

/** Columns that are left out keep their place, so that text stays where it is: their new names make them no fields. */
function plainSchema(
  { schema, key }: RoutedTable,
  { name }: Route,
  isKept: (column: Field) => boolean,
  { values }: TableContext,
): TableSchema {
  const fields = schema.fields.map((column) => {
    const field = columnField(column, values)
    return isKept(column) ? field : { ...field, name: `$${column.name}` }
  })
  return { ...schema, route: name, key, fields }
}

async function compileBlocks(
  schema: TableSchema,
  { job }: Route,
  layout: FieldLayout,
  context: TableContext,
): Promise<readonly CompiledBlock[]> {
  const onRead = warnOfUnknown(schema, job, layout, context.logger)
  const blocks: CompiledBlock[] = []
  for (const [index, block] of job.blocks.entries()) {
    const label = `block ${index + 1} (${block.uses})`
    const fields = () => fieldsOf(layout, context.values, onRead)
    blocks.push(await compileBlock(block, { ...context, job, label, layout, fields }))
  }
  return blocks
}

async function compileRecords(
  { schema, key, names }: RoutedTable,
  { job, plan, name }: Route,
  made: {
    readonly layout: FieldLayout
    readonly blocks: readonly CompiledBlock[]
    readonly absent: readonly string[]
  },
  { values, programs, logger }: TableContext,
): Promise<TableTransform> {
  const { layout, blocks, absent } = made
  const onRead = warnOfUnknown(schema, job, layout, logger)
  const needed = neededColumns(schema.fields, job, plan)
  const expressions = plan.columns.flatMap((one) => ('expression' in one ? [one.expression] : []))
  const program = await programs.compile(expressions, fieldsOf(layout, values, onRead))
  const partial = new RecordBuilder(schema.fields, needed, values)
  const full = new FullRecordBuilder(partial, new RecordBuilder(schema.fields, key, values), names)
  return new RecordTransform({
    partial,
    full: job.rowFormat === 'full' ? full : undefined,
    blocks,
    cells: new OutputCells(plan.columns, program, { schema, key, values }),
    rows: new RowLayout({
      schema: { ...schema, route: name },
      key,
      layout,
      computed: plan.columns,
      absent,
      values,
    }),
  })
}

function fieldsOf(
  layout: FieldLayout,
  { decimals }: ValueSettings,
  onRead: ExpressionFields['onRead'],
): ExpressionFields {
  const realFields = layout.realFields(
    ({ type }) => type === 'float' || (type === 'decimal' && decimals === 'double'),
  )
  return { realFields, names: layout.fieldNames, ...(onRead && { onRead }) }
}

/** Columns that outputs name and the table has not: RDI takes them for empty. */
function absentColumns(
  { schema }: RoutedTable,
  { job, plan }: Route,
  { fields }: FieldLayout,
  logger: Logger,
): readonly string[] {
  const absent = plan.named.filter((name) => !fields.has(name))
  // Documents may have them yet.
  if (schema.documents !== undefined) return absent
  for (const name of absent) {
    const nearest = nearestName(name, fields.keys())
    const hint = nearest === undefined ? '' : `; did you mean ${JSON.stringify(nearest)}?`
    logger.warn(
      `${job.file ?? 'the default job'} writes the field ${JSON.stringify(name)}, which rows of ${schema.table} do not have${hint}`,
    )
  }
  return absent
}

function changesBytes({ fields }: TableSchema, { values }: TableContext): boolean {
  return values.binary !== 'base64' && fields.some(({ type }) => type === 'bytes')
}

/** Whether RDI leaves columns of that type out: intervals, and bits unless they are a single one. */
function isUnsupported({ nativeType }: Field): boolean {
  return /^(?:interval\b(?!.*\[)|bit varying\b|bit\((?!1\)))(?!.*\[)/i.test(nativeType)
}
