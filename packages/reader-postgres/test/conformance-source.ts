import { ConformanceTables } from '@millrace/reader-tests'
import { testDataSource, type TestDatabase } from './test-source.ts'

/** Tables of datasets in a database of the tests' own. */
export function conformanceTables(database: TestDatabase): ConformanceTables {
  return new ConformanceTables({
    dataSource: testDataSource(database.name),
    query: (statement, parameters) => database.connection.query(statement, parameters),
    placeholder: (number) => `$${number}`,
    createSchema: (name) => `CREATE SCHEMA ${name}`,
    dropSchema: (name) => `DROP SCHEMA ${name} CASCADE`,
    openConnections: () => openConnections(database),
    forgetChanges: () => dropSlots(database),
  })
}

async function openConnections(database: TestDatabase): Promise<number> {
  const [row] = await database.rows(
    `SELECT count(*) FROM pg_stat_activity
     WHERE datname = current_database() AND application_name <> 'millrace test'
       AND backend_type IN ('client backend', 'walsender')`,
  )
  return Number(row?.[0])
}

/** What a job leaves at the server; a session that was just ended may still hold it for a moment. */
async function dropSlots(database: TestDatabase): Promise<void> {
  const slots = 'FROM pg_replication_slots WHERE database = current_database()'
  for (;;) {
    await database.run(`SELECT pg_drop_replication_slot(slot_name) ${slots} AND NOT active`)
    const [row] = await database.rows(`SELECT count(*) ${slots}`)
    if (row?.[0] === '0') return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
