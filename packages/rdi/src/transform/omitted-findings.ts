import type { TableSchema } from '@millrace/core/record'
import type { Expression, Output, TransformBlock } from '../model/table-job.ts'
import type { RoutedTable } from './compile-table.ts'
import { columnsBehind, nameOf, statementFor } from './identity-findings.ts'
import { blockExpressions } from './job-expressions.ts'
import type { RouteFinding } from './route-findings.ts'
import type { Route } from './route.ts'

/** Something of a job that takes every column of a row from its change. */
interface Need {
  /** `output 1 (stream)`. */
  readonly what: string
  readonly columns: readonly number[]
  /** What an update does that leaves a large value as it is. */
  readonly consequence: string
}

/**
 * Where a job needs large values that the source does not send with an update that leaves them as they are. Hashes and documents
 * keep what they have; whatever is made of such a value cannot.
 */
export function omittedFindings(
  { schema }: RoutedTable,
  { job, plan }: Route,
): readonly RouteFinding[] {
  const omittable = new Set(schema.omittable ?? [])
  if (omittable.size === 0) return []
  const outputs = job.outputs.flatMap((output, index) =>
    output.connection === plan.connection
      ? outputNeeds(output, `output ${index + 1} (${output.dataType})`, job.blocks, schema)
      : [],
  )
  return [...blockNeeds(job.blocks, schema), ...outputs].flatMap(
    ({ what, columns, consequence }): readonly RouteFinding[] => {
      const names = columns
        .filter((column) => omittable.has(column))
        .map((column) => schema.fields[column]?.name ?? '')
      if (names.length === 0) return []
      return [
        {
          severity: 'warning',
          message: `${job.file ?? 'the default job'}: ${what} needs ${names.join(', ')} of the table ${nameOf(schema)}; an update that leaves a large value (TOAST) as it is comes without it: ${consequence}`,
          hint: `Have the source log whole rows: ${statementFor(schema)}.`,
        },
      ]
    },
  )
}

function outputNeeds(
  { dataType, mapping, arguments: named }: Output,
  what: string,
  blocks: readonly TransformBlock[],
  schema: TableSchema,
): readonly Need[] {
  const behind = (fields: readonly string[]) => [
    ...new Set(fields.flatMap((field) => columnsBehind([], field, blocks, schema))),
  ]
  if (dataType === 'stream') {
    const fields = mapping?.map(({ column }) => column) ?? remaining(blocks, schema)
    return [{ what, columns: behind(fields), consequence: 'its entry lacks the field' }]
  }
  const fields = [named.value, named.score].filter((name) => name !== undefined)
  return [{ what, columns: behind(fields), consequence: 'it becomes a dirty record' }]
}

/** Columns that no block takes out. */
function remaining(blocks: readonly TransformBlock[], schema: TableSchema): readonly string[] {
  const removed = new Set(
    blocks.flatMap((block) =>
      block.uses === 'remove_field' ? block.fields.map(({ field }) => field) : [],
    ),
  )
  return schema.fields.map(({ name }) => name).filter((name) => !removed.has(name))
}

function blockNeeds(blocks: readonly TransformBlock[], schema: TableSchema): readonly Need[] {
  return blocks.flatMap((block, at): readonly Need[] => {
    const need = (expressions: readonly Expression[], consequence: string): readonly Need[] => {
      const columns = columnsBehind(expressions, undefined, blocks.slice(0, at), schema)
      return [{ what: `block ${at + 1} (${block.uses})`, columns, consequence }]
    }
    const expressions = blockExpressions(block)
    if (block.uses === 'filter') return need(expressions, 'it becomes a dirty record')
    if (block.uses === 'remove_field' || block.uses === 'rename_field') return []
    return need(expressions, 'what is made of it stays as it was')
  })
}
