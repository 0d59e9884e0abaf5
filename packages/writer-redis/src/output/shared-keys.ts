import type { Finding } from '@millrace/core/plugin'
import { qualifiedName, type TableSchema } from '@millrace/core/record'
import { defaultKeyOf, type DefaultKey } from './default-key.ts'
import { outputsOf, type OutputRoutes } from './writer-output.ts'

/** Another of the tables whose rows may have the default keys of this one. */
export function tableWithSameKeys(
  routes: OutputRoutes,
  schema: TableSchema,
  tables: Iterable<TableSchema>,
): TableSchema | undefined {
  const name = qualifiedName(schema)
  const keys = defaultKeysOf(routes, schema)
  for (const table of tables)
    if (qualifiedName(table) !== name && mayMeet(keys, defaultKeysOf(routes, table))) return table
  return undefined
}

/** Warns of tables whose rows have the same keys. */
export function sharedKeyFindings(
  routes: OutputRoutes,
  tables: readonly TableSchema[],
): readonly Finding[] {
  const all = tables.map((schema) => ({
    name: qualifiedName(schema),
    keys: defaultKeysOf(routes, schema),
  }))
  const reported = new Set<string>()
  return all.flatMap(({ name, keys }, at): Finding[] => {
    if (reported.has(name)) return []
    const others = all.slice(at + 1).filter((one) => one.name !== name && mayMeet(keys, one.keys))
    for (const other of others) reported.add(other.name)
    return others.length === 0 ? [] : [sharedKeys([name, ...others.map((one) => one.name)], keys)]
  })
}

function sharedKeys(names: readonly string[], [key]: readonly DefaultKey[]): Finding {
  return {
    severity: 'warning',
    path: ['outputs'],
    message: `rows of ${[...new Set(names)].join(', ')} may have the same keys (${key?.prefix}…): one overwrites the other, and what a TRUNCATE of one of these tables leaves cannot be told from the rest`,
    hint: 'Give the outputs keys of their own, or write "millrace: {on_truncate: ignore}" into the jobs to keep keys of emptied tables.',
  }
}

function defaultKeysOf(routes: OutputRoutes, schema: TableSchema): readonly DefaultKey[] {
  const outputs = outputsOf(routes, schema.route) ?? []
  return outputs.flatMap((output) => defaultKeyOf(output, schema) ?? [])
}

function mayMeet(keys: readonly DefaultKey[], others: readonly DefaultKey[]): boolean {
  return keys.some((key) => others.some((other) => key.mayMeet(other)))
}
