import {
  didYouMean,
  type ConfigDocument,
  type ConfigPath,
  type ProblemList,
} from '@millrace/core/dialect'
import type { PipelineTable } from '../model/pipeline.ts'
import type { SourceEntry, TableEntry } from './source-schema.ts'

/** Where tables of a source may be. */
export interface TableScope {
  /** Schemas or databases that the file names; empty: any. */
  readonly namespaces: readonly string[]
  /** What a namespace is called: `schema` or `database`. */
  readonly word: 'schema' | 'database'
}

/** The namespaces of a source, checked: each kind of database has its own key for them. */
export function readScope(entry: SourceEntry, base: ConfigPath, problems: ProblemList): TableScope {
  const { type, database } = entry.connection
  if (type === 'postgresql') {
    if (entry.databases !== undefined) {
      const hint = 'Name the database in "connection.database" and its schemas in "schemas".'
      const message = 'does not go with postgresql'
      problems.error([...base, 'databases'], { message, hint }, 'key')
    }
    if (database === undefined && !problems.hasErrorWithin([...base, 'connection'])) {
      problems.error([...base, 'connection', 'database'], 'is missing: expected a text in quotes')
    }
    return { namespaces: entry.schemas ?? [], word: 'schema' }
  }
  if (entry.schemas !== undefined) {
    const message = `does not go with ${type}, which has no schemas`
    problems.error([...base, 'schemas'], { message, hint: 'Did you mean "databases"?' }, 'key')
  }
  if (entry.databases !== undefined && database !== undefined) {
    const message = 'cannot stand beside "connection.database"'
    problems.error([...base, 'databases'], { message, hint: 'Remove one of the two.' }, 'key')
  }
  const own = database === undefined ? [] : databasesIn(database, type)
  return { namespaces: entry.databases ?? own, word: 'database' }
}

/** A connection to MongoDB may name several. */
function databasesIn(text: string, type: SourceEntry['connection']['type']): readonly string[] {
  if (type !== 'mongodb') return [text]
  return text.split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()]))
}

/** The entries of `tables`; `undefined` where every table is read. */
export function readTables(
  entry: SourceEntry,
  scope: TableScope,
  base: ConfigPath,
  { document, problems, fileName }: TableContext,
): readonly PipelineTable[] | undefined {
  if (entry.tables === undefined) return undefined
  const tables: PipelineTable[] = []
  const known = new Map<string, string>()
  for (const [key, given] of Object.entries(entry.tables)) {
    const path = [...base, 'tables', key]
    const name = splitName(key, scope, path, problems)
    if (name === undefined) continue
    const id = JSON.stringify([name.namespace, name.table])
    const other = known.get(id)
    if (other !== undefined) problems.error(path, `is the same table as "${other}"`, 'key')
    known.set(id, key)
    const { line, column } = document.locate(path, 'key')
    const place = `${fileName}:${line}:${column}`
    const isDocuments = entry.connection.type === 'mongodb'
    const read = isDocuments ? readCollection : readTable
    tables.push({ ...name, ...read(given ?? {}, path, problems), place })
  }
  if (Object.keys(entry.tables).length === 0) {
    const hint = 'Leave "tables" out to read all of them.'
    problems.error([...base, 'tables'], {
      message: 'expected at least one table, found none',
      hint,
    })
  }
  return tables
}

/** What tables are read with. */
export interface TableContext {
  readonly document: ConfigDocument
  readonly problems: ProblemList
  /** As places name it. */
  readonly fileName: string
}

function splitName(
  key: string,
  { namespaces, word }: TableScope,
  path: ConfigPath,
  problems: ProblemList,
): Pick<PipelineTable, 'namespace' | 'table'> | undefined {
  // The longest one first: names may have dots of their own.
  const prefix = [...namespaces]
    .sort((a, b) => b.length - a.length)
    .find((name) => key.startsWith(`${name}.`))
  if (prefix !== undefined) return { namespace: prefix, table: key.slice(prefix.length + 1) }
  const dot = key.indexOf('.')
  if (dot < 0) {
    const [only, second] = namespaces
    if (second === undefined)
      return { ...(only === undefined ? {} : { namespace: only }), table: key }
    const hint = `Write ${namespaces.map((name) => `"${name}.${key}"`).join(' or ')}.`
    problems.error(path, { message: `expected the ${word} before the table`, hint }, 'key')
    return undefined
  }
  const namespace = key.slice(0, dot)
  if (namespaces.length === 0) return { namespace, table: key.slice(dot + 1) }
  const nearest = didYouMean(namespace, namespaces)
  const listed = `Those that are read: ${namespaces.join(', ')}.`
  const message = `the ${word} "${namespace}" is not among those that are read`
  problems.error(path, { message, hint: nearest ?? listed }, 'key')
  return undefined
}

/** Documents have fields of their own: those that are not wanted are named. */
function readCollection(
  given: TableEntry,
  path: ConfigPath,
  problems: ProblemList,
): Pick<PipelineTable, 'excludedColumns'> {
  const { columns, exclude_columns: excluded = [], snapshot_sql: statement, keys } = given
  const refuse = (key: string, hint: string) =>
    problems.error([...path, key], { message: 'does not go with mongodb', hint }, 'key')
  if (columns !== undefined)
    refuse('columns', 'List the fields that are not wanted in "exclude_columns".')
  if (statement !== undefined) refuse('snapshot_sql', 'Filter documents in a job.')
  if (keys !== undefined)
    problems.warn([...path, 'keys'], { message: 'has no effect: the key is _id' }, 'key')
  return excluded.length === 0 ? {} : { excludedColumns: excluded }
}

function readTable(
  given: TableEntry,
  path: ConfigPath,
  problems: ProblemList,
): Pick<PipelineTable, 'columns' | 'keys' | 'snapshotSql'> {
  const { columns = [], keys = [], snapshot_sql: statement } = given
  if (given.exclude_columns !== undefined) {
    const hint = 'List the other columns in "columns".'
    const message = 'is for MongoDB only'
    problems.error([...path, 'exclude_columns'], { message, hint }, 'key')
  }
  for (const [index, key] of keys.entries()) {
    if (columns.length === 0 || columns.includes(key)) continue
    const message = `the column "${key}" is not among "columns"`
    problems.error([...path, 'keys', index], { message, hint: didYouMean(key, columns) })
  }
  return {
    ...(columns.length === 0 ? {} : { columns }),
    ...(keys.length === 0 ? {} : { keys }),
    ...(statement === undefined || statement.trim() === '' ? {} : { snapshotSql: statement }),
  }
}
