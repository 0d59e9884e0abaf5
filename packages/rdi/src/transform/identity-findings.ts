import type { TableSchema } from '@millrace/core/record'
import type { Expression, MapObject, Output, TransformBlock } from '../model/table-job.ts'
import { reads } from '../record/mentioned-names.ts'
import type { RoutedTable } from './compile-table.ts'
import { expressionsOf } from './job-expressions.ts'
import type { RouteFinding } from './route-findings.ts'
import type { Route } from './route.ts'

/** Something of a job that looks at the row before a change. */
interface Need {
  readonly severity: RouteFinding['severity']
  /** `the key of output 1`. */
  readonly what: string
  readonly columns: readonly number[]
  /** What goes wrong without them. */
  readonly consequence: string
}

/**
 * What a job needs to know of rows before they changed, and changes of the table do not tell. An error where an update would
 * leave what it wrote earlier under another key or member behind; a warning where a delete or a condition is met by too little.
 */
export function identityFindings(
  table: RoutedTable,
  { job, plan }: Route,
): readonly RouteFinding[] {
  const { schema } = table
  const { identity } = schema
  if (identity === undefined) return []
  const connections = job.outputs.filter((output) => plan.connection === output.connection)
  const needs = [
    ...connections.flatMap((output) =>
      outputNeeds(output, `output ${job.outputs.indexOf(output) + 1}`, table, job.blocks),
    ),
    ...filterNeeds(job.blocks, schema),
    ...beforeNeeds(job, schema),
  ]
  return needs.flatMap(({ severity, what, columns, consequence }): readonly RouteFinding[] => {
    const missing = columns.filter((column) => !identity.includes(column))
    if (missing.length === 0) return []
    const names = missing.map((column) => schema.fields[column]?.name ?? '').join(', ')
    const place = job.file ?? 'the default job'
    const finding = {
      severity,
      message: `${place}: ${what} depends on ${names} of the table ${nameOf(schema)}, which its changes do not give as they were before: ${consequence}`,
      hint: `Have the source log whole rows: ${statementFor(schema)}.`,
    }
    return [finding]
  })
}

function outputNeeds(
  { dataType, key, nest, arguments: named }: Output,
  label: string,
  { schema, key: tableKey }: RoutedTable,
  blocks: readonly TransformBlock[],
): readonly Need[] {
  const place = (what: string, columns: readonly number[], isMember = false): Need => {
    if (dataType === 'stream') {
      const consequence = 'deletes cannot be written and become dirty records'
      return { severity: 'warning', what, columns, consequence }
    }
    const left = isMember ? 'the member' : 'the key'
    const consequence = `an update that changes them, or a delete, would leave ${left} of the row before behind`
    return { severity: 'error', what, columns, consequence }
  }
  if (nest !== undefined) {
    const columns = [nest.childKey, nest.nestingKey].flatMap((name) =>
      columnsBehind([], name, blocks, schema),
    )
    return [place(`the place of ${label} in its parent`, columns, true)]
  }
  const keyColumns = key === undefined ? tableKey : columnsBehind([key], undefined, blocks, schema)
  const needs = [place(`the key of ${label}`, keyColumns)]
  if (named.member !== undefined && dataType !== 'stream') {
    const columns = columnsBehind([], named.member, blocks, schema)
    needs.push(place(`the member of ${label}`, columns, true))
  }
  return needs
}

function filterNeeds(blocks: readonly TransformBlock[], schema: TableSchema): readonly Need[] {
  return blocks.flatMap((block, at): readonly Need[] => {
    if (block.uses !== 'filter') return []
    const columns = columnsBehind([block.expression], undefined, blocks.slice(0, at), schema)
    const consequence = 'deletes pass it, also those of rows that it kept out'
    return [{ severity: 'warning', what: `block ${at + 1} (filter)`, columns, consequence }]
  })
}

/** Expressions over `before` of full records. */
function beforeNeeds({ rowFormat, ...job }: Route['job'], schema: TableSchema): readonly Need[] {
  if (rowFormat !== 'full') return []
  const readers = expressionsOf({ rowFormat, ...job }).filter((one) => reads(one, 'before'))
  const columns = schema.fields.flatMap(({ name }, index) =>
    readers.some((one) => reads(one, name)) ? [index] : [],
  )
  const consequence = 'before is null there for updates, and holds nothing else for deletes'
  return [{ severity: 'warning', what: 'an expression over before', columns, consequence }]
}

/** Columns that expressions, or a field, are made of, through all that blocks before did to the fields they read. */
export function columnsBehind(
  expressions: readonly Expression[],
  field: string | undefined,
  blocks: readonly TransformBlock[],
  schema: TableSchema,
): readonly number[] {
  const read = [...expressions]
  const fields = new Set(field === undefined ? [] : [field])
  const isRead = (name: string) =>
    fields.has(name) || read.some((one) => reads(one, lastStep(name)))
  for (const block of blocks.toReversed()) {
    switch (block.uses) {
      case 'add_field':
        for (const one of block.fields)
          if (isRead(one.field) || fields.has(lastStep(one.field))) read.push(one.expression)
        break
      case 'rename_field':
        for (const one of block.fields) if (isRead(one.to)) fields.add(one.from)
        break
      case 'map':
        read.push(...mapped(block.expression))
        break
      case 'redis.lookup':
        if (isRead(block.field)) read.push(...block.arguments)
        break
      case 'remove_field':
      case 'filter':
        break
    }
  }
  return schema.fields.flatMap(({ name }, index) => (isRead(name) ? [index] : []))
}

function mapped(expression: Expression | MapObject): readonly Expression[] {
  if (!('fields' in expression)) return [expression]
  return expression.fields.flatMap(({ value }) => mapped(value))
}

/** `after.status` is read as `status`. */
function lastStep(path: string): string {
  return path.split('.').at(-1) ?? path
}

/** What makes the source give the row before a change. */
export function statementFor(schema: TableSchema): string {
  if (schema.documents === undefined)
    return `ALTER TABLE ${quotedName(schema)} REPLICA IDENTITY FULL (PostgreSQL)`
  const { table, namespace } = schema
  const database = namespace === undefined ? '' : `use ${namespace}, then `
  return `${database}db.runCommand({collMod: ${JSON.stringify(table)}, changeStreamPreAndPostImages: {enabled: true}}) (MongoDB 6.0 and later)`
}

export function nameOf({ namespace, table }: TableSchema): string {
  return namespace === undefined ? table : `${namespace}.${table}`
}

function quotedName({ namespace, table }: TableSchema): string {
  const quoted = (name: string) =>
    /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`
  return namespace === undefined ? quoted(table) : `${quoted(namespace)}.${quoted(table)}`
}
