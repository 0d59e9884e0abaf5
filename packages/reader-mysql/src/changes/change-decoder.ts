import type { Logger, PluginError } from '@millrace/core/plugin'
import type { BatchLimits, OperationCode, RecordBatch } from '@millrace/core/record'
import { ChangeBatches } from './change-batches.ts'
import type { EventBuffer } from './event-buffer.ts'
import type { FollowedTable, FollowedTables } from './followed-tables.ts'
import { mysqlTransactionOf } from './gtid-event.ts'
import { HeldTransaction } from './held-transaction.ts'
import { refuseEvent, unreadable } from './log-fault.ts'
import { markChangedTables, refuseStatement, statementOf } from './logged-statement.ts'
import type { LogPosition } from './log-position.ts'
import { LoggedRows } from './logged-rows.ts'
import { eventType } from './log-types.ts'
import { LogTracker } from './log-tracker.ts'
import { serverErrorOf } from './server-error.ts'
import { statementKind } from './statement-kind.ts'
import { EventFields } from './packet-numbers.ts'

const headerLength = 19
const checksumLength = 4

/** Events before which a transaction has ended, however it did. */
const transactionBeginnings = new Set<number>([
  eventType.rotate,
  eventType.formatDescription,
  eventType.gtid,
  eventType.anonymousGtid,
  eventType.mariadbGtid,
])

/** What a change decoder is made of. */
export interface ChangeDecoderOptions {
  readonly packets: EventBuffer
  readonly tables: FollowedTables
  readonly limits: BatchLimits
  readonly from: LogPosition
  /** Where the log is to end. */
  readonly until: LogPosition | undefined
  /** Whether events end with a checksum before the log says so itself. */
  readonly hasChecksum: boolean
  readonly isMariaDb: boolean
  readonly logger: Logger
}

/** Why a decoder stopped: it has a batch, needs bytes or a table's definition, or came to the end. */
export type DecoderState = 'batch' | 'input' | 'definition' | 'end'

/** Turns the events of a log into batches. */
export class ChangeDecoder {
  readonly batches: ChangeBatches
  readonly tracker: LogTracker
  readonly #options: ChangeDecoderOptions
  readonly #rows: LoggedRows
  #hasChecksum: boolean
  readonly #held = new HeldTransaction()
  /** The transaction under way is too large to be held. */
  #isStreamed = false
  /** A truncated table whose transaction has not ended. */
  #truncated: FollowedTable | undefined
  /** Whether the transaction under way is one statement, without a COMMIT. */
  #isStandalone = false

  constructor(options: ChangeDecoderOptions) {
    this.#options = options
    this.#hasChecksum = options.hasChecksum
    this.tracker = new LogTracker(options.from, options.isMariaDb)
    this.batches = new ChangeBatches(options.limits, this.tracker)
    this.#rows = new LoggedRows(options.tables, this.batches, this.tracker)
  }

  /** Goes on until it has something to tell. */
  run(): DecoderState {
    const { ready } = this.batches
    const { packets } = this.#options
    for (;;) {
      if (this.#rows.needsDefinition) return 'definition'
      if (ready.length > 0) return 'batch'
      if (this.#isAtEnd()) return 'end'
      const held = this.#held.next()
      if (held !== undefined) this.#event(held.bytes, held.start, held.end)
      else if (packets.next()) this.#packet(packets.bytes, packets.start, packets.end)
      else return 'input'
    }
  }

  /** Looks at the table whose definition is needed. */
  async loadDefinition(): Promise<void> {
    await this.#rows.loadDefinition()
  }

  #isAtEnd(): boolean {
    const { until } = this.#options
    return until !== undefined && this.tracker.hasReached(until)
  }

  #packet(bytes: Buffer, start: number, end: number): void {
    const status = bytes[start]!
    if (status === 0xff) throw serverErrorOf(bytes.subarray(start, end))
    if (status !== 0) {
      throw Object.assign(new Error('the server ended the log'), { code: 'ECONNRESET' })
    }
    this.#arrived(bytes, start + 1, end)
  }

  /** Holds the event, as part of a transaction whose end is not known, or reads it. */
  #arrived(bytes: Buffer, start: number, end: number): void {
    const type = bytes[start + 4]!
    if (transactionBeginnings.has(type) && this.tracker.isInside) this.#abandon()
    const isFirst =
      type === eventType.tableMap &&
      this.tracker.isInside &&
      !this.#isStreamed &&
      !this.#held.isOpen &&
      this.#rows.tableOf(bytes, start + headerLength) !== undefined
    if (isFirst) this.#held.open()
    if (this.#held.isOpen) this.#hold(type, bytes, start, end)
    else this.#event(bytes, start, end)
  }

  #hold(type: number, bytes: Buffer, start: number, end: number): void {
    const held = this.#held
    const isTooLarge = held.add({ bytes, start, end })
    if (type === eventType.xid || type === eventType.xaPrepare) held.close()
    else if (type === eventType.query || type === eventType.compressedQuery) {
      const fields = new EventFields(bytes, start + headerLength, this.#bodyEnd(type, end))
      const { text } = statementOf(fields, type === eventType.compressedQuery)
      const { kind } = statementKind(text)
      if (kind === 'savepoint') held.savepoint(text)
      else if (kind === 'rollback-to') held.rollbackTo(text)
      else if (kind === 'rollback') held.rollback()
      if (kind === 'commit' || kind === 'rollback') held.close()
    }
    if (isTooLarge && held.isOpen) {
      held.close()
      this.#isStreamed = true
    }
  }

  /** The server went down in the middle of a transaction, which is not committed then. */
  #abandon(): void {
    if (this.#rows.hasChanges) {
      throw unreadable('the log has a large transaction without an end', 'Take a new snapshot.')
    }
    this.#held.drop()
    this.tracker.abandon()
  }

  #bodyEnd(type: number, end: number): number {
    const isChecked = this.#hasChecksum || type === eventType.formatDescription
    return isChecked ? end - checksumLength : end
  }

  #event(bytes: Buffer, start: number, end: number): void {
    const type = bytes[start + 4]!
    if (type === eventType.formatDescription) this.#readFormat(bytes, end)
    const bodyEnd = this.#bodyEnd(type, end)
    const body = start + headerLength
    const { tracker } = this
    tracker.beginEvent(bytes, start, type)
    switch (type) {
      case eventType.tableMap:
        this.#rows.tableMap(bytes, body, bodyEnd)
        break
      case eventType.writeRows:
      case eventType.writeRowsV1:
        this.#read('c', type, bytes, body, bodyEnd)
        break
      case eventType.updateRows:
      case eventType.updateRowsV1:
        this.#read('u', type, bytes, body, bodyEnd)
        break
      case eventType.deleteRows:
      case eventType.deleteRowsV1:
        this.#read('d', type, bytes, body, bodyEnd)
        break
      case eventType.xid:
        this.#endTransaction()
        break
      default:
        this.#rareEvent(type, bytes, start, body, bodyEnd)
    }
    tracker.endEvent()
  }

  #rareEvent(type: number, bytes: Buffer, start: number, body: number, end: number): void {
    const fields = new EventFields(bytes, body, end)
    switch (type) {
      case eventType.query:
        this.#query(fields)
        break
      case eventType.compressedQuery:
        this.#query(fields, true)
        break
      case eventType.rotate:
        this.tracker.rotate(fields.longNumber(), fields.rest().toString())
        break
      case eventType.mariadbGtid: {
        const number = fields.longNumber()
        const domain = fields.number(4)
        this.#isStandalone = (fields.number(1) & 1) !== 0
        this.tracker.mariadbGtid(domain, bytes.readUInt32LE(start + 5), number)
        this.#beginTransaction(bytes.readUInt32LE(start) * 1000)
        break
      }
      case eventType.gtid:
      case eventType.anonymousGtid:
        this.#mysqlGtid(type, fields)
        break
      case eventType.heartbeat:
        this.tracker.heartbeat(fields.rest().toString())
        break
      case eventType.compressedWriteRows:
      case eventType.compressedWriteRowsV1:
        this.#readCompressed('c', type, fields)
        break
      case eventType.compressedUpdateRows:
      case eventType.compressedUpdateRowsV1:
        this.#readCompressed('u', type, fields)
        break
      case eventType.compressedDeleteRows:
      case eventType.compressedDeleteRowsV1:
        this.#readCompressed('d', type, fields)
        break
      case eventType.xaPrepare:
        this.#endPrepared(fields)
        break
      default:
        // Whatever else there is only moves the position.
        refuseEvent(type)
    }
  }

  #read(operation: OperationCode, type: number, bytes: Buffer, start: number, end: number): void {
    if (!this.#held.isUndone) this.#rows.read(operation, type, bytes, start, end)
  }

  #readCompressed(operation: OperationCode, type: number, fields: EventFields): void {
    if (!this.#held.isUndone) this.#rows.readCompressed(operation, type, fields)
  }

  #readFormat(bytes: Buffer, end: number): void {
    this.#hasChecksum = bytes[end - checksumLength - 1] === 1
    this.#rows.forgetTables()
  }

  #mysqlGtid(type: number, fields: EventFields): void {
    const { source, number, committedAtMs } = mysqlTransactionOf(fields)
    this.#isStandalone = true
    if (type === eventType.gtid) this.tracker.mysqlGtid(source, number)
    else this.tracker.begin()
    this.#beginTransaction(committedAtMs ?? this.tracker.eventSeconds * 1000)
  }

  #beginTransaction(committedAtMs: number): void {
    this.#rows.hasChanges = false
    this.#isStreamed = false
    this.#held.drop()
    const { transaction, isResumed } = this.tracker
    this.batches.beginTransaction(transaction, committedAtMs, isResumed)
  }

  #endTransaction(): void {
    this.#rows.forgetTables()
    this.tracker.commit()
    this.#rows.hasChanges = false
    const truncated = this.#truncated
    if (truncated === undefined) return
    this.#truncated = undefined
    this.tracker.endEvent()
    this.batches.push(this.#emptyBatch(truncated, true))
  }

  /** A batch that says where the log stands. */
  positionBatch(): RecordBatch | undefined {
    for (const followed of this.#options.tables.all) return this.#emptyBatch(followed, false)
    return undefined
  }

  #emptyBatch({ schema }: FollowedTable, isTruncate: boolean): RecordBatch {
    return {
      schema,
      rows: [],
      byteSize: 0,
      position: this.tracker.current(),
      changes: { operations: [], before: [], transactions: [], committedAtMs: [] },
      ...(isTruncate ? { isTruncate } : {}),
    }
  }

  #query(fields: EventFields, isCompressed = false): void {
    const { tables, logger } = this.#options
    const logged = statementOf(fields, isCompressed)
    const { database, text } = logged
    const statement = statementKind(text)
    switch (statement.kind) {
      case 'begin':
        if (!this.tracker.isInside) {
          this.tracker.begin()
          this.#beginTransaction(this.tracker.eventSeconds * 1000)
        }
        this.#isStandalone = false
        return
      case 'commit':
        this.#endTransaction()
        return
      case 'rollback':
      case 'rollback-to':
        if (this.#isStreamed && this.#rows.hasChanges) throw largeRollback()
        if (statement.kind === 'rollback') this.#endTransaction()
        return
      case 'xa':
        if (/^\s*XA\s+START/i.test(text)) this.#isStandalone = false
        break
      case 'truncate':
        this.#truncate(statement.database ?? database, statement.table)
        break
      case 'definition':
        markChangedTables(tables, logged, logger)
        break
      case 'rows':
        refuseStatement(tables, logged)
        break
      case 'savepoint':
      case 'other':
        break
    }
    if (this.#isStandalone || !this.tracker.isInside) this.#endTransaction()
  }

  #truncate(database: string, table: string): void {
    const followed = this.#options.tables.find(database, table)
    if (followed === undefined) return
    followed.isStale = true
    this.#truncated = followed
  }

  #endPrepared(fields: EventFields): void {
    const isOnePhase = fields.number(1) === 1
    if (!isOnePhase && this.#rows.hasChanges) {
      throw unreadable(
        'a transaction was prepared by XA PREPARE; the log has its changes before it is known whether it is committed',
        'Leave tables out that are changed by XA transactions.',
      )
    }
    this.#endTransaction()
  }
}

function largeRollback(): PluginError {
  return unreadable(
    'the log has a transaction of more than 8 MiB that was rolled back, in part at least; it made a temporary table, or changed tables of engines without transactions',
    'Take a new snapshot; make temporary tables outside of large transactions.',
  )
}
