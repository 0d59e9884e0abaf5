import type { EventFields } from './packet-numbers.ts'

/** A transaction as the GTID event of MySQL announces it. */
export interface MysqlTransaction {
  /** The server that it was committed on first. */
  readonly source: string
  readonly number: number
  /** Absent on servers before MySQL 8. */
  readonly committedAtMs: number | undefined
}

/** Fields of GTID_LOG_EVENT and ANONYMOUS_GTID_LOG_EVENT. Source: MySQL, `Gtid_event` in libs/mysql/binlog/event. */
export function mysqlTransactionOf(fields: EventFields): MysqlTransaction {
  fields.number(1)
  const uuid = fields.slice(16).toString('hex')
  const parts = [uuid.slice(0, 8), uuid.slice(8, 12), uuid.slice(12, 16), uuid.slice(16, 20)]
  const number = fields.longNumber()
  return {
    source: `${parts.join('-')}-${uuid.slice(20)}`,
    number,
    committedAtMs: commitTimeOf(fields),
  }
}

/** MySQL 8 tells when a transaction was committed, in microseconds, behind the numbers of its group. */
function commitTimeOf(fields: EventFields): number | undefined {
  if (fields.end - fields.offset < 24 || fields.number(1) !== 2) return undefined
  fields.slice(16)
  const low = fields.number(4)
  const high = fields.number(3)
  return Math.floor(((high & 0x7f_ffff) * 0x1_0000_0000 + low) / 1000)
}
