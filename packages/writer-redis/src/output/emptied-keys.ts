import { PluginError } from '@millrace/core/plugin'
import { qualifiedName, type TableSchema } from '@millrace/core/record'
import { parseKeyTemplate } from '../encode/key-template.ts'
import { defaultKeyOf, type KeyPattern } from './default-key.ts'
import { tableWithSameKeys } from './shared-keys.ts'
import { outputsOf, type OutputRoutes, type WriterOutput } from './writer-output.ts'

/** Who has keys in the target. */
export interface EmptiedTarget {
  readonly routes: OutputRoutes
  /** All tables of the job. */
  readonly tables: Iterable<TableSchema>
  /** Tables, without schema, that other jobs write. */
  readonly sharedTables: readonly string[]
}

/**
 * Which keys outputs wrote of a table. Messages in streams stay, and so does what is told to, and keys that an output names as
 * a whole.
 *
 * @throws PluginError TARGET_UNFIT when keys of an output cannot be told from others
 */
export function emptiedKeys(
  schema: TableSchema,
  { routes, tables, sharedTables }: EmptiedTarget,
): readonly KeyPattern[] {
  const removed = (outputsOf(routes, schema.route) ?? []).filter(
    ({ type, onTruncate }) => type !== 'stream' && onTruncate !== 'ignore',
  )
  if (removed.length === 0) return []
  const keys = removed.map((output) => {
    const key = defaultKeyOf(output, schema)
    if (key === undefined) throw unknownKeys(schema, otherShape(output))
    return key
  })
  const other = tableWithSameKeys(routes, schema, tables)
  if (other !== undefined) {
    const shape = `${keys[0]?.prefix}…`
    throw unknownKeys(schema, `its keys are like those of ${qualifiedName(other)} (${shape})`)
  }
  if (sharedTables.includes(schema.table))
    throw unknownKeys(schema, `another source of the pipeline has a table of that name`)
  const named = namedKeys(routes)
  return [...new Map(keys.map((key) => [key.glob, key])).values()].map((key) => ({
    glob: key.glob,
    matches: (found) => key.matches(found) && !named.has(Buffer.from(found).toString('utf8')),
  }))
}

/** Keys that an output has for all of its rows. */
function namedKeys(routes: OutputRoutes): ReadonlySet<string> {
  const keys = Object.values(routes).flatMap((outputs) =>
    outputs.flatMap(({ key }) => {
      if (key === undefined || 'column' in key) return []
      const pieces = parseKeyTemplate(key.template, { mayBeConstant: true })
      const texts = pieces.flatMap((piece) => (piece.kind === 'text' ? [piece.text] : []))
      return texts.length === pieces.length ? [texts.join('')] : []
    }),
  )
  return new Set(keys)
}

function otherShape({ key, nest }: WriterOutput): string {
  return nest === undefined
    ? `its keys are made by ${key !== undefined && 'template' in key ? 'a template' : 'an expression'}, not of table, key column and value`
    : 'its rows are entries in documents of another table'
}

function unknownKeys(schema: TableSchema, reason: string): PluginError {
  return new PluginError({
    code: 'TARGET_UNFIT',
    message: `the source has emptied the table ${qualifiedName(schema)}, and what to remove of it cannot be told: ${reason}`,
    hint: 'Write "millrace: {on_truncate: ignore}" into the job or into config.yaml to have keys of emptied tables kept.',
  })
}
