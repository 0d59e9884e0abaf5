import type { OperationCode } from '@millrace/core/record'
import type { FollowedTable } from './followed-tables.ts'
import { unreadable } from './log-fault.ts'
import type { EventFields } from './packet-numbers.ts'

/** Where the rows of an event begin; refuses images that lack columns. */
export function rowsStart(
  fields: EventFields,
  isExtended: boolean,
  operation: OperationCode,
  followed?: FollowedTable,
): number {
  fields.slice(8)
  if (isExtended) fields.slice(fields.number(2) - 2)
  const count = fields.packedNumber()
  const images = operation === 'u' ? 2 : 1
  for (let image = 0; image < images; image += 1) {
    const present = fields.slice((count + 7) >> 3)
    if (followed !== undefined && !isFull(present, count)) {
      throw unreadable(
        `rows of table ${followed.name} in the log lack columns`,
        'SET GLOBAL binlog_row_image = FULL, and in no session anything else',
      )
    }
  }
  return fields.offset
}

function isFull(present: Buffer, count: number): boolean {
  for (let index = 0; index < count; index += 1) {
    if ((present[index >> 3]! & (1 << (index & 7))) === 0) return false
  }
  return true
}
