import type { Finding } from '../plugin/context.ts'
import { PluginError } from '../plugin/errors.ts'
import type { RelationalConfig } from './relational-config.ts'

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
  /** For messages and split ids: the table as written, or `querySql[0]`. */
  readonly label: string
  /** Path inside the parameters. */
  readonly path: readonly (string | number)[]
}

/** All that a job reads, in its order. */
export function sourceObjects<Table>(
  config: RelationalConfig,
  parseTableName: (text: string) => Table,
): readonly SourceObject<Table>[] {
  return config.sources.flatMap((source, sourceIndex) => [
    ...source.tables.map((text, index) => ({
      sourceIndex,
      index,
      table: parseTableName(text),
      label: text,
      path: source.tablePath,
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

/** The finding for objects that do not have as many columns as the first one. */
export function unevenColumnFindings(
  objects: readonly { readonly object: SourceObject<unknown>; readonly columnCount: number }[],
): readonly Finding[] {
  const [first] = objects
  return objects
    .filter(({ columnCount }) => columnCount !== first?.columnCount)
    .map(({ object, columnCount }) => ({
      severity: 'error',
      message: `${object.label} has ${columnCount} columns, ${first?.object.label} has ${first?.columnCount}`,
      hint: 'All that one job reads must have the same columns: list them in column.',
      path: object.path,
    }))
}
