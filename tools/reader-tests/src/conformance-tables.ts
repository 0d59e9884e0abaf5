import { randomBytes } from 'node:crypto'
import type { DataSource } from '@millrace/core/plugin'
import type { Cell } from '@millrace/core/record'
import type { Dataset, FollowedSource, ReaderSource, SourceChange } from '@millrace/testkit'

/** A server of SQL as {@link ConformanceTables} needs it: what servers do each in their own way. */
export interface SqlServer {
  /** A database of the tests' own. */
  readonly dataSource: DataSource
  query(statement: string, parameters?: Cell[]): Promise<unknown>
  /** Stands in a statement for the parameter of this number; the first is 1. */
  placeholder(number: number): string
  /** The statement that makes a schema. */
  createSchema(name: string): string
  /** The statement that drops a schema with all that is in it. */
  dropSchema(name: string): string
  /** Connections to the database besides the tests' own. */
  openConnections(): Promise<number>
  /** Absent: the server forgets no changes when it is told to. */
  forgetChanges?(): Promise<void>
}

/** A table that holds a dataset. */
interface HeldTable {
  /** With its schema, if it is not the default one. */
  readonly name: string
  readonly dataset: Dataset
}

type Fields = Dataset['schema']['fields']
type Cells = readonly Cell[]

const inOrder = (fields: Fields) => fields
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

/** Tables of datasets in a database of the tests' own, as sources of the conformance suite. */
export class ConformanceTables {
  readonly #server: SqlServer

  constructor(server: SqlServer) {
    this.#server = server
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
      [Symbol.asyncDispose]: async () => {
        await this.#server.query(`DROP TABLE ${table}`)
      },
    }
  }

  /** A table of one dataset, read by a statement. */
  async holdQueried(dataset: Dataset, select: (table: string) => string): Promise<ReaderSource> {
    const source = await this.hold(dataset)
    const { table } = source.config as { table: string[] }
    const querySql = [select(String(table[0]))]
    return { ...source, config: { connection: [{ datasource: 'test', querySql }] } }
  }

  /** A table of one dataset, whose data source says something else than the right one. */
  async holdElsewhere(dataset: Dataset, fields: Partial<DataSource>): Promise<ReaderSource> {
    const source = await this.hold(dataset)
    return { ...source, dataSources: [this.dataSource(fields)] }
  }

  /** The right data source, with other fields. */
  dataSource(fields: Partial<DataSource>): DataSource {
    return { ...this.#server.dataSource, ...fields }
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
    const { tables, dispose } = await this.#createAll(datasets)
    const nameOf = (table: number) => tables[table]?.name ?? ''
    const forgetChanges = this.#server.forgetChanges?.bind(this.#server)
    return {
      ...this.#shared(),
      config: {
        datasource: 'test',
        tables: tables.map(({ schema, table }) => ({ schema, table })),
      },
      commit: (changes) => this.#transaction(tables, changes, 'COMMIT'),
      rollBack: (changes) => this.#transaction(tables, changes, 'ROLLBACK'),
      truncate: async (table) => {
        await this.#server.query(`TRUNCATE TABLE ${nameOf(table)}`)
      },
      addColumn: async (table, name) => {
        await this.#server.query(`ALTER TABLE ${nameOf(table)} ADD COLUMN ${name} text NULL`)
      },
      ...(forgetChanges && { forgetChanges }),
      [Symbol.asyncDispose]: async () => {
        await forgetChanges?.()
        await dispose()
      },
    }
  }

  #shared() {
    return {
      dataSources: [this.#server.dataSource],
      openConnections: () => this.#server.openConnections(),
    }
  }

  async #createAll(datasets: readonly Dataset[], order = inOrder) {
    const suffix = randomBytes(6).toString('hex')
    const tables = datasets.map((dataset) => {
      const schema = `millrace_${dataset.schema.namespace}_${suffix}`
      const { table } = dataset.schema
      return { schema, table, name: `${schema}.${table}`, dataset }
    })
    const schemas = [...new Set(tables.map(({ schema }) => schema))]
    for (const schema of schemas) await this.#server.query(this.#server.createSchema(schema))
    for (const table of tables) await this.#create(table, order)
    const dispose = async () => {
      for (const schema of schemas) await this.#server.query(this.#server.dropSchema(schema))
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
    await this.#server.query(`CREATE TABLE ${name} (${[...columns, ...primary].join(', ')})`)
    const names = fields.map((field) => field.name).join(', ')
    for (let at = 0; at < dataset.rows.length; at += 1000)
      await this.#insert(`${name} (${names})`, dataset.rows.slice(at, at + 1000))
  }

  /** @param table - its name, behind it the columns where they are not all in order */
  async #insert(table: string, rows: readonly Cells[]): Promise<void> {
    let count = 0
    const values = rows.map(
      (row) => `(${row.map(() => this.#server.placeholder(++count)).join(', ')})`,
    )
    const parameters = rows.flat().map(parameterOf)
    await this.#server.query(`INSERT INTO ${table} VALUES ${values.join(', ')}`, parameters)
  }

  async #transaction(
    tables: readonly HeldTable[],
    changes: readonly SourceChange[],
    end: string,
  ): Promise<void> {
    await this.#server.query('BEGIN')
    for (const [change, ...further] of inSteps(changes)) {
      const table = tables[change.table] as HeldTable
      if (change.operation === 'c')
        await this.#insert(table.name, [change.row, ...further.map(({ row }) => row)])
      else if (change.operation === 'u') await this.#update(table, change.row)
      else await this.#delete(table, change.row)
    }
    await this.#server.query(end)
  }

  async #update(table: HeldTable, row: Cells): Promise<void> {
    const { fields } = table.dataset.schema
    const all = fields.map((_, at) => at)
    const where = this.#equations(table, table.dataset.schema.key, row, fields.length)
    const set = this.#equations(table, all, row)
    await this.#server.query(
      `UPDATE ${table.name} SET ${set.terms.join(', ')} WHERE ${where.terms.join(' AND ')}`,
      [...set.parameters, ...where.parameters],
    )
  }

  async #delete(table: HeldTable, row: Cells): Promise<void> {
    const { terms, parameters } = this.#equations(table, table.dataset.schema.key, row)
    await this.#server.query(`DELETE FROM ${table.name} WHERE ${terms.join(' AND ')}`, parameters)
  }

  /** `name = placeholder` of some columns, whose parameters come behind `before` others. */
  #equations({ dataset }: HeldTable, columns: readonly number[], row: Cells, before = 0) {
    const { fields } = dataset.schema
    const terms = columns.map(
      (at, index) => `${fields[at]?.name} = ${this.#server.placeholder(before + index + 1)}`,
    )
    return { terms, parameters: columns.map((at) => parameterOf(row[at])) }
  }
}
