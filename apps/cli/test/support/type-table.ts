import {
  ownTypes,
  typeCases as postgresCases,
} from '../../../../packages/reader-postgres/test/type-cases.ts'
import { typeCases as mysqlCases } from '../../../../packages/reader-mysql/test/type-cases.ts'
import { openChangeSession } from './change-session.ts'
import type { SourceKind } from './load-source.ts'
import type { TestDatabase } from './test-database.ts'

/** A table with a column for each type and boundary value that a reader knows. */
export interface TypeTable {
  /** How each column is declared, in order; their names are `c0`, `c1` and so on. */
  readonly declarations: readonly string[]
  /** Runs statements in a session in which values mean the same everywhere. */
  execute(...statements: readonly string[]): Promise<void>
  /** Adds a row with all values. */
  insert(id: number): Promise<void>
  /** Adds a row whose columns are all null. */
  insertNulls(id: number): Promise<void>
  /** Gives all columns of a row their values. */
  update(id: number): Promise<void>
}

/** How a column is declared and what stands in it, as SQL. */
interface TypeColumn {
  readonly declaration: string
  readonly value: string
}

/** Settings of a PostgreSQL database that change how it writes values, unless a client says otherwise. */
const oddSettings = [
  "lc_monetary TO 'C'",
  "datestyle TO 'SQL, DMY'",
  "bytea_output TO 'escape'",
  "intervalstyle TO 'iso_8601'",
  'extra_float_digits TO -15',
  "xmlbinary TO 'hex'",
]

/** Makes the table `types` in a database whose time zone is this one. */
export async function makeTypeTable(
  kind: SourceKind,
  database: TestDatabase,
  zone: string,
): Promise<TypeTable> {
  const columns = await (kind === 'mysql' ? mysqlColumns(database) : postgresColumns(database))
  const suffix = kind === 'mysql' ? ' NULL' : ''
  const declared = columns.map(
    ({ declaration }, at) => `c${at} ${declaration.replace(/ null$/, '')}${suffix}`,
  )
  const execute = async (...statements: readonly string[]) => {
    await using session = await openChangeSession(kind, database.url)
    if (kind === 'mysql') {
      await session.execute("SET SESSION sql_mode = ''")
      await session.execute("SET SESSION time_zone = '+00:00'")
    } else await session.execute("SET lc_monetary TO 'C'")
    for (const statement of statements) await session.execute(statement)
  }
  if (kind === 'mysql') await database.execute(`SET GLOBAL time_zone = '${zone}'`)
  else {
    const settings = [...oddSettings, `timezone TO '${zone}'`]
    await execute(
      ...ownTypes,
      ...settings.map((setting) => `ALTER DATABASE ${database.name} SET ${setting}`),
    )
  }
  await execute(
    'DROP TABLE IF EXISTS types',
    `CREATE TABLE types (id int PRIMARY KEY, ${declared.join(', ')})`,
    ...(kind === 'mysql'
      ? []
      : [`ALTER TABLE types ${columns.map((_, at) => `ALTER c${at} DROP NOT NULL`).join(', ')}`]),
  )
  const values = columns.map(({ value }) => value)
  return {
    declarations: columns.map(({ declaration }) => declaration),
    execute,
    insert: (id) => execute(`INSERT INTO types VALUES (${id}, ${values.join(', ')})`),
    insertNulls: (id) =>
      execute(`INSERT INTO types VALUES (${id}, ${values.map(() => 'NULL').join(', ')})`),
    update: (id) =>
      execute(
        `UPDATE types SET ${values.map((value, at) => `c${at} = ${value}`).join(', ')} WHERE id = ${id}`,
      ),
  }
}

async function postgresColumns(database: TestDatabase): Promise<readonly TypeColumn[]> {
  const rows = await database.query('SELECT name FROM pg_available_extensions')
  const available = new Set(rows.map(({ name }) => name))
  const present = postgresCases.filter(({ declaration, extension }) => {
    const isPresent = extension === undefined || available.has(extension)
    if (!isPresent) console.warn(`NOT TESTED: ${declaration}, the server lacks ${extension}`)
    return isPresent
  })
  for (const extension of new Set(present.map((one) => one.extension)))
    if (extension !== undefined) await database.execute(`CREATE EXTENSION ${extension}`)
  return present
}

async function mysqlColumns(database: TestDatabase): Promise<readonly TypeColumn[]> {
  const [row] = await database.query('SELECT version() AS version')
  const version = String(row?.['version'])
  const isMariaDb = version.includes('MariaDB')
  return mysqlCases.filter(({ server }) => {
    if (server === undefined) return true
    if (server === 'MariaDB') return isMariaDb
    return !isMariaDb && (server === 'MySQL' || Number.parseInt(version, 10) >= 9)
  })
}
