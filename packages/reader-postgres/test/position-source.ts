import { resumed as resumedFrom, type StepParameters } from '@millrace/reader-tests'
import { openReader, randomName, testDataSource, type TestDatabase } from './test-source.ts'

/** A new table with these rows, given as SQL of a list of values. */
export async function makeTable(
  database: TestDatabase,
  columns: string,
  values = '',
): Promise<string> {
  const name = randomName()
  await database.run(`CREATE TABLE ${name} (${columns})`)
  if (values !== '') await database.run(`INSERT INTO ${name} ${values}`)
  return name
}

/** The list of values of one column. */
export function listOf(texts: readonly string[]): string {
  return `VALUES ${texts.map((each) => `('${each.replaceAll("'", "''")}')`).join(', ')}`
}

/** Reads every split in order, in any order, and from each of its positions; gives all rows. */
export const resumed = (
  database: TestDatabase,
  parameters: StepParameters,
  options?: { readonly desired?: number; readonly maxRows?: number },
) => resumedFrom(() => openReader(parameters, [testDataSource(database.name)]), options)
