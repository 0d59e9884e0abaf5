import { PluginError } from '@millrace/core/plugin'
import type { TableSchema } from '@millrace/core/record'
import type { WriterOutput } from './writer-output.ts'

/**
 * Globs that match the keys which outputs wrote of a table, for `SCAN`. Messages in streams stay, and so does what is told to.
 *
 * @throws PluginError TARGET_UNFIT when keys of an output cannot be told from others
 */
export function truncatePatterns(
  outputs: readonly WriterOutput[],
  schema: TableSchema,
): readonly string[] {
  const removed = outputs.filter(
    ({ type, onTruncate }) => type !== 'stream' && onTruncate !== 'ignore',
  )
  const prefixes = removed.map((output) => {
    const prefix = defaultKeyPrefix(output, schema)
    if (prefix === undefined) throw unknownKeys(output, schema)
    return prefix
  })
  return [...new Set(prefixes)].map((prefix) => `${escapedGlob(prefix)}*`)
}

/** Text that stands for itself in a glob. */
export function escapedGlob(text: string): string {
  return text.replaceAll(/[\\*?[\]^]/g, (sign) => `\\${sign}`)
}

/** What the default keys of a table begin with: its name and that of the first key column; `undefined` for other keys. */
export function defaultKeyPrefix(
  { key, nest }: WriterOutput,
  schema: TableSchema,
): string | undefined {
  if (nest !== undefined) return undefined
  if (key !== undefined) return 'column' in key && key.isDefault ? schema.keyPrefix : undefined
  const [first] = schema.key
  const column = first === undefined ? undefined : schema.fields[first]
  return column && `${schema.table}:${column.name}:`
}

function unknownKeys({ key, nest }: WriterOutput, { namespace, table }: TableSchema): PluginError {
  const name = namespace === undefined ? table : `${namespace}.${table}`
  const found =
    nest === undefined
      ? `its keys are made by ${key !== undefined && 'template' in key ? 'a template' : 'an expression'}`
      : 'its rows are entries in documents of another table'
  return new PluginError({
    code: 'TARGET_UNFIT',
    message: `the source has emptied the table ${name}, and what to remove of it cannot be told: ${found}, not table, key column and value`,
    hint: 'Write "millrace: {on_truncate: ignore}" into the job or into config.yaml to keep the keys, and remove them yourself where they should go.',
  })
}
