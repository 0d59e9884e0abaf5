import { PluginError } from '@millrace/core/plugin'
import { eventType } from './log-types.ts'

/** The error for a log that cannot be followed as it is. */
export function unreadable(found: string, hint: string): PluginError {
  return new PluginError({
    code: 'SOURCE_FAILED',
    message: `following changes: ${found}`,
    hint,
  })
}

/**
 * @throws PluginError SOURCE_FAILED when an event of this type holds changes that cannot be told
 */
export function refuseEvent(type: number): void {
  switch (type) {
    case eventType.partialUpdateRows:
      throw unreadable(
        'the log has JSON columns of which just the changed part was written',
        "SET GLOBAL binlog_row_value_options = ''",
      )
    case eventType.transactionPayload:
      throw unreadable(
        'the log has compressed transactions',
        'SET GLOBAL binlog_transaction_compression = OFF',
      )
    case eventType.taggedGtid:
      throw unreadable('the log has GTIDs with tags', 'Use GTIDs without tags: AUTOMATIC.')
    case eventType.incident:
      throw unreadable(
        'the server lost changes on their way into the log (an incident event)',
        'Take a new snapshot.',
      )
    default:
      break
  }
}
