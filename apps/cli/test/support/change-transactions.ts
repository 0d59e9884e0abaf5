import {
  changeTables,
  lineKey,
  rowValues,
  wideText,
  type ChangeTableName,
} from './change-tables.ts'
import type { SourceKind } from './load-source.ts'

/** One statement of a transaction; those that change rows have no `step`. */
export interface Statement {
  readonly sql: string
  readonly step?: 'begin' | 'commit' | 'rollback' | 'savepoint' | 'rollback to savepoint'
}

const begin: Statement = { sql: 'BEGIN', step: 'begin' }
const commit: Statement = { sql: 'COMMIT', step: 'commit' }
const rollback: Statement = { sql: 'ROLLBACK', step: 'rollback' }
const savepoint: Statement = { sql: 'SAVEPOINT s', step: 'savepoint' }
const rollbackToSavepoint: Statement = {
  sql: 'ROLLBACK TO SAVEPOINT s',
  step: 'rollback to savepoint',
}

/** Versions of a writer: each has its own numbers. */
const versionsPerWriter = 1_000_000_000
/** Keys that a seat moves to, beyond those of the beginning; each writer has its own. */
const movedSeats = 1_000_000

/**
 * Makes transactions without looking at the tables: keys are chosen blindly, so that statements may touch nothing, and insert
 * what is there already, which does nothing.
 */
export class ChangeTransactions {
  readonly #kind: SourceKind
  readonly #writer: number
  readonly #random: () => number
  #version: number
  #seat: number

  /** @param writer counts from 0: versions and the keys that seats move to are its own */
  constructor(kind: SourceKind, writer: number, random: () => number) {
    this.#kind = kind
    this.#writer = writer
    this.#random = random
    this.#version = (writer + 1) * versionsPerWriter
    this.#seat = (writer + 1) * movedSeats
  }

  next(): readonly Statement[] {
    const size = this.#random()
    const body = size < 0.85 ? this.#small() : size < 0.996 ? [this.#many(20, 60)] : this.#large()
    const end = this.#random() < 0.06 ? rollback : commit
    if (this.#random() >= 0.1) return [begin, ...body, end]
    // What stands behind the savepoint never happened.
    return [begin, ...body, savepoint, ...this.#small(), rollbackToSavepoint, ...this.#small(), end]
  }

  /** One to six changes. */
  #small(): Statement[] {
    const statements: Statement[] = []
    const count = this.#between(1, 6)
    while (statements.length < count) statements.push(...this.#one())
    return statements
  }

  #one(): Statement[] {
    const choice = this.#random()
    if (choice < 0.3) return [this.#update('customer')]
    if (choice < 0.38) return [this.#insert('customer')]
    if (choice < 0.44) return [this.#delete('customer')]
    if (choice < 0.56) return [this.#lineChange()]
    if (choice < 0.62) return [this.#documentChange()]
    if (choice < 0.7) return [this.#moveSeat()]
    if (choice < 0.76) return this.#swapSeats()
    if (choice < 0.79) return [this.#insert('seat')]
    if (choice < 0.83) return [this.#update('seat')]
    if (choice < 0.9) return this.#reinsertTag()
    if (choice < 0.95) return [this.#update('tag')]
    return [this.#unchanged()]
  }

  #between(min: number, max: number): number {
    return min + Math.floor(this.#random() * (max - min + 1))
  }

  #nextVersion(): number {
    this.#version += 1
    return this.#version
  }

  #anyNumber(name: ChangeTableName): number {
    return this.#between(1, Math.ceil(changeTables[name].initialRows * 1.2))
  }

  #insert(name: ChangeTableName, numbers: readonly number[] = [this.#anyNumber(name)]): Statement {
    const version = this.#nextVersion()
    const rows = numbers.map((number) => rowValues(name, number, version, this.#random))
    const values = `${name} VALUES ${rows.join(', ')}`
    if (this.#kind === 'mysql') return { sql: `INSERT IGNORE INTO ${values}` }
    return { sql: `INSERT INTO ${values} ON CONFLICT DO NOTHING` }
  }

  #update(name: ChangeTableName, condition = this.#keyCondition(name)): Statement {
    const any = this.#between(1, 1_000_000)
    const set = {
      customer: `balance = ${any}.25, note = ${any % 4 === 0 ? 'NULL' : `'updated ${any}'`}`,
      line: `quantity = quantity + 1`,
      document: `title = 'updated ${any}'`,
      seat: `holder = 'holder ${any}'`,
      tag: `label = 'label ${any % 20}', owner = 'owner ${any % 50}'`,
    }[name]
    return { sql: `UPDATE ${name} SET ${set}, version = ${this.#nextVersion()} WHERE ${condition}` }
  }

  #delete(name: ChangeTableName, condition = this.#keyCondition(name)): Statement {
    return { sql: `DELETE FROM ${name} WHERE ${condition}` }
  }

  #keyCondition(name: ChangeTableName, number = this.#anyNumber(name)): string {
    if (name !== 'line') return `${changeTables[name].key[0]} = ${number}`
    const [order, line] = lineKey(number)
    return `order_id = ${order} AND line_no = ${line}`
  }

  #lineChange(): Statement {
    const choice = this.#random()
    if (choice < 0.3) return this.#insert('line')
    if (choice < 0.5) return this.#delete('line')
    // All lines of an order.
    return this.#update('line', `order_id = ${lineKey(this.#anyNumber('line'))[0]}`)
  }

  #documentChange(): Statement {
    const choice = this.#random()
    if (choice < 0.1) return this.#insert('document')
    if (choice < 0.2) return this.#delete('document')
    if (choice < 0.7) return this.#update('document')
    const body = `'${wideText(this.#random)}'`
    const set = `body = ${body}, version = ${this.#nextVersion()}`
    return { sql: `UPDATE document SET ${set} WHERE ${this.#keyCondition('document')}` }
  }

  /** A key that changes, half of them with nothing else. */
  #moveSeat(): Statement {
    this.#seat += 1
    const back = this.#between(0, 3) > 0
    // A seat of the beginning moves away, or one that did so comes back.
    const from = back
      ? this.#anyNumber('seat')
      : this.#between((this.#writer + 1) * movedSeats, this.#seat)
    const to = back ? this.#seat : this.#anyNumber('seat')
    const holder = this.#random() < 0.5 ? '' : `, holder = 'moved ${to}'`
    const set = `seat = ${to}${holder}, version = ${this.#nextVersion()}`
    return { sql: `UPDATE seat SET ${set} WHERE seat = ${from}` }
  }

  #swapSeats(): Statement[] {
    const [one, other] = [this.#anyNumber('seat'), this.#anyNumber('seat')]
    if (one === other) return []
    const move = (from: number, to: number) => ({
      sql: `UPDATE seat SET seat = ${to}, version = ${this.#nextVersion()} WHERE seat = ${from}`,
    })
    const meanwhile = -(this.#writer + 1)
    return [move(one, meanwhile), move(other, one), move(meanwhile, other)]
  }

  /** A row goes and comes back in one transaction, or only one of them. */
  #reinsertTag(): Statement[] {
    const number = this.#anyNumber('tag')
    const choice = this.#random()
    const remove = this.#delete('tag', `id = ${number}`)
    if (choice < 0.3) return [remove]
    if (choice < 0.6) return [this.#insert('tag', [number])]
    return [remove, this.#insert('tag', [number])]
  }

  /** An update after which everything is as it was: PostgreSQL has it in its log, MariaDB has not. */
  #unchanged(): Statement {
    const number = this.#anyNumber('customer')
    return {
      sql: `UPDATE customer SET name = name WHERE ${this.#keyCondition('customer', number)}`,
    }
  }

  /** One statement over so many rows. */
  #many(least: number, most: number): Statement {
    const count = this.#between(least, most)
    const name = (['customer', 'customer', 'tag', 'line'] as const)[this.#between(0, 3)] ?? 'tag'
    const first = this.#between(1, Math.max(1, changeTables[name].initialRows - count))
    const last = first + count - 1
    const choice = this.#random()
    if (choice < 0.25)
      return this.#insert(
        name,
        Array.from({ length: count }, (_, index) => first + index),
      )
    const column = name === 'line' ? 'order_id' : 'id'
    const [from, to] = name === 'line' ? [lineKey(first)[0], lineKey(last)[0]] : [first, last]
    const condition = `${column} BETWEEN ${from} AND ${to}`
    return choice < 0.35 ? this.#delete(name, condition) : this.#update(name, condition)
  }

  /** Up to 5,000 changes, some of them of one row. */
  #large(): Statement[] {
    const many = this.#many(500, 4990)
    const again = this.#small()
    return [many, ...again]
  }
}
