import type { Finding } from '../plugin/context.ts'
import { PluginError } from '../plugin/errors.ts'
import { qualifiedName } from '../record/qualified-name.ts'
import type { RelationalConfig } from './relational-config.ts'
import { resolveTables, type ResolvedTable, type TableCatalogue } from './resolve-tables.ts'

/** A table, or a statement of `querySql`, that the job reads. `Table` is how a reader knows a table name. */
export interface SourceObject<Table> {
  /** Position of its connection in the job. */
  readonly sourceIndex: number
  /** Position among the tables and statements of that connection. */
  readonly index: number
  /** Present for a table. */
  readonly table?: Table
  /** Present for a statement. */
  readonly query?: string
  /** For messages and split ids: the table as written, `querySql[0]`, or `public.orders` for a named table. */
  readonly label: string
  /** Path inside the parameters. */
  readonly path: readonly (string | number)[]
  /** Absent: all. As written, names and expressions; of a named table just names. */
  readonly columns?: readonly string[]
  readonly where?: string
  readonly splitPk?: string
  /** Present for a table that the job names by `tables` or `schemas`: one with columns of its own. */
  readonly named?: NamedObject
  /** Why it can't be read; thrown when it is described. */
  readonly fault?: PluginError
}

/** What is known of a table with columns of its own. */
export interface NamedObject {
  /** As the source has it. */
  readonly namespace: string
  /** As the source has it. */
  readonly name: string
  /** Columns that identify a row where the table has no key. */
  readonly keys: readonly string[]
  /** Gives the rows in the place of the table. */
  readonly statement?: string
}

/** How a reader names tables. */
export interface TableNaming<Table> {
  /** Reads a name as the job writes it. */
  parse(text: string): Table
  /** The table of exactly these names. */
  exactly(namespace: string, name: string): Table
  /** The tables of a data source; asked for only when the job has named tables. */
  catalogue(sourceIndex: number): TableCatalogue
}

/** All that a job reads, in its order. Named tables that are not there come with a `fault`. */
export async function sourceObjects<Table>(
  config: RelationalConfig,
  naming: TableNaming<Table>,
): Promise<readonly SourceObject<Table>[]> {
  const { named, where, splitPk } = config
  if (named !== undefined) {
    const resolved = await resolveTables(named, naming.catalogue(0))
    const isListed = named.tables !== undefined
    return resolved.map((table, index) => {
      const place = { sourceIndex: 0, index, path: isListed ? ['tables', index] : ['schemas'] }
      return { ...place, ...namedObject(table, naming) }
    })
  }
  return config.sources.flatMap((source, sourceIndex) => [
    ...source.tables.map((text, index) => ({
      sourceIndex,
      index,
      table: naming.parse(text),
      label: text,
      path: source.tablePath,
      ...(config.columns.includes('*') ? {} : { columns: config.columns }),
      ...(where === undefined ? {} : { where }),
      ...(splitPk === undefined ? {} : { splitPk }),
    })),
    ...source.queries.map((query, index) => ({
      sourceIndex,
      index: source.tables.length + index,
      query,
      label: `querySql[${index}]`,
      path: [...source.queryPath, index],
    })),
  ])
}

function namedObject<Table>(
  table: ResolvedTable,
  naming: TableNaming<Table>,
): Omit<SourceObject<Table>, 'sourceIndex' | 'index' | 'path'> {
  if ('fault' in table) return table
  const { namespace, name, entry } = table
  const { columns, keys, sql } = entry
  return {
    label: qualifiedName({ namespace, table: name }),
    table: naming.exactly(namespace, name),
    ...(columns === undefined ? {} : { columns }),
    named: { namespace, name, keys, ...(sql === undefined ? {} : { statement: sql }) },
  }
}

/** `table` and `namespace` of the schema of an object's rows. */
export function schemaNames({ named, label }: SourceObject<unknown>): {
  readonly table: string
  readonly namespace?: string
} {
  return named === undefined ? { table: label } : { table: named.name, namespace: named.namespace }
}

/**
 * What stands in a statement where the table's rows come from.
 *
 * @param quotedTable - the table, ready to stand there itself
 */
export function fromClause({ named }: SourceObject<unknown>, quotedTable: string): string {
  return named?.statement === undefined ? quotedTable : `(${named.statement}\n) AS source`
}

/**
 * Runs `describe` for every object and collects what comes back. Errors of several objects become one that names them
 * all, so that the user mends them together.
 *
 * @throws PluginError SOURCE_UNREACHABLE at once: the other objects would only say the same
 */
export async function describeAll<Table, Described>(
  objects: readonly SourceObject<Table>[],
  describe: (object: SourceObject<Table>) => Promise<Described>,
): Promise<readonly Described[]> {
  const described: Described[] = []
  const errors: PluginError[] = []
  for (const object of objects) {
    try {
      described.push(await describe(object))
    } catch (error) {
      if (!PluginError.isInstance(error) || error.code === 'SOURCE_UNREACHABLE') throw error
      errors.push(error)
    }
  }
  const [first] = errors
  if (first !== undefined) throw errors.length === 1 ? first : joined(first, errors)
  return described
}

function joined(first: PluginError, errors: readonly PluginError[]): PluginError {
  return new PluginError({
    code: first.code,
    message: errors
      .map(({ message, hint }) => `${message}${hint === undefined ? '' : ` ${hint}`}`)
      .join('\n'),
    cause: first.cause,
  })
}

/** The finding for objects that do not have as many columns as the first one, where they have to. */
export function unevenColumnFindings(
  objects: readonly { readonly object: SourceObject<unknown>; readonly columnCount: number }[],
): readonly Finding[] {
  const [first] = objects
  return objects
    .filter(
      ({ object, columnCount }) => object.named === undefined && columnCount !== first?.columnCount,
    )
    .map(({ object, columnCount }) => ({
      severity: 'error',
      message: `${object.label} has ${columnCount} columns, ${first?.object.label} has ${first?.columnCount}`,
      hint: 'All that one job reads must have the same columns: list them in column.',
      path: object.path,
    }))
}
