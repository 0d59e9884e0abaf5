import type { SourceKind } from './load-source.ts'
import { seededRandom } from './seeded-random.ts'
import type { TestDatabase } from './test-database.ts'

/** A table of the change workload. The columns of its key come first, then `version`, which is new with every change of values. */
export interface ChangeTable {
  readonly name: string
  readonly key: readonly string[]
  /** The others, in order. */
  readonly columns: readonly string[]
  /** Rows that it has before the workload begins: keys 1 to this. */
  readonly initialRows: number
}

/** Lines of an order. */
export const linesPerOrder = 5

export const changeTables = {
  /** One key column. */
  customer: table('customer', ['id'], ['name', 'balance', 'note'], 20_000),
  /** Two key columns. */
  line: table('line', ['order_id', 'line_no'], ['product', 'quantity'], 10_000),
  /** A text so wide that PostgreSQL keeps it beside the table, and leaves it out of updates that do not touch it. */
  document: table('document', ['id'], ['title', 'body'], 300),
  /** Its key values change, and are swapped. */
  seat: table('seat', ['seat'], ['holder'], 2000),
  /** Rows are deleted and come back; all columns of what was deleted are in the log. */
  tag: table('tag', ['id'], ['label', 'owner'], 5000),
} as const

/** How many columns each key has, as a change log wants to know it. */
export const keyWidths: ReadonlyMap<string, number> = new Map(
  Object.values(changeTables).map(({ name, key }) => [name, key.length]),
)

export type ChangeTableName = keyof typeof changeTables

function table(
  name: string,
  key: readonly string[],
  columns: readonly string[],
  initialRows: number,
): ChangeTable {
  return { name, key, columns, initialRows }
}

/** Makes the tables, empty. */
export async function createChangeTables(kind: SourceKind, database: TestDatabase): Promise<void> {
  const wide = kind === 'mysql' ? 'mediumtext' : 'text'
  await database.execute(
    'CREATE TABLE customer (id int PRIMARY KEY, version bigint NOT NULL, name varchar(40) NOT NULL, balance decimal(14,2) NOT NULL, note varchar(60))',
    'CREATE TABLE line (order_id int, line_no int, version bigint NOT NULL, product varchar(40) NOT NULL, quantity int NOT NULL, PRIMARY KEY (order_id, line_no))',
    `CREATE TABLE document (id int PRIMARY KEY, version bigint NOT NULL, title varchar(80) NOT NULL, body ${wide})`,
    'CREATE TABLE seat (seat int PRIMARY KEY, version bigint NOT NULL, holder varchar(40) NOT NULL)',
    'CREATE TABLE tag (id int PRIMARY KEY, version bigint NOT NULL, label varchar(20) NOT NULL, owner varchar(20) NOT NULL)',
    ...(kind === 'mysql'
      ? []
      : [
          'ALTER TABLE document ALTER COLUMN body SET STORAGE EXTERNAL',
          'ALTER TABLE tag REPLICA IDENTITY FULL',
        ]),
  )
}

/** Fills the tables; their versions are 0. */
export async function fillChangeTables(database: TestDatabase, seed: number): Promise<void> {
  const random = seededRandom(seed)
  for (const { name, initialRows } of Object.values(changeTables)) {
    const perStatement = name === 'document' ? 50 : 2000
    for (let at = 1; at <= initialRows; at += perStatement) {
      const count = Math.min(perStatement, initialRows - at + 1)
      const rows = Array.from({ length: count }, (_, index) =>
        rowValues(name as ChangeTableName, at + index, 0, random),
      )
      await database.execute(`INSERT INTO ${name} VALUES ${rows.join(', ')}`)
    }
  }
}

const names = ['Zoë', 'José', '王小明', 'Ирина', 'Ada', 'Bob', '😀 Eve', "O''Hara"]
const labels = ['red', 'grün', 'blue', 'élan', 'x y', 'a:b']

/** A row as SQL: of a running number from 1, which the key comes from, with other values each time. */
export function rowValues(
  name: ChangeTableName,
  number: number,
  version: number,
  random: () => number,
): string {
  const any = Math.floor(random() * 1_000_000)
  switch (name) {
    case 'customer': {
      const note = any % 3 === 0 ? 'NULL' : `'note ${any}'`
      return `(${number}, ${version}, '${names[any % names.length]} ${any}', ${any}.${10 + (any % 90)}, ${note})`
    }
    case 'line': {
      const [order, line] = lineKey(number)
      return `(${order}, ${line}, ${version}, 'product ${any}', ${any % 100})`
    }
    case 'document':
      return `(${number}, ${version}, 'title ${any}', '${wideText(random)}')`
    case 'seat':
      return `(${number}, ${version}, '${names[any % names.length]} ${any}')`
    case 'tag':
      return `(${number}, ${version}, '${labels[any % labels.length]}', 'owner ${any % 50}')`
  }
}

/** The key of the line with a running number from 1. */
export function lineKey(number: number): readonly [order: number, line: number] {
  return [Math.floor((number - 1) / linesPerOrder) + 1, ((number - 1) % linesPerOrder) + 1]
}

/** Some 6 KB that do not compress. */
export function wideText(random: () => number): string {
  const parts: string[] = []
  for (let at = 0; at < 750; at += 1)
    parts.push(
      Math.floor(random() * 2 ** 32)
        .toString(16)
        .padStart(8, '0'),
    )
  return parts.join('')
}
