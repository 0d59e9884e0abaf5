import { randomBytes } from 'node:crypto'
import { resumed as resumedFrom, type StepParameters } from '@millrace/reader-tests'
import { openReader, testDataSource, type TestDatabase } from './test-source.ts'

export type Values = readonly (readonly unknown[])[]

/** A new table with these rows. */
export async function makeTable(
  database: TestDatabase,
  columns: string,
  values: Values = [],
  options = '',
): Promise<string> {
  const name = randomName()
  await database.run(`CREATE TABLE ${name} (${columns}) ${options}`)
  if (values.length > 0) await database.connection.query(`INSERT INTO ${name} VALUES ?`, [values])
  return name
}

function randomName(): string {
  return `p_${randomBytes(6).toString('hex')}`
}

/** Reads every split in order, in any order, and from each of its positions; gives all rows. */
export const resumed = (
  database: TestDatabase,
  parameters: StepParameters,
  options?: { readonly desired?: number; readonly maxRows?: number },
) => resumedFrom(() => openReader(parameters, [testDataSource(database.name)]), options)
