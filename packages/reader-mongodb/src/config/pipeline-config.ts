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

const tableEntry = z
  .looseObject({
    schema: z.string().optional().describe('Database; default: that of the data source.'),
    table: z.string().describe('Name of the collection; in any case when only one has it.'),
    excludeColumns: z
      .array(z.string())
      .optional()
      .describe('Fields of the documents themselves that are left out; never _id.'),
  })
  .describe('One collection.')

/** What entries have for tables, and documents have nothing for. */
const tableKeys = {
  columns: 'List the fields that are not wanted in "excludeColumns".',
  keys: 'Remove it: documents are known by _id.',
  sql: 'Remove it; a job with collectionName takes a "query".',
} as const

/** The parameters of a job that reads whole documents of several collections, as pipelines do. */
export const pipelineParameters = {
  ...namedTableParameters,
  tables: z
    .array(tableEntry)
    .optional()
    .describe(
      'Collections that are read one after the other, whole documents; instead of collectionName and column.',
    ),
  schemas: namedTableParameters.schemas.describe(
    'Databases whose collections are all read, views excepted; instead of tables.',
  ),
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

/** Of jobs with columns: what decides which documents come, and then how they come. */
const columnJobKeys = ['collectionName', 'column', 'query', 'hint'] as const
const columnJobSettings = [
  'batchSize',
  'cursorTimeoutInMs',
  'splitFactor',
  'objectIdOutputType',
  'enableJsonPrintNull',
  'jsonFormat',
  'snapshot',
] as const

const parameters = z.looseObject(pipelineParameters)
type PipelineParameters = z.output<typeof parameters>

/** Whole documents of several collections. */
export interface PipelineConfig {
  readonly named: NamedTables
  /** Fields that are left out, by the entries of `named.tables`. */
  readonly excluded: readonly (readonly string[])[]
  /** Given beside, without effect. */
  readonly ignoredKeys: readonly string[]
  /** Keys that only tables have, by their entries. */
  readonly tableKeys: readonly (readonly [number, keyof typeof tableKeys])[]
  readonly form: ValueForm
  readonly fullDocument: 'lookup' | 'post_image' | 'fields'
  /** Documents as they were before changes: of all collections, of none, or of those that keep them. */
  readonly beforeImages: 'all' | 'none' | 'kept'
}

const tableKeyNames = Object.keys(tableKeys) as (keyof typeof tableKeys)[]

function isGiven(value: unknown): boolean {
  if (typeof value === 'string') return value.trim() !== ''
  return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== null
}

/** What of the parameters names several collections; `undefined` where nothing does. */
export function pipelineConfigOf(given: PipelineParameters): PipelineConfig | undefined {
  const { changes = {}, extendedJson = 'unwrapped', tables } = given
  const entries = tables?.map(({ schema, table }) => ({ schema, table }))
  const named = namedTablesOf({ ...given, tables: entries }, (statement) => statement)
  if (named === undefined) return undefined
  const conflicting = columnJobKeys.filter((key) => isGiven(given[key]))
  return {
    named: { ...named, conflictingKeys: [...new Set([...named.conflictingKeys, ...conflicting])] },
    excluded: (tables ?? []).map(({ excludeColumns = [] }) => excludeColumns),
    ignoredKeys: columnJobSettings.filter((key) => isGiven(given[key])),
    tableKeys: (tables ?? []).flatMap((table, at) =>
      tableKeyNames.filter((key) => isGiven(table[key])).map((key) => [at, key] as const),
    ),
    form: extendedJson,
    fullDocument: changes.fullDocument ?? 'lookup',
    beforeImages:
      changes.beforeImages === undefined ? 'kept' : changes.beforeImages ? 'all' : 'none',
  }
}

/** What is wrong with it without asking the server. */
export function pipelineFindings(config: PipelineConfig): readonly Finding[] {
  const { named, excluded, ignoredKeys } = config
  const fields = excluded.flatMap((names, table) =>
    names.flatMap((name, index): Finding[] => {
      const path = ['tables', table, 'excludeColumns', index]
      if (name === '_id') return [fieldError(path, '_id is the key, and cannot be left out')]
      return name.includes('.') || name.startsWith('$')
        ? [fieldError(path, `${JSON.stringify(name)} is no field of the document itself`)]
        : []
    }),
  )
  const given = named.tables === undefined ? 'schemas' : 'tables'
  return [
    ...namedTableFindings(named),
    ...config.tableKeys.map(([at, key]): Finding => {
      const message = 'does not go with documents, which are read whole'
      return { severity: 'error', path: ['tables', at, key], message, hint: tableKeys[key] }
    }),
    ...fields,
    ...ignoredKeys.map((key) => withoutEffect(key, `documents of ${given} are read whole`)),
  ]
}

/** What is wrong in a job that reads columns of one collection, and has parameters of whole documents. */
export function strayFindings(keys: readonly string[]): readonly Finding[] {
  return keys.map((key) => {
    if (choosingKeys.has(key)) {
      const message = `${key} chooses collections of schemas, which are not given`
      return { severity: 'error', path: [key], message, hint: 'Remove it, or give "schemas".' }
    }
    return withoutEffect(key, 'the job reads columns of one collection')
  })
}

/** Which parameters of whole documents are given. */
export function pipelineKeysOf(given: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.keys(pipelineParameters).filter((key) => isGiven(given[key]))
}

const choosingKeys: ReadonlySet<string> = new Set(['onlyTables', 'exceptTables'])

function withoutEffect(key: string, reason: string): Finding {
  return { severity: 'warning', path: [key], message: `${key} has no effect: ${reason}` }
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
