import { randomBytes } from 'node:crypto'
import type { Cell } from '@millrace/core/record'
import type { Dataset, FollowedSource, ReaderSource, SourceChange } from '@millrace/testkit'
import { testDataSource, type TestDatabase } from './test-source.ts'

/** A table that holds a dataset. */
interface HeldTable {
  /** With its database. */
  readonly name: string
  readonly dataset: Dataset
}

const parameterOf = (cell: Cell) => (cell instanceof Uint8Array ? Buffer.from(cell) : cell)

/** What one statement can do: rows of one table that are created one after the other, or a single change. */
function inSteps(changes: readonly SourceChange[]): [SourceChange, ...SourceChange[]][] {
  const steps: [SourceChange, ...SourceChange[]][] = []
  for (const change of changes) {
    const [first] = steps.at(-1) ?? []
    const isLike = first?.table === change.table && first.operation === 'c'
    if (isLike && change.operation === 'c') steps.at(-1)?.push(change)
    else steps.push([change])
  }
  return steps
}

/** Tables of datasets in a database of the tests' own. */
export class ConformanceTables {
  readonly #database: TestDatabase

  constructor(database: TestDatabase) {
    this.#database = database
  }

  /** A table of one dataset, read by its columns. */
  async hold(dataset: Dataset): Promise<ReaderSource> {
    const table = `people_${randomBytes(6).toString('hex')}`
    const held = { name: `${this.#database.name}.${table}`, dataset }
    await this.#create(held)
    const column = dataset.schema.fields.map(({ name }) => name)
    const splitPk = dataset.schema.key.length > 0 ? { splitPk: column[0] } : {}
    return {
      ...this.#shared(),
      config: { datasource: 'test', table: [table], column, ...splitPk },
      [Symbol.asyncDispose]: () => this.#database.run(`DROP TABLE ${held.name}`),
    }
  }

  /** Tables of several datasets, read by name; the columns stand in another order in them than the job names them in. */
  async holdTables(datasets: readonly Dataset[]): Promise<ReaderSource> {
    const { tables, dispose } = await this.#createAll(datasets, (fields) => fields.toReversed())
    return {
      ...this.#shared(),
      config: {
        datasource: 'test',
        tables: tables.map(({ schema, table, dataset }) => {
          return { schema, table, columns: dataset.schema.fields.map(({ name }) => name) }
        }),
      },
      [Symbol.asyncDispose]: dispose,
    }
  }

  /** Tables of several datasets with all of their columns, whose changes are followed. */
  async holdFollowed(datasets: readonly Dataset[]): Promise<FollowedSource> {
    const { tables, dispose } = await this.#createAll(datasets, (fields) => fields)
    const nameOf = (table: number) => tables[table]?.name ?? ''
    return {
      ...this.#shared(),
      config: {
        datasource: 'test',
        tables: tables.map(({ schema, table }) => ({ schema, table })),
      },
      commit: (changes) => this.#transaction(tables, changes, 'COMMIT'),
      rollBack: (changes) => this.#transaction(tables, changes, 'ROLLBACK'),
      truncate: (table) => this.#database.run(`TRUNCATE TABLE ${nameOf(table)}`),
      addColumn: (table, name) =>
        this.#database.run(`ALTER TABLE ${nameOf(table)} ADD COLUMN ${name} text NULL`),
      [Symbol.asyncDispose]: dispose,
    }
  }

  /** Connections of the database besides the test's own. */
  async openConnections(): Promise<number> {
    const [rows] = await this.#database.connection.query(
      'SELECT COUNT(*) AS count FROM information_schema.processlist WHERE db = ? AND id <> CONNECTION_ID()',
      [this.#database.name],
    )
    return Number((rows as { count: number }[])[0]?.count)
  }

  #shared() {
    return {
      dataSources: [testDataSource(this.#database.name)],
      openConnections: () => this.openConnections(),
    }
  }

  async #createAll(
    datasets: readonly Dataset[],
    inOrder: (fields: Dataset['schema']['fields']) => Dataset['schema']['fields'],
  ) {
    const suffix = randomBytes(6).toString('hex')
    const tables = datasets.map((dataset) => {
      const schema = `millrace_${dataset.schema.namespace}_${suffix}`
      const { table } = dataset.schema
      return { schema, table, name: `${schema}.${table}`, dataset }
    })
    const schemas = [...new Set(tables.map(({ schema }) => schema))]
    for (const schema of schemas)
      await this.#database.run(`CREATE DATABASE ${schema} CHARACTER SET utf8mb4`)
    for (const table of tables) await this.#create(table, inOrder)
    const dispose = async () => {
      for (const schema of schemas) await this.#database.run(`DROP DATABASE ${schema}`)
    }
    return { tables, dispose }
  }

  async #create(
    { name, dataset }: HeldTable,
    inOrder = (fields: Dataset['schema']['fields']) => fields,
  ): Promise<void> {
    const { fields, key } = dataset.schema
    const columns = inOrder(fields).map(
      (field) => `${field.name} ${field.nativeType} ${field.nullable ? 'NULL' : 'NOT NULL'}`,
    )
    const keyNames = key.map((at) => fields[at]?.name).join(', ')
    const primary = keyNames === '' ? [] : [`PRIMARY KEY (${keyNames})`]
    await this.#database.run(`CREATE TABLE ${name} (${[...columns, ...primary].join(', ')})`)
    const names = fields.map((field) => field.name).join(', ')
    for (let at = 0; at < dataset.rows.length; at += 1000) {
      const rows = dataset.rows.slice(at, at + 1000).map((row) => row.map(parameterOf))
      await this.#database.connection.query(`INSERT INTO ${name} (${names}) VALUES ?`, [rows])
    }
  }

  async #transaction(
    tables: readonly HeldTable[],
    changes: readonly SourceChange[],
    end: string,
  ): Promise<void> {
    await this.#database.run('BEGIN')
    for (const [change, ...further] of inSteps(changes)) {
      const { name, dataset } = tables[change.table] as HeldTable
      const { fields, key } = dataset.schema
      const row = change.row.map(parameterOf)
      const rows = [row, ...further.map((one) => one.row.map(parameterOf))]
      const where = key.map((at) => `${fields[at]?.name} = ?`).join(' AND ')
      const keyCells = key.map((at) => row[at])
      const [sql, parameters] = {
        c: [`INSERT INTO ${name} VALUES ?`, [rows]],
        u: [
          `UPDATE ${name} SET ${fields.map((field) => `${field.name} = ?`).join(', ')} WHERE ${where}`,
          [...row, ...keyCells],
        ],
        d: [`DELETE FROM ${name} WHERE ${where}`, keyCells],
      }[change.operation] as [string, unknown[]]
      await this.#database.connection.query(sql, parameters)
    }
    await this.#database.run(end)
  }
}
