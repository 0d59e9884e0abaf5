import { stringify } from 'yaml'
import type { ScaffoldSource } from '@millrace/core/dialect'
import type { TableSchema } from '@millrace/core/record'

/**
 * The files of a pipeline for the tables of a live database: `config.yaml` with every table and column, and one job to start
 * from. Passwords are left to variables of the environment.
 *
 * @returns text by path inside the folder
 */
export function scaffoldPipeline(source: ScaffoldSource): Readonly<Record<string, string>> {
  const { dataSource, tables } = source
  const id = sourceId(dataSource.database ?? source.stepType)
  const config = [
    `# A pipeline of Redis Data Integration for ${comment(dataSource.database ?? id)}, written from its live schema.`,
    '# millrace check . --connect     looks whether everything is there',
    '# millrace preview .             shows the commands of the first rows',
    '# millrace run . --snapshot-only reads the tables once',
    'sources:',
    `  ${scalar(id)}:`,
    '    type: cdc',
    ...connectionLines(source),
    ...namespaceLines(source),
    source.stepType === 'mongodb'
      ? '    # What is read. Take out collections that are not needed.'
      : '    # What is read. Take out tables and columns that are not needed; without "columns" all are read.',
    ...(source.stepType === 'mongodb' ? collectionLines(tables) : tableLines(tables)),
    '',
    ...targetLines,
  ]
  const first = tables.find(({ key }) => key.length > 0)
  return {
    'config.yaml': `${config.join('\n')}\n`,
    ...(first === undefined
      ? {}
      : { [`jobs/${fileName(first.table)}.yaml`]: exampleJob(first, source.stepType) }),
  }
}

function connectionLines({ stepType, dataSource }: ScaffoldSource): readonly string[] {
  const { hosts, database, user } = dataSource
  const [host] = hosts
  const port = host?.port ?? (stepType === 'postgresql' ? 5432 : 3306)
  return [
    '    connection:',
    `      type: ${scalar(dataSource.type)}`,
    ...(stepType === 'mongodb'
      ? [`      connection_string: ${scalar(connectionString(dataSource))}`]
      : [`      host: ${scalar(host?.host ?? '127.0.0.1')}`, `      port: ${port}`]),
    ...(stepType === 'postgresql' && database !== undefined
      ? [`      database: ${scalar(database)}`]
      : []),
    `      user: ${user === undefined ? '${SOURCE_DB_USERNAME}' : scalar(user)}`,
    dataSource.password === undefined
      ? '      # password: ${SOURCE_DB_PASSWORD}'
      : '      password: ${SOURCE_DB_PASSWORD}',
  ]
}

/** Without user and password, which stand beside it. */
function connectionString({ hosts, database, properties }: ScaffoldSource['dataSource']): string {
  const { srv, ...others } = properties
  const isCloud = srv === 'true'
  const servers = hosts.map(({ host, port = 27_017 }) => {
    const name = host.includes(':') ? `[${host}]` : host
    return isCloud ? name : `${name}:${port}`
  })
  const query = new URLSearchParams(others).toString()
  const scheme = isCloud ? 'mongodb+srv' : 'mongodb'
  return `${scheme}://${servers.join(',')}/${database ?? ''}${query === '' ? '' : `?${query}`}`
}

function collectionLines(tables: readonly TableSchema[]): readonly string[] {
  return [
    ...(tables.length === 0 ? ['    # tables:'] : ['    tables:']),
    ...tables.flatMap((table) => {
      const [key, ...others] = table.fields.map(({ name }) => comment(scalar(name)))
      return [
        `      ${scalar(qualified(table))}:`,
        `        # fields seen: ${[`${key} (key)`, ...others].join(', ')}`,
        '        # exclude_columns: []',
      ]
    }),
  ]
}

function namespaceLines({ stepType, tables }: ScaffoldSource): readonly string[] {
  const names = [...new Set(tables.flatMap(({ namespace }) => namespace ?? []))]
  if (names.length === 0) return []
  const key = stepType === 'postgresql' ? 'schemas' : 'databases'
  return [`    ${key}:`, ...names.map((name) => `      - ${scalar(name)}`)]
}

function tableLines(tables: readonly TableSchema[]): readonly string[] {
  const keyed = tables.filter(({ key }) => key.length > 0)
  const keyless = tables.filter(({ key }) => key.length === 0)
  return [
    ...(keyed.length === 0 ? ['    # tables:'] : ['    tables:']),
    ...keyed.flatMap((table) => oneTable(table)),
    ...keyless.flatMap((table) => [
      `      # ${comment(qualified(table))} has no key: name the columns that identify a row, and take it in.`,
      ...oneTable(table, ['        keys: []']).map((line) => line.replace(/^ {6}/, '      # ')),
    ]),
  ]
}

function oneTable(table: TableSchema, before: readonly string[] = []): readonly string[] {
  const names = table.fields.map(({ name }) => scalar(name))
  const width = Math.max(0, ...names.map((name) => name.length))
  return [
    `      ${scalar(qualified(table))}:`,
    ...before,
    '        columns:',
    ...table.fields.map(({ nativeType }, index) => {
      const role = table.key.includes(index) ? ', key' : ''
      return `          - ${(names[index] ?? '').padEnd(width)} # ${comment(nativeType)}${role}`
    }),
  ]
}

const targetLines = [
  'targets:',
  '  # Jobs without a connection of their own write to the one called "target".',
  '  target:',
  '    connection:',
  '      type: redis',
  '      host: 127.0.0.1',
  '      port: 6379',
  '      # user: ${TARGET_DB_USERNAME}',
  '      # password: ${TARGET_DB_PASSWORD}',
  '',
  'processors:',
  '  # hash, or json where the target has RedisJSON; a job may say otherwise.',
  '  target_data_type: hash',
]

function exampleJob(table: TableSchema, stepType: string): string {
  const { namespace, fields, key } = table
  const column = fields[key[0] ?? 0]?.name ?? ''
  const keyText = `concat(['${table.table.replaceAll("'", String.raw`\'`)}:', ${identifier(column)}])`
  return `${[
    `# What happens to the rows of ${comment(qualified(table))}. Without this file: the same, under the key`,
    `# ${comment(`${table.table}:${column}:<${column}>`)}.`,
    'source:',
    ...(namespace === undefined
      ? []
      : [`  ${stepType === 'postgresql' ? 'schema' : 'db'}: ${scalar(namespace)}`]),
    `  table: ${scalar(table.table)}`,
    '# transform:',
    '#   - uses: filter',
    '#     with:',
    '#       language: sql',
    `#       expression: ${comment(column)} IS NOT NULL`,
    'output:',
    '  - uses: redis.write',
    '    with:',
    '      connection: target',
    '      data_type: hash',
    '      key:',
    `        expression: ${scalar(keyText)}`,
    '        language: jmespath',
    '      # expire: 3600',
  ].join('\n')}\n`
}

/** A name in JMESPath: bare where that is allowed, else quoted. */
function identifier(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name)
}

function qualified({ namespace, table }: TableSchema): string {
  return namespace === undefined ? table : `${namespace}.${table}`
}

function sourceId(text: string): string {
  return text.replaceAll(/[^\w-]+/g, '-') || 'source'
}

function fileName(table: string): string {
  return table.replaceAll(/[^\w.-]+/g, '-') || 'table'
}

/** Text as YAML has to write it, on one line. */
function scalar(text: string): string {
  return stringify(text, { lineWidth: 0, defaultStringType: 'PLAIN' })
    .trimEnd()
    .replace(/^[|>][\s\S]*$/, () => JSON.stringify(text))
}

/** Text for a comment: no line of it leaves the comment. */
function comment(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ')
}
