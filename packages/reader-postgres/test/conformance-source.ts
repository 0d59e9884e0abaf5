import { randomBytes } from 'node:crypto'
import type { Cell } from '@millrace/core/record'
import type { Dataset, FollowedSource, ReaderSource, SourceChange } from '@millrace/testkit'
import { testDataSource, type TestDatabase } from './test-source.ts'

/** A table that holds a dataset. */
interface HeldTable {
  /** With its schema. */
  readonly name: string
  readonly dataset: Dataset
}

const parameterOf = (cell: Cell) => (cell instanceof Uint8Array ? Buffer.from(cell) : cell)
const inOrder = (fields: Dataset['schema']['fields']) => fields

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
    await this.#create({ name: table, dataset })
    const column = dataset.schema.fields.map(({ name }) => name)
    const splitPk = dataset.schema.key.length > 0 ? { splitPk: column[0] } : {}
    return {
      ...this.#shared(),
      config: { datasource: 'test', table: [table], column, ...splitPk },
      [Symbol.asyncDispose]: () => this.#database.run(`DROP TABLE ${table}`),
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
    const { tables, dispose } = await this.#createAll(datasets, inOrder)
    const nameOf = (table: number) => tables[table]?.name ?? ''
    return {
      ...this.#shared(),
      config: {
        datasource: 'test',
        tables: tables.map(({ schema, table }) => ({ schema, table })),
      },
      commit: (changes) => this.#transaction(tables, changes, 'COMMIT'),
      rollBack: (changes) => this.#transaction(tables, changes, 'ROLLBACK'),
      truncate: (table) => this.#database.run(`TRUNCATE ${nameOf(table)}`),
      addColumn: (table, name) =>
        this.#database.run(`ALTER TABLE ${nameOf(table)} ADD COLUMN ${name} text`),
      forgetChanges: () => this.#dropSlots(),
      [Symbol.asyncDispose]: async () => {
        await this.#dropSlots()
        await dispose()
      },
    }
  }

  /** Connections to the database besides the test's own. */
  async openConnections(): Promise<number> {
    const [row] = await this.#database.rows(
      `SELECT count(*) FROM pg_stat_activity
       WHERE datname = current_database() AND application_name <> 'millrace test'
         AND backend_type IN ('client backend', 'walsender')`,
    )
    return Number(row?.[0])
  }

  #shared() {
    return {
      dataSources: [testDataSource(this.#database.name)],
      openConnections: () => this.openConnections(),
    }
  }

  /** What a job leaves at the server; a session that was just ended may still hold it for a moment. */
  async #dropSlots(): Promise<void> {
    const slots = 'FROM pg_replication_slots WHERE database = current_database()'
    for (;;) {
      await this.#database.run(`SELECT pg_drop_replication_slot(slot_name) ${slots} AND NOT active`)
      const [row] = await this.#database.rows(`SELECT count(*) ${slots}`)
      if (row?.[0] === '0') return
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  async #createAll(datasets: readonly Dataset[], order: typeof inOrder) {
    const suffix = randomBytes(6).toString('hex')
    const tables = datasets.map((dataset) => {
      const schema = `${dataset.schema.namespace}_${suffix}`
      const { table } = dataset.schema
      return { schema, table, name: `${schema}.${table}`, dataset }
    })
    const schemas = [...new Set(tables.map(({ schema }) => schema))]
    for (const schema of schemas) await this.#database.run(`CREATE SCHEMA ${schema}`)
    for (const table of tables) await this.#create(table, order)
    const dispose = async () => {
      for (const schema of schemas) await this.#database.run(`DROP SCHEMA ${schema} CASCADE`)
    }
    return { tables, dispose }
  }

  async #create({ name, dataset }: HeldTable, order = inOrder): Promise<void> {
    const { fields, key } = dataset.schema
    const columns = order(fields).map(
      (field) => `${field.name} ${field.nativeType} ${field.nullable ? 'NULL' : 'NOT NULL'}`,
    )
    const keyNames = key.map((at) => fields[at]?.name).join(', ')
    const primary = keyNames === '' ? [] : [`PRIMARY KEY (${keyNames})`]
    await this.#database.run(`CREATE TABLE ${name} (${[...columns, ...primary].join(', ')})`)
    const names = fields.map((field) => field.name)
    for (let at = 0; at < dataset.rows.length; at += 1000)
      await this.#insert(name, names, dataset.rows.slice(at, at + 1000))
  }

  async #insert(
    name: string,
    columns: readonly string[],
    rows: readonly (readonly Cell[])[],
  ): Promise<void> {
    let count = 0
    const values = rows.map((row) => `(${row.map(() => `$${++count}`).join(', ')})`)
    const names = columns.length === 0 ? '' : `(${columns.join(', ')})`
    await this.#database.connection.query(
      `INSERT INTO ${name} ${names} VALUES ${values.join(', ')}`,
      rows.flat().map(parameterOf),
    )
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
      const where = key
        .map((at, index) => `${fields[at]?.name} = $${row.length + index + 1}`)
        .join(' AND ')
      if (change.operation === 'c')
        await this.#insert(name, [], [change.row, ...further.map((one) => one.row)])
      else if (change.operation === 'u') {
        const set = fields.map((field, at) => `${field.name} = $${at + 1}`).join(', ')
        await this.#database.connection.query(`UPDATE ${name} SET ${set} WHERE ${where}`, [
          ...row,
          ...key.map((at) => row[at]),
        ])
      } else {
        const condition = key.map((at, index) => `${fields[at]?.name} = $${index + 1}`)
        await this.#database.connection.query(
          `DELETE FROM ${name} WHERE ${condition.join(' AND ')}`,
          key.map((at) => row[at]),
        )
      }
    }
    await this.#database.run(end)
  }
}
