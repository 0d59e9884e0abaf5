import { ConformanceTables } from '@millrace/reader-tests'
import { testDataSource, type TestDatabase } from './test-source.ts'

/** Tables of datasets in a database of the tests' own. */
export function conformanceTables(database: TestDatabase): ConformanceTables {
  return new ConformanceTables({
    dataSource: testDataSource(database.name),
    query: (statement, parameters) => database.connection.query(statement, parameters),
    placeholder: () => '?',
    createSchema: (name) => `CREATE DATABASE ${name} CHARACTER SET utf8mb4`,
    dropSchema: (name) => `DROP DATABASE ${name}`,
    openConnections: () => openConnections(database),
  })
}

async function openConnections({ connection, name }: TestDatabase): Promise<number> {
  const [rows] = await connection.query(
    'SELECT COUNT(*) AS count FROM information_schema.processlist WHERE db = ? AND id <> CONNECTION_ID()',
    [name],
  )
  return Number((rows as { count: number }[])[0]?.count)
}
