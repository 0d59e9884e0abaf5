import fc from 'fast-check'
import type { SourceKind } from './load-source.ts'
import type { TestDatabase } from './test-database.ts'

/** Tables of the random workload: `item` is read by its other columns, too, `pair` may be emptied. */
export const randomTables = ['item', 'pair'] as const
type RandomTable = (typeof randomTables)[number]

/** Makes the tables, with a few rows. */
export async function makeRandomTables(kind: SourceKind, database: TestDatabase): Promise<void> {
  await database.execute(
    'CREATE TABLE item (id int PRIMARY KEY, version bigint NOT NULL, name varchar(40), grp varchar(10) NOT NULL, note text)',
    'CREATE TABLE pair (a int, b int, version bigint NOT NULL, name varchar(40), PRIMARY KEY (a, b))',
    "INSERT INTO item VALUES (1, 0, 'one', 'x', NULL), (2, 0, NULL, 'y', 'two')",
    "INSERT INTO pair VALUES (1, 1, 0, 'one'), (2, 1, 0, NULL)",
    ...(kind === 'mysql'
      ? []
      : [
          'ALTER TABLE item ALTER COLUMN note SET STORAGE EXTERNAL',
          'ALTER TABLE item REPLICA IDENTITY FULL',
        ]),
  )
}

/** What one statement, or a few that belong together, do to a table; keys are few, so that they meet. */
export type RandomChange =
  | { readonly kind: 'insert' | 'reinsert'; readonly key: number; readonly values: RandomValues }
  | { readonly kind: 'update'; readonly key: number; readonly values: Partial<RandomValues> }
  | { readonly kind: 'no-op' | 'delete'; readonly key: number }
  | { readonly kind: 'rekey' | 'swap'; readonly key: number; readonly other: number }
  | { readonly kind: 'update all' | 'delete all' | 'shift all' }
  | SavepointStep

interface SavepointStep {
  readonly kind: 'savepoint' | 'rollback to savepoint'
}

interface RandomValues {
  readonly name: string | null
  readonly grp: string
  /** Repeated so often, it makes the text. */
  readonly noteLength: number
}

export interface RandomTransaction {
  readonly table: RandomTable
  readonly changes: readonly RandomChange[]
  readonly end: 'commit' | 'rollback' | 'truncate'
}

const key = fc.integer({ min: 1, max: 6 })
const values = fc.record({
  name: fc.option(fc.constantFrom('', 'a', 'é 名', "'", 'two\nlines')),
  grp: fc.constantFrom('x', 'y', 'z:é'),
  noteLength: fc.constantFrom(0, 3, 9000),
})
const change: fc.Arbitrary<RandomChange> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('insert' as const), key, values }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('update' as const),
      key,
      values: values.chain((all) => fc.subarray(Object.entries(all)).map(fromEntries)),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('no-op', 'delete'), key }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('reinsert' as const), key, values }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constantFrom('rekey', 'swap'), key, other: key }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('update all', 'delete all', 'shift all') }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom('savepoint', 'rollback to savepoint') }),
  },
)

function fromEntries(entries: readonly [string, unknown][]): Partial<RandomValues> {
  return Object.fromEntries(entries) as Partial<RandomValues>
}

/** Some transactions of one connection. */
export const randomTransactions: fc.Arbitrary<readonly RandomTransaction[]> = fc.array(
  fc.record({
    table: fc.constantFrom(...randomTables),
    changes: fc.array(change, { minLength: 1, maxLength: 10 }),
    end: fc.oneof(
      { weight: 12, arbitrary: fc.constant('commit' as const) },
      { weight: 2, arbitrary: fc.constant('rollback' as const) },
      { weight: 1, arbitrary: fc.constant('truncate' as const) },
    ),
  }),
  { minLength: 1, maxLength: 15 },
)

/** Makes SQL of random transactions; each change of values takes the next version. */
export class RandomStatements {
  readonly #kind: SourceKind
  #version = 0

  constructor(kind: SourceKind) {
    this.#kind = kind
  }

  of({ table, changes, end }: RandomTransaction): string[] {
    if (end === 'truncate') return ['TRUNCATE TABLE pair']
    const statements = ['BEGIN']
    let hasSavepoint = false
    for (const one of changes) {
      if (!isSavepoint(one)) statements.push(...this.#change(table, one))
      else if (one.kind === 'savepoint') statements.push('SAVEPOINT s')
      else if (hasSavepoint) statements.push('ROLLBACK TO SAVEPOINT s')
      hasSavepoint ||= one.kind === 'savepoint'
    }
    return [...statements, end === 'commit' ? 'COMMIT' : 'ROLLBACK']
  }

  #change(table: RandomTable, one: Exclude<RandomChange, SavepointStep>): string[] {
    switch (one.kind) {
      case 'insert':
        return [this.#insert(table, one.key, one.values)]
      case 'reinsert':
        return [remove(table, one.key), this.#insert(table, one.key, one.values)]
      case 'update':
        return [this.#update(table, assignments(table, one.values), where(table, one.key))]
      case 'no-op':
        return [`UPDATE ${table} SET name = name WHERE ${where(table, one.key)}`]
      case 'delete':
        return [remove(table, one.key)]
      case 'rekey':
        if (one.key === one.other) return []
        return [remove(table, one.other), this.#move(table, one.key, one.other)]
      case 'swap':
        if (one.key === one.other) return []
        return [
          this.#move(table, one.key, -1),
          this.#move(table, one.other, one.key),
          this.#move(table, -1, one.other),
        ]
      case 'update all':
        return [this.#update(table, ["name = 'all'"], '1 = 1')]
      case 'delete all':
        return [`DELETE FROM ${table}`]
      case 'shift all':
        // Each moves out of the way of the others, and all of them come back one further, round about.
        return [
          this.#update(table, [`${keyColumn(table)} = ${keyColumn(table)} + 100`], '1 = 1'),
          this.#update(
            table,
            [`${keyColumn(table)} = (${keyColumn(table)} - 100) % 6 + 1`],
            '1 = 1',
          ),
        ]
    }
  }

  #insert(table: RandomTable, at: number, row: RandomValues): string {
    this.#version += 1
    const keys = table === 'item' ? String(at) : `${at}, 1`
    const others =
      table === 'item'
        ? `${text(row.name)}, ${text(row.grp)}, ${note(row.noteLength)}`
        : text(row.name)
    const insert = `${table} VALUES (${keys}, ${this.#version}, ${others})`
    return this.#kind === 'mysql'
      ? `INSERT IGNORE INTO ${insert}`
      : `INSERT INTO ${insert} ON CONFLICT DO NOTHING`
  }

  #update(table: RandomTable, set: readonly string[], condition: string): string {
    this.#version += 1
    const all = [...set, `version = ${this.#version}`]
    return `UPDATE ${table} SET ${all.join(', ')} WHERE ${condition}`
  }

  #move(table: RandomTable, from: number, to: number): string {
    return this.#update(table, [`${keyColumn(table)} = ${to}`], where(table, from))
  }
}

function isSavepoint(change: RandomChange): change is SavepointStep {
  return change.kind === 'savepoint' || change.kind === 'rollback to savepoint'
}

function keyColumn(table: RandomTable): string {
  return table === 'item' ? 'id' : 'a'
}

function where(table: RandomTable, at: number): string {
  return table === 'item' ? `id = ${at}` : `a = ${at} AND b = 1`
}

function remove(table: RandomTable, at: number): string {
  return `DELETE FROM ${table} WHERE ${where(table, at)}`
}

function assignments(table: RandomTable, set: Partial<RandomValues>): string[] {
  const found: string[] = []
  if (set.name !== undefined) found.push(`name = ${text(set.name)}`)
  if (table === 'pair') return found
  if (set.grp !== undefined) found.push(`grp = ${text(set.grp)}`)
  if (set.noteLength !== undefined) found.push(`note = ${note(set.noteLength)}`)
  return found
}

function text(value: string | null): string {
  return value === null ? 'NULL' : `'${value.replaceAll("'", "''")}'`
}

function note(length: number): string {
  return length === 0 ? 'NULL' : `repeat('n', ${length})`
}
