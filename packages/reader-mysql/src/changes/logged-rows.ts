import type { OperationCode } from '@millrace/core/record'
import type { RowCursor } from './cell-reader.ts'
import type { ChangeBatches } from './change-batches.ts'
import type { FollowedTable, FollowedTables } from './followed-tables.ts'
import { inflatedLog } from './inflated-log.ts'
import type { LogTracker } from './log-tracker.ts'
import { eventType } from './log-types.ts'
import { EventFields } from './packet-numbers.ts'
import { readRow, type RowPlan } from './row-plan.ts'
import { rowsStart } from './rows-event.ts'

/** A table map whose rows cannot be read before its table was looked at. */
interface UnplannedTable {
  readonly id: number
  readonly followed: FollowedTable
  readonly payload: Buffer
}

/** Reads the rows of a log into batches, by the table maps before them. */
export class LoggedRows {
  readonly #tables: FollowedTables
  readonly #batches: ChangeBatches
  readonly #tracker: LogTracker
  readonly #cursor: RowCursor = { bytes: Buffer.alloc(0), offset: 0, byteSize: 0 }
  /** The tables behind the ids of the transaction under way; null: one that nobody wants. */
  readonly #tablesById = new Map<number, FollowedTable | null>()
  #unplanned: UnplannedTable | undefined
  /** Whether changes of the transaction under way were collected; whoever sees its beginning and end clears it. */
  hasChanges = false

  constructor(tables: FollowedTables, batches: ChangeBatches, tracker: LogTracker) {
    this.#tables = tables
    this.#batches = batches
    this.#tracker = tracker
  }

  /** Whether nothing can be read before {@link loadDefinition}. */
  get needsDefinition(): boolean {
    return this.#unplanned !== undefined
  }

  /** Looks at the table whose definition is needed. */
  async loadDefinition(): Promise<void> {
    if (this.#unplanned === undefined) return
    const { id, followed, payload } = this.#unplanned
    await this.#tables.plan(followed, payload)
    this.#tablesById.set(id, followed)
    this.#unplanned = undefined
  }

  /** The ids of tables hold for a transaction. */
  forgetTables(): void {
    this.#tablesById.clear()
  }

  /** Takes the table map before rows; where its table has to be looked at first, {@link needsDefinition} says so. */
  tableMap(bytes: Buffer, start: number, end: number): void {
    const id = bytes.readUIntLE(start, 6)
    const tables = this.#tables
    const followed = this.tableOf(bytes, start)
    if (followed === undefined) {
      this.#tablesById.set(id, null)
    } else if (tables.isPlanned(followed, bytes, start, end)) {
      this.#tablesById.set(id, followed)
    } else {
      this.#unplanned = { id, followed, payload: Buffer.from(bytes.subarray(start, end)) }
    }
  }

  /** The table a table map is about, when the job wants it. */
  tableOf(bytes: Buffer, start: number): FollowedTable | undefined {
    const databaseEnd = start + 9 + bytes[start + 8]!
    const tableStart = databaseEnd + 2
    const tableEnd = tableStart + bytes[databaseEnd + 1]!
    const database = bytes.toString('utf8', start + 9, databaseEnd)
    return this.#tables.find(database, bytes.toString('utf8', tableStart, tableEnd))
  }

  /** Reads a compressed rows event of MariaDB. */
  readCompressed(operation: OperationCode, type: number, fields: EventFields): void {
    const start = fields.offset
    if (this.#tablesById.get(fields.bytes.readUIntLE(start, 6)) === null) return
    const isExtended = type >= eventType.compressedWriteRows
    const rowsAt = rowsStart(fields, isExtended, operation)
    const head = fields.bytes.subarray(start, rowsAt)
    fields.offset = rowsAt
    const event = Buffer.concat([head, inflatedLog(fields.rest())])
    const plainType = isExtended ? eventType.writeRows : eventType.writeRowsV1
    this.read(operation, plainType, event, 0, event.length)
  }

  /** Reads a rows event; those of tables that nobody wants are passed over. */
  read(operation: OperationCode, type: number, bytes: Buffer, start: number, end: number): void {
    const followed = this.#tablesById.get(bytes.readUIntLE(start, 6))
    if (followed === null) return
    if (followed?.plan === undefined) throw new RangeError('rows of a table without its table map')
    const fields = new EventFields(bytes, start, end)
    const rowsAt = rowsStart(fields, type >= eventType.writeRows, operation, followed)
    this.#readRows(operation, followed, followed.plan, bytes, rowsAt, end)
  }

  #readRows(
    operation: OperationCode,
    followed: FollowedTable,
    plan: RowPlan,
    bytes: Buffer,
    start: number,
    end: number,
  ): void {
    const batches = this.#batches
    const cursor = this.#cursor
    const { schema } = plan
    const isUpdate = operation === 'u'
    cursor.bytes = bytes
    cursor.offset = start
    const counted = this.#tracker.countOf(followed.name)
    while (cursor.offset < end) {
      const before = isUpdate ? readRow(plan, cursor) : null
      cursor.byteSize = 0
      const row = readRow(plan, cursor)
      if (counted.skip > 0) {
        counted.skip -= 1
        counted.rows += 1
        continue
      }
      batches.reserve(schema, cursor.byteSize)
      counted.rows += 1
      batches.add(operation, row, before, cursor.byteSize)
      this.hasChanges = true
    }
    if (cursor.offset !== end) throw new RangeError('a row ends beyond its event')
  }
}
