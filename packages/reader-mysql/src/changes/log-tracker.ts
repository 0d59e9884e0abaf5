import type { Position } from '@millrace/core/record'
import type { LogPlace } from './change-batches.ts'
import { MariadbGtidPosition, MysqlGtidSet } from './gtid-set.ts'
import { compareBoundaries, fileNumber, positionOf, type LogPosition } from './log-position.ts'
import { eventType } from './log-types.ts'

/** Changes of one table in the transaction under way. */
interface TableCount {
  /** Read so far. */
  rows: number
  /** Still to be left out, because an earlier run has handed them out. */
  skip: number
}

/** Where the log stands while its events are read. */
export class LogTracker implements LogPlace {
  readonly #server: string
  #file: string
  /** Behind the event under way. */
  #eventEnd: number
  #offset: number
  /** Behind the last transaction that ended. */
  #boundary: { file: string; offset: number }
  /** Numbers the transaction under way. */
  transaction = 0
  /** Time of the event under way, in seconds since the epoch. */
  eventSeconds = 0
  isInside = false
  /** Whether an earlier run has handed out a part of the transaction under way. */
  isResumed = false
  readonly #mysqlGtids: MysqlGtidSet | undefined
  readonly #mariadbGtids: MariadbGtidPosition | undefined
  #addGtid: (() => void) | undefined
  readonly #counts = new Map<string, TableCount>()
  /** Of the first transaction: what an earlier run has handed out. */
  #skipped: Readonly<Record<string, number>>

  constructor(from: LogPosition, isMariaDb: boolean) {
    this.#server = from.server
    this.#file = from.file
    this.#offset = from.offset
    this.#eventEnd = from.offset
    this.#boundary = { file: from.file, offset: from.offset }
    this.#skipped = from.inside ?? {}
    if (from.gtid === undefined) return
    if (isMariaDb) this.#mariadbGtids = new MariadbGtidPosition(from.gtid)
    else this.#mysqlGtids = new MysqlGtidSet(from.gtid)
  }

  /** Behind the last transaction that ended. */
  get boundaryText(): string {
    return `${this.#boundary.file}:${this.#boundary.offset}`
  }

  hasReached(until: LogPosition): boolean {
    return !this.isInside && compareBoundaries(this.#boundary, until) >= 0
  }

  /** Reads the header of an event. Events that the server makes for the reader alone do not move the position. */
  beginEvent(bytes: Buffer, start: number, type: number): void {
    this.eventSeconds = bytes.readUInt32LE(start)
    const size = bytes.readUInt32LE(start + 9)
    const end = bytes.readUInt32LE(start + 13)
    const isArtificial = (bytes.readUInt16LE(start + 17) & 0x20) !== 0
    const isOutside = type === eventType.formatDescription && end === 0
    if (isArtificial || isOutside || type === eventType.heartbeat) {
      this.#eventEnd = type === eventType.heartbeat ? end : this.#offset
      return
    }
    // Newer servers leave the end out inside transactions; past 4 GiB it has lost its upper bits.
    this.#eventEnd = end === 0 || end < this.#offset ? this.#offset + size : end
    if (
      type === eventType.gtid ||
      type === eventType.anonymousGtid ||
      type === eventType.mariadbGtid
    ) {
      // Transactions that the server left out, because they are known, stand between.
      this.#offset = this.#eventEnd - size
      this.#boundary = { file: this.#file, offset: this.#offset }
    }
  }

  endEvent(): void {
    this.#offset = this.#eventEnd
    if (!this.isInside) this.#moveBoundary()
  }

  rotate(offset: number, file: string): void {
    this.#file = file
    this.#eventEnd = offset
  }

  /** The server is idle, or leaves out what is known. */
  heartbeat(file: string): void {
    if (file !== this.#file || this.isInside || this.#eventEnd < this.#offset) {
      this.#eventEnd = this.#offset
    }
  }

  begin(): void {
    this.isInside = true
    this.transaction = fileNumber(this.#file) * 0x1_0000_0000 + this.#offset
    this.#addGtid = undefined
    this.#counts.clear()
    this.isResumed = Object.keys(this.#skipped).length > 0
    for (const [table, skip] of Object.entries(this.#skipped)) {
      this.#counts.set(table, { rows: 0, skip })
    }
    this.#skipped = {}
  }

  mysqlGtid(source: string, number: number): void {
    this.begin()
    this.#addGtid = () => this.#mysqlGtids?.add(source, number)
  }

  mariadbGtid(domain: number, server: number, number: number): void {
    this.begin()
    this.#addGtid = () => this.#mariadbGtids?.add(domain, server, number)
  }

  commit(): void {
    this.isInside = false
    this.#addGtid?.()
    this.#addGtid = undefined
    this.#counts.clear()
  }

  /** The transaction under way counts as if it had not been. */
  abandon(): void {
    this.isInside = false
    this.#addGtid = undefined
    this.#counts.clear()
  }

  countOf(table: string): TableCount {
    const known = this.#counts.get(table)
    if (known !== undefined) return known
    const count = { rows: 0, skip: 0 }
    this.#counts.set(table, count)
    return count
  }

  boundary(): Position {
    return positionOf(this.#place())
  }

  current(): Position {
    const inside = [...this.#counts].filter(([, { rows, skip }]) => rows + skip > 0)
    if (!this.isInside || inside.length === 0) return this.boundary()
    const counts = inside.map(([table, { rows, skip }]) => [table, rows + skip] as const)
    return positionOf({ ...this.#place(), inside: Object.fromEntries(counts) })
  }

  #moveBoundary(): void {
    this.#boundary.file = this.#file
    this.#boundary.offset = this.#offset
  }

  #place(): LogPosition {
    const gtid = (this.#mysqlGtids ?? this.#mariadbGtids)?.text
    return {
      server: this.#server,
      file: this.#boundary.file,
      offset: this.#boundary.offset,
      ...(gtid === undefined ? {} : { gtid }),
    }
  }
}
