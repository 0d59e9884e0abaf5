import { PluginError } from '../plugin/errors.ts'
import { qualifiedName } from '../record/qualified-name.ts'
import { matchName, missingNameHint } from './match-name.ts'
import type { NamedTable, NamedTables, TablePattern } from './named-tables.ts'

/** What a reader tells of the tables of one data source; each is asked once. */
export interface TableCatalogue {
  /** Every schema or database that the user may see. */
  namespaces(): Promise<readonly string[]>
  /** Where a table without a namespace is looked for, in order. */
  defaultNamespaces(): Promise<readonly string[]>
  tables(namespace: string): Promise<readonly ListedTable[]>
}

/** A table that can be read. */
export interface ListedTable {
  readonly name: string
  /** Neither a view nor a part of another table. */
  readonly isOrdinary: boolean
}

/** A table of the job with the names that the source has for it, or why there is none. */
export type ResolvedTable =
  | { readonly namespace: string; readonly name: string; readonly entry: NamedTable }
  | { readonly fault: PluginError; readonly label: string }

/** Finds every table that a job names, in its order; those of whole namespaces are in the order of their names. */
export async function resolveTables(
  named: NamedTables,
  catalogue: TableCatalogue,
): Promise<readonly ResolvedTable[]> {
  const finder = new TableFinder(catalogue)
  const resolved: ResolvedTable[] = []
  for (const schema of named.schemas ?? []) resolved.push(...(await finder.allOf(schema, named)))
  if (named.schemas !== undefined && resolved.length === 0) resolved.push(nothingLeft(named))
  for (const entry of named.tables ?? []) resolved.push(await finder.find(entry))
  const seen = new Set<string>()
  return resolved.map((table) => {
    if ('fault' in table) return table
    const label = qualifiedName({ namespace: table.namespace, table: table.name })
    if (!seen.has(label)) {
      seen.add(label)
      return table
    }
    const message = `the job names the table ${label} twice`
    return { label, fault: new PluginError({ code: 'CONFIG_INVALID', message, hint: 'Keep one.' }) }
  })
}

class TableFinder {
  readonly #catalogue: TableCatalogue
  readonly #tables = new Map<string, readonly ListedTable[]>()
  #namespaces: readonly string[] | undefined
  #defaults: readonly string[] | undefined

  constructor(catalogue: TableCatalogue) {
    this.#catalogue = catalogue
  }

  async allOf(
    schema: string,
    { onlyTables, exceptTables = [] }: NamedTables,
  ): Promise<readonly ResolvedTable[]> {
    const namespace = await this.#namespace(schema)
    if (typeof namespace !== 'string') return [{ label: schema, fault: namespace }]
    const all = await this.#tablesOf(namespace)
    const patterns = onlyTables ?? [{ matchesCase: false }]
    const tables = all.filter(({ name, isOrdinary }) => {
      const table = { namespace, name }
      const isWanted = patterns.some(
        (pattern) => (isOrdinary || pattern.table !== undefined) && fits(pattern, table),
      )
      return isWanted && !exceptTables.some((pattern) => fits(pattern, table))
    })
    if (onlyTables === undefined && !all.some(({ isOrdinary }) => isOrdinary)) {
      const fault = missing(`looking for the tables of ${namespace}: it has none`, undefined)
      return [{ label: namespace, fault }]
    }
    return tables
      .map(({ name }) => name)
      .sort((left, right) => (left < right ? -1 : 1))
      .map((name) => ({ namespace, name, entry: { table: name, keys: [] } }))
  }

  async find(entry: NamedTable): Promise<ResolvedTable> {
    const { schema, table } = entry
    const label = qualifiedName({ ...(schema === undefined ? {} : { namespace: schema }), table })
    const namespace = schema === undefined ? undefined : await this.#namespace(schema)
    if (namespace !== undefined && typeof namespace !== 'string') return { label, fault: namespace }
    const places = namespace === undefined ? await this.#defaultNamespaces() : [namespace]
    const candidates: string[] = []
    for (const place of places) {
      const names = (await this.#tablesOf(place)).map(({ name }) => name)
      const name = matchName(table, names)
      if (name !== undefined) return { namespace: place, name, entry }
      candidates.push(...names)
    }
    if (places.length === 0) {
      const hint = 'Give the entry its "schema", or name the database in the data source.'
      return { label, fault: missing(`looking for table ${label}: no schema is named`, hint) }
    }
    const found = `there is none of that name in ${places.join(', ')}`
    const hint = missingNameHint(table, candidates)
    return { label, fault: missing(`looking for table ${label}: ${found}`, hint) }
  }

  async #namespace(schema: string): Promise<string | PluginError> {
    this.#namespaces ??= await this.#catalogue.namespaces()
    const found = matchName(schema, this.#namespaces)
    if (found !== undefined) return found
    const hint = missingNameHint(schema, this.#namespaces)
    return missing(`looking for the tables of ${schema}: there is no such schema`, hint)
  }

  async #defaultNamespaces(): Promise<readonly string[]> {
    this.#defaults ??= await this.#catalogue.defaultNamespaces()
    return this.#defaults
  }

  async #tablesOf(namespace: string): Promise<readonly ListedTable[]> {
    const known = this.#tables.get(namespace)
    if (known !== undefined) return known
    const tables = await this.#catalogue.tables(namespace)
    this.#tables.set(namespace, tables)
    return tables
  }
}

function fits(
  { schema, table, matchesCase }: TablePattern,
  found: { readonly namespace: string; readonly name: string },
): boolean {
  const isSame = (wanted: string | undefined, name: string) =>
    wanted === undefined ||
    wanted === name ||
    (!matchesCase && wanted.toLowerCase() === name.toLowerCase())
  return isSame(schema, found.namespace) && isSame(table, found.name)
}

function nothingLeft({ schemas = [] }: NamedTables): ResolvedTable {
  const label = schemas.join(', ')
  const hint = 'Correct the names of the tables to be read.'
  return { label, fault: missing(`looking for tables in ${label}: none is left to be read`, hint) }
}

function missing(message: string, hint: string | undefined): PluginError {
  return new PluginError({
    code: 'SOURCE_OBJECT_MISSING',
    message,
    ...(hint === undefined ? {} : { hint }),
  })
}
