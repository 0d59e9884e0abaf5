import type { ChangeLog, KeyWidths, LoggedChange } from './change-log.ts'
import type { TestDatabase } from './test-database.ts'

/** Enough of each line for the key and the version, before and after. */
const shownLength = 600

/** A slot of the plugin `test_decoding`, which prints what is committed. */
export class PostgresChangeLog implements ChangeLog {
  readonly #database: TestDatabase
  readonly #slot: string

  private constructor(database: TestDatabase, slot: string) {
    this.#database = database
    this.#slot = slot
  }

  static async open(database: TestDatabase): Promise<PostgresChangeLog> {
    const slot = `reference_${database.name}`
    await database.query(
      `SELECT pg_create_logical_replication_slot('${slot}', 'test_decoding') AS slot`,
    )
    return new PostgresChangeLog(database, slot)
  }

  async read(keyWidths: KeyWidths): Promise<LoggedChange[]> {
    // Decoding ends where the log is flushed, and the server may leave that for later.
    await this.#database.execute(
      'SET synchronous_commit = on',
      "SELECT pg_logical_emit_message(true, 'flush', '')",
      'RESET synchronous_commit',
    )
    const lines = await this.#database.query(
      `SELECT left(split_part(data, ' new-tuple: ', 1), ${shownLength}) AS line,
              left(split_part(data, ' new-tuple: ', 2), ${shownLength}) AS row
         FROM pg_logical_slot_get_changes('${this.#slot}', NULL, NULL, 'skip-empty-xacts', '1')`,
    )
    return lines.flatMap(({ line, row }) => parseLine(String(line), String(row), keyWidths) ?? [])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#database.query(
      `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '${this.#slot}'`,
    )
  }
}

const operations = { INSERT: 'c', UPDATE: 'u', DELETE: 'd' } as const

/**
 * A line such as `table public.seat: UPDATE: old-key: seat[integer]:1 new-tuple: seat[integer]:2 version[bigint]:7 …`, cut in two
 * before the new row.
 */
function parseLine(line: string, newRow: string, keyWidths: KeyWidths): LoggedChange | undefined {
  const found = /^table public\.(\w+): (INSERT|UPDATE|DELETE): (old-key: )?(.*)$/s.exec(line)
  const width = keyWidths.get(found?.[1] ?? '')
  if (found === null || width === undefined) return undefined
  const [, table = '', verb = '', hasOld, rest = ''] = found
  const row = leadingNumbers(hasOld === undefined ? rest : newRow)
  const old = hasOld === undefined ? undefined : leadingNumbers(rest)
  const key = keyOf(row, width)
  const oldKey = old === undefined ? undefined : keyOf(old, width)
  return {
    table,
    operation: operations[verb as keyof typeof operations],
    key,
    ...(oldKey === undefined || oldKey === key ? {} : { oldKey }),
    ...(row.length > width ? { version: row[width] } : {}),
  }
}

/** The values of the first columns, as long as they are whole numbers. */
function leadingNumbers(text: string): string[] {
  const values: string[] = []
  const column = /\w+\[[a-z ]+\]:(-?\d+)(?: |$)/y
  for (let found = column.exec(text); found !== null; found = column.exec(text))
    values.push(found[1] ?? '')
  return values
}

function keyOf(values: readonly string[], width: number): string {
  return values.slice(0, width).join(':')
}
