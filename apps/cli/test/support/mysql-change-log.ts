import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { ChangeLog, KeyWidths, LoggedChange } from './change-log.ts'
import type { TestDatabase } from './test-database.ts'

const operations = { 'INSERT INTO': 'c', UPDATE: 'u', 'DELETE FROM': 'd' } as const

/** A server's own program that prints its log, with what comes before its arguments. */
const [printer = '', ...printerArgs] = (
  process.env['MILLRACE_TEST_MYSQLBINLOG'] ?? 'mariadb-binlog'
).split(' ')

/** What `mariadb-binlog` prints of the binlog, or MySQL's `mysqlbinlog`. */
export class MysqlChangeLog implements ChangeLog {
  readonly #database: TestDatabase
  readonly #from: BinlogPlace

  private constructor(database: TestDatabase, from: BinlogPlace) {
    this.#database = database
    this.#from = from
  }

  static async open(database: TestDatabase): Promise<MysqlChangeLog> {
    return new MysqlChangeLog(database, await binlogEnd(database))
  }

  async read(keyWidths: KeyWidths): Promise<LoggedChange[]> {
    const { hostname, port, username, password } = new URL(this.#database.url)
    const args = [
      ...printerArgs,
      '--no-defaults',
      '--read-from-remote-server',
      `--host=${hostname}`,
      `--port=${port}`,
      `--user=${decodeURIComponent(username)}`,
      `--start-position=${this.#from.position}`,
      '--to-last-log',
      '--base64-output=DECODE-ROWS',
      '--verbose',
      `--database=${this.#database.name}`,
      this.#from.file,
    ]
    const child = spawn(printer, args, {
      env: { ...process.env, MYSQL_PWD: decodeURIComponent(password) },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const errors: string[] = []
    child.stderr.setEncoding('utf8').on('data', (text: string) => errors.push(text))
    const exited = once(child, 'close')
    const rows = new PrintedRows(this.#database.name, keyWidths)
    for await (const line of createInterface({ input: child.stdout })) rows.take(line)
    const [code] = (await exited) as [number | null]
    if (code !== 0) throw new Error(`${printer} ended with ${code}: ${errors.join('')}`)
    return rows.finish()
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

interface BinlogPlace {
  readonly file: string
  readonly position: string
}

/** Where the binlog ends. */
async function binlogEnd(database: TestDatabase): Promise<BinlogPlace> {
  const [row] = await database
    .query('SHOW MASTER STATUS')
    // MySQL 8.4 and later.
    .catch(() => database.query('SHOW BINARY LOG STATUS'))
  if (row === undefined) throw new Error('the server writes no binlog')
  return { file: String(row['file']), position: String(row['position']) }
}

/**
 * Collects row changes out of lines such as `### UPDATE \`shop\`.\`seat\``, `### WHERE`, `###   @1=1`, `### SET`, `###   @1=2`,
 * in which columns are numbered.
 */
export class PrintedRows {
  readonly #found: LoggedChange[] = []
  readonly #database: string
  readonly #keyWidths: KeyWidths
  #current:
    { operation: 'c' | 'u' | 'd'; table: string; before: string[]; after: string[] } | undefined
  #part: 'before' | 'after' = 'after'

  constructor(database: string, keyWidths: KeyWidths) {
    this.#database = database
    this.#keyWidths = keyWidths
  }

  take(line: string): void {
    if (!line.startsWith('### ')) return
    const value = /^### {3}@(\d+)=(-?\d+)/.exec(line)
    if (value !== null) {
      const at = Number(value[1]) - 1
      const cells = this.#current?.[this.#part]
      // The first columns alone are numbers.
      if (cells?.length === at) cells.push(value[2] ?? '')
      return
    }
    if (line === '### WHERE') this.#part = 'before'
    else if (line === '### SET') this.#part = 'after'
    else this.#begin(line)
  }

  #begin(line: string): void {
    const row = /^### (INSERT INTO|UPDATE|DELETE FROM) `([^`]+)`\.`([^`]+)`/.exec(line)
    if (row === null) return
    this.#end()
    const [, verb, database, table = ''] = row
    if (database !== this.#database || !this.#keyWidths.has(table)) return
    const operation = operations[verb as keyof typeof operations]
    this.#current = { operation, table, before: [], after: [] }
  }

  #end(): void {
    const current = this.#current
    this.#current = undefined
    if (current === undefined) return
    const { operation, table, before, after } = current
    const width = this.#keyWidths.get(table) ?? 0
    const row = operation === 'd' ? before : after
    const key = row.slice(0, width).join(':')
    const oldKey = operation === 'u' ? before.slice(0, width).join(':') : key
    this.#found.push({
      table,
      operation,
      key,
      ...(oldKey === key ? {} : { oldKey }),
      version: row[width],
    })
  }

  finish(): LoggedChange[] {
    this.#end()
    return this.#found
  }
}
