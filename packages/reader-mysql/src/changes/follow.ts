import type { FollowOptions } from '@millrace/core/plugin'
import type { RecordBatch } from '@millrace/core/record'
import type { SessionSettings, SourceSession } from '../connection/open-session.ts'
import { ChangeDecoder, type ChangeDecoderOptions } from './change-decoder.ts'
import type { FollowedTables } from './followed-tables.ts'
import { compareBoundaries, type LogPosition } from './log-position.ts'
import type { LogServer } from './log-server.ts'
import { logError, openLog, requirePosition, type OpenLog } from './open-log.ts'

/** What changes are followed with. */
export interface Following extends Pick<ChangeDecoderOptions, 'logger'> {
  readonly session: SourceSession
  readonly settings: SessionSettings
  readonly server: LogServer
  readonly tables: FollowedTables
  readonly from: LogPosition
  readonly until: LogPosition | undefined
  readonly serverId: number
}

/** A log that moves on without changes for the job is told of this often. */
const positionEveryMs = 5_000
const idleWaitMs = 1_000_000

/**
 * Changes behind a position, until another one or an abort.
 *
 * @throws PluginError POSITION_LOST, SOURCE_FAILED
 */
export async function* followChanges(
  following: Following,
  options: FollowOptions,
): AsyncGenerator<RecordBatch, void, undefined> {
  const { session, settings, server, from, until, serverId } = following
  const { signal } = options
  await requirePosition(session, server, from, signal)
  if (until !== undefined && from.server === until.server && compareBoundaries(from, until) >= 0) {
    return
  }
  let log: OpenLog | undefined
  try {
    log = await openLog(settings, server, from, serverId, signal)
    yield* changesOf(log, following, options)
  } catch (error) {
    signal.throwIfAborted()
    throw logError(error, from, server.isMariaDb)
  } finally {
    log?.close()
  }
}

async function* changesOf(
  { stream }: OpenLog,
  { tables, from, until, server, logger }: Following,
  { signal, maxRows, maxBytes, maxDelayMs }: FollowOptions,
): AsyncGenerator<RecordBatch, void, undefined> {
  const decoder = new ChangeDecoder({
    packets: stream.packets,
    tables,
    limits: { maxRows, maxBytes },
    from,
    until,
    hasChecksum: server.hasChecksum,
    isMariaDb: server.isMariaDb,
    logger,
  })
  const { batches, tracker } = decoder
  let toldAtMs = Date.now()
  let told: string | undefined = tracker.boundaryText
  for (;;) {
    signal.throwIfAborted()
    const state = decoder.run()
    if (state === 'end') batches.flush()
    const due = batches.waitingSinceMs + maxDelayMs - Date.now()
    if (state === 'input' && batches.waitingRows > 0 && due <= 0) batches.flush()
    const batch = batches.ready.shift()
    if (batch !== undefined) {
      toldAtMs = Date.now()
      told = batch.position?.label
      yield batch
      continue
    }
    if (tracker.boundaryText !== told && batches.waitingRows === 0) {
      if (state === 'end' || Date.now() - toldAtMs >= positionEveryMs) {
        toldAtMs = Date.now()
        told = tracker.boundaryText
        const position = decoder.positionBatch()
        if (position !== undefined) yield position
      }
    }
    if (state === 'end') return
    if (state === 'definition') await decoder.loadDefinition()
    else if (state === 'input') {
      await stream.more(batches.waitingRows > 0 ? Math.max(due, 1) : idleWaitMs, signal)
    }
  }
}
