import { z, type Finding } from '@millrace/core/plugin'
import type { JsonValue, TableSchema } from '@millrace/core/record'
import {
  namedTableFindings,
  namedTableParameters,
  namedTablesIdentity,
  namedTablesOf,
  type NamedTables,
} from '@millrace/core/sql'
import type { ValueForm } from '../types/document-cells.ts'

const tableExtras = z.looseObject({
  excludeColumns: z.array(z.string()).optional(),
})

/** The parameters of a job that reads whole documents of several collections, as pipelines do. */
export const pipelineParameters = {
  ...namedTableParameters,
  changes: z
    .looseObject({
      fullDocument: z
        .enum(['lookup', 'post_image', 'fields'])
        .optional()
        .describe(
          'What updates bring: the document as it is when the server sends the change (lookup, default), as it was made by it, which the server has to keep (post_image), or the fields that were set or removed (fields; the document where something changed inside of one).',
        ),
      beforeImages: z
        .boolean()
        .optional()
        .describe(
          'Whether documents as they were before changes are asked for: true, and every collection has to keep them; false, never. Default: where a collection keeps them.',
        ),
    })
    .optional()
    .describe('How changes are followed.'),
  extendedJson: z
    .enum(['unwrapped', 'canonical'])
    .optional()
    .describe(
      'Values that JSON does not have: as themselves (default), or as canonical Extended JSON v2 ({"$numberLong": "1"}).',
    ),
} as const

const parameters = z.looseObject(pipelineParameters)
type PipelineParameters = z.output<typeof parameters>

/** Whole documents of several collections. */
export interface PipelineConfig {
  readonly named: NamedTables
  /** Fields that are left out, by the entries of `named.tables`. */
  readonly excluded: readonly (readonly string[])[]
  readonly form: ValueForm
  readonly fullDocument: 'lookup' | 'post_image' | 'fields'
  /** Documents as they were before changes: of all collections, of none, or of those that keep them. */
  readonly beforeImages: 'all' | 'none' | 'kept'
}

/** What of the parameters names several collections; `undefined` where nothing does. */
export function pipelineConfigOf(given: PipelineParameters): PipelineConfig | undefined {
  const named = namedTablesOf(given, (statement) => statement)
  if (named === undefined) return undefined
  const { changes = {}, extendedJson = 'unwrapped' } = given
  return {
    named,
    excluded: (given.tables ?? []).map((table) => tableExtras.parse(table).excludeColumns ?? []),
    form: extendedJson,
    fullDocument: changes.fullDocument ?? 'lookup',
    beforeImages:
      changes.beforeImages === undefined ? 'kept' : changes.beforeImages ? 'all' : 'none',
  }
}

/** What is wrong with it without asking the server. */
export function pipelineFindings({ named, excluded }: PipelineConfig): readonly Finding[] {
  const fields = excluded.flatMap((names, table) =>
    names.flatMap((name, index): Finding[] => {
      const path = ['tables', table, 'excludeColumns', index]
      if (name === '_id') return [fieldError(path, '_id is the key, and cannot be left out')]
      return name.includes('.') || name.startsWith('$')
        ? [fieldError(path, `${JSON.stringify(name)} is no field of the document itself`)]
        : []
    }),
  )
  return [...namedTableFindings(named), ...fields]
}

function fieldError(path: readonly (string | number)[], message: string): Finding {
  const hint = 'Name fields of the document itself; take parts of a field away with remove_field.'
  return { severity: 'error', path, message, hint }
}

/** What of it decides which rows come, and how they look: of all collections, or of one. */
export function pipelineIdentity(
  { named, excluded, form }: PipelineConfig,
  table?: Pick<TableSchema, 'table' | 'namespace'>,
): JsonValue {
  if (table === undefined) return { ...(namedTablesIdentity(named) as object), excluded, form }
  const entry = named.tables?.findIndex(
    (one) =>
      one.table.toLowerCase() === table.table.toLowerCase() &&
      (one.schema === undefined || one.schema.toLowerCase() === table.namespace?.toLowerCase()),
  )
  return { excluded: excluded[entry ?? -1] ?? [], form }
}
