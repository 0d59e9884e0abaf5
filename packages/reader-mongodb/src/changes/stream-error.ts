import { PluginError } from '@millrace/core/plugin'
import {
  readError,
  sourceFaultOf,
  statementError,
  statementErrorCode,
} from '../connection/source-error.ts'

const lostCodes: ReadonlySet<number> = new Set([
  // CappedPositionLost, InvalidResumeToken, ChangeStreamFatalError, ChangeStreamHistoryLost.
  136, 260, 280, 286,
])
const noMatchingDocument = 47
const objectTooLarge = 10_334
/** `$changeStream` needs a replica set. */
const onlyReplicaSets = 40_573

/** What a change stream failed with, as the runtime is to see it. */
export function streamError(doing: string, error: unknown): unknown {
  if (PluginError.isInstance(error)) return error
  const fault = sourceFaultOf(error)
  const { code, message } = fault
  if (code !== undefined && lostCodes.has(code))
    return new PluginError({
      code: 'POSITION_LOST',
      message: `${doing}: the oplog no longer has what comes next (${message})`,
      hint: 'Begin anew with --restart, or let the pipeline do so: on_lost_position: resnapshot. A larger oplog keeps more: db.adminCommand({replSetResizeOplog: 1, minRetentionHours: 24}).',
      cause: error,
    })
  if (code === noMatchingDocument)
    return new PluginError({
      code: 'POSITION_LOST',
      message: `${doing}: the server no longer has the document as a change has left it (${message})`,
      hint: 'Keep images longer (setClusterParameter: {changeStreamOptions: {preAndPostImages: {expireAfterSeconds: …}}}), or leave capture.mode.full.update.type at lookup.',
      cause: error,
    })
  if (code === objectTooLarge)
    return new PluginError({
      code: 'SOURCE_FAILED',
      message: `${doing}: a change is larger than the 16 MB of a message (${message})`,
      hint: 'MongoDB 6.0.9 and later cuts such changes; an older one cannot send them.',
      cause: error,
    })
  if (code === onlyReplicaSets) return noChanges(doing)
  if (statementErrorCode(fault) === 'SOURCE_NOT_PERMITTED') return statementError(doing, error)
  return readError(doing, error)
}

/** The server keeps no oplog. */
export function noChanges(doing: string): PluginError {
  return new PluginError({
    code: 'SOURCE_FAILED',
    message: `${doing}: the server is no member of a replica set, and has no changes to follow`,
    hint: 'Start it with --replSet and run rs.initiate(), or read once with --snapshot-only.',
  })
}
