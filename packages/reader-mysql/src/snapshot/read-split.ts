import { PluginError, type ReadOptions } from '@millrace/core/plugin'
import type { RecordBatch } from '@millrace/core/record'
import { RowStream, type RowPositions } from '@millrace/core/sql'
import { cancelQuery } from '../connection/cancel-query.ts'
import { openSession, type SessionSettings } from '../connection/open-session.ts'
import { readError } from '../connection/source-error.ts'
import { cellDecoderOf } from '../types/cell-decoders.ts'
import type { SharedSnapshot } from '../changes/shared-snapshot.ts'
import { ResultDecoder, type CellDecoder, type ColumnHeader } from './result-decoder.ts'
import type { DescribedObject } from './source-object.ts'

const queryCommand = 0x03

/** What one split is read with. */
export interface SplitReading {
  readonly settings: SessionSettings
  readonly described: DescribedObject
  readonly sql: string
  /** For messages: `table orders, part 2`. */
  readonly label: string
  /** Assignments for the session, without which the rows would come in another order. */
  readonly sessionSettings: readonly string[]
  /** How rows tell where they stand; absent when nobody asked, or they do not. */
  readonly positions?: RowPositions
  /** The job's encoding when text comes as it is stored. */
  readonly encoding?: string
  readonly socketTimeoutMs?: number
  /** The instant that is read; absent: one of its own. */
  readonly snapshot?: SharedSnapshot
}

/**
 * Reads one statement in a transaction of its own, on a connection of its own, or on one of the snapshot. A query that is
 * left early is cancelled at the server.
 *
 * @throws PluginError SOURCE_FAILED when the source fails, SOURCE_UNREACHABLE when it can't be connected to
 */
export async function* readSplit(
  reading: SplitReading,
  options: ReadOptions,
): AsyncGenerator<RecordBatch, void, undefined> {
  const { signal } = options
  const { snapshot } = reading
  const connection =
    snapshot === undefined
      ? (await openSession(reading.settings, signal)).connection
      : await snapshot.take(signal)
  let stream: RowStream | undefined
  const abort = () => stream?.stop(signal.reason)
  try {
    if (reading.sessionSettings.length > 0) {
      await connection.query(`SET SESSION ${reading.sessionSettings.join(', ')}`, signal)
    }
    if (snapshot === undefined) {
      await connection.query('START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY', signal)
    }
    stream = new RowStream({
      stream: connection.takeStream(),
      request: queryPacket(reading.sql),
      schema: reading.described.schema,
      label: reading.label,
      positions: reading.positions,
      maxRows: options.maxRows,
      maxBytes: options.maxBytes,
      maxDelayMs: options.maxDelayMs,
      socketTimeoutMs: reading.socketTimeoutMs ?? 0,
      decoder: (sink) => new ResultDecoder((headers) => decodersFor(reading, headers), sink),
      fault: () => connection.fault,
    })
    signal.addEventListener('abort', abort, { once: true })
    for (;;) {
      signal.throwIfAborted()
      const batch = await stream.next()
      if (batch === undefined) return
      yield batch
    }
  } catch (error) {
    signal.throwIfAborted()
    throw readError(`reading ${reading.label}`, error)
  } finally {
    signal.removeEventListener('abort', abort)
    stream?.close()
    if (snapshot !== undefined && stream?.isComplete === true && connection.isOpen) {
      connection.giveBackStream()
    } else if (stream === undefined || stream.isComplete || !connection.isOpen) connection.destroy()
    else await cancelQuery(reading.settings.dataSource, connection)
    snapshot?.giveBack(connection)
  }
}

function queryPacket(sql: string): Buffer {
  const length = Buffer.byteLength(sql) + 1
  const packet = Buffer.allocUnsafe(4 + length)
  packet.writeUIntLE(length, 0, 3)
  packet[3] = 0
  packet[4] = queryCommand
  packet.write(sql, 5)
  return packet
}

function decodersFor(
  reading: SplitReading,
  headers: readonly ColumnHeader[],
): readonly CellDecoder[] {
  const { columns, floats } = reading.described
  const { encoding, positions } = reading
  const hiddenCount = positions?.hiddenTypes.length ?? 0
  const decoders = headers.slice(0, headers.length - hiddenCount).map((header, index) => {
    const column = columns[index]
    if (column === undefined) return undefined
    return cellDecoderOf(column, header, {
      isFloat: floats[index] === true,
      ...(encoding === undefined ? {} : { encoding }),
    })
  })
  const known = decoders.filter((decoder) => decoder !== undefined)
  if (known.length !== columns.length || decoders.length !== columns.length) {
    throw new PluginError({
      code: 'SOURCE_FAILED',
      message: `reading ${reading.label}: its columns are not those found before reading: the definition changed meanwhile`,
      hint: 'Run the job again.',
    })
  }
  return [...known, ...Array.from({ length: hiddenCount }, () => 'copied' as const)]
}
