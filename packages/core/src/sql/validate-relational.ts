import type { Finding } from '../plugin/context.ts'
import { parseColumn } from './column-name.ts'
import { namedTableFindings } from './named-tables.ts'
import type { RelationalConfig, RelationalSource, ReplicaKey } from './relational-config.ts'

/** What is wrong, or doubtful, in the parameters of a relational reader without asking the server. */
export function validateRelational(config: RelationalConfig): Finding[] {
  if (config.named !== undefined) {
    const findings = config.sources.flatMap((source) => referenceFindings(source))
    return [...findings, ...namedTableFindings(config.named), ...replicaFindings(config)]
  }
  return [...objectAndColumnFindings(config), ...replicaFindings(config)]
}

function objectAndColumnFindings(config: RelationalConfig): Finding[] {
  const readsQueries = config.sources.some((source) => source.queries.length > 0)
  return [
    ...config.sources.flatMap((source) => referenceFindings(source)),
    ...objectFindings(config),
    ...(readsQueries ? queryFindings(config) : columnFindings(config)),
    ...config.ignoredKeys.map((key) =>
      warning([key], `${key} is ignored: connection names what is read`),
    ),
  ]
}

const replicaHints: Readonly<Record<ReplicaKey, string>> = {
  checkSlave: 'Ask it by a statement in preSql that gives 0 when all is well.',
  useReadOnly: 'Name the replica as the data source.',
  slaveDelayLimit: 'Ask it by a statement in preSql that gives 0 when all is well.',
}

/** A job that asks for this is read all the same, from the server it names, however far that one lags. */
function replicaFindings({ replicaKeys = [] }: RelationalConfig): Finding[] {
  return replicaKeys.map((key) =>
    warning(
      [key],
      key === 'useReadOnly'
        ? 'useReadOnly has no effect: rows are read from the server that the data source names'
        : `${key} has no effect: nobody looks how far a replica lags behind`,
      replicaHints[key],
    ),
  )
}

function referenceFindings(source: RelationalSource): Finding[] {
  const { name, inline, path } = source.reference
  if (name !== undefined || inline !== undefined) return []
  return [
    error(
      path,
      'no data source is named',
      'Add "datasource" with a name of the data source file, or a URL.',
    ),
  ]
}

function objectFindings(config: RelationalConfig): Finding[] {
  const withTables = config.sources.filter((source) => source.tables.length > 0)
  const withQueries = config.sources.filter((source) => source.queries.length > 0)
  const both = withTables.filter((source) => source.queries.length > 0)
  if (both.length > 0) {
    return both.map((source) =>
      error(source.queryPath, 'table and querySql exclude each other, both are given', 'Keep one.'),
    )
  }
  if (withTables.length > 0 && withQueries.length > 0) {
    return withQueries.map((source) =>
      error(
        source.queryPath,
        'querySql stands beside a connection that names tables',
        'Make it one job for the tables and one for the statements.',
      ),
    )
  }
  return config.sources
    .filter((source) => source.tables.length === 0 && source.queries.length === 0)
    .map((source) =>
      error(source.tablePath, 'the table list is empty', 'Name a table, or give querySql.'),
    )
}

/** `column`, `where` and `splitPk` do not touch a statement that the user wrote whole. */
function queryFindings(config: RelationalConfig): Finding[] {
  const ignored = [
    ...(config.columns.length > 0 ? ['column'] : []),
    ...(config.where === undefined ? [] : ['where']),
    ...(config.splitPk === undefined ? [] : ['splitPk']),
  ]
  return ignored.map((key) => warning([key], `${key} is ignored: querySql is run as it is`))
}

function columnFindings(config: RelationalConfig): Finding[] {
  const findings: Finding[] = []
  const { columns, splitPk } = config
  if (columns.length === 0) {
    findings.push(error(['column'], 'no column is named', 'List the columns, or write ["*"].'))
  } else if (columns.includes('*')) {
    findings.push(
      columns.length > 1
        ? error(
            ['column', columns.indexOf('*')],
            '* cannot stand beside other columns',
            'List them.',
          )
        : warning(
            ['column', 0],
            '* reads whatever columns the table has: positions change with the table',
            'List the columns.',
          ),
    )
  }
  for (const [index, column] of columns.entries()) {
    if (column === '') findings.push(error(['column', index], 'the column is blank', 'Remove it.'))
  }
  if (splitPk !== undefined && parseColumn(splitPk).kind === 'expression') {
    findings.push(
      error(['splitPk'], `splitPk is the name of one column, found ${JSON.stringify(splitPk)}`),
    )
  }
  return findings
}

type FindingPath = readonly (string | number)[]

function error(path: FindingPath, message: string, hint?: string): Finding {
  return { severity: 'error', path, message, ...(hint === undefined ? {} : { hint }) }
}

function warning(path: FindingPath, message: string, hint?: string): Finding {
  return { severity: 'warning', path, message, ...(hint === undefined ? {} : { hint }) }
}
