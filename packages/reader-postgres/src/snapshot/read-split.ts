import type { Duplex } from 'node:stream'
import type pg from 'pg'
import type { ReadOptions } from '@millrace/core/plugin'
import type { RecordBatch } from '@millrace/core/record'
import { RowStream, type RowPositions } from '@millrace/core/sql'
import { abortable, cancelQuery } from '../connection/cancel-query.ts'
import { endClient } from '../connection/close-client.ts'
import { openSession, type SessionSettings } from '../connection/open-session.ts'
import { readError } from '../connection/source-error.ts'
import { cellFormOf } from '../types/cell-form.ts'
import { CopyDecoder } from './copy-decoder.ts'
import { beginReading } from './shared-snapshot.ts'
import type { DescribedObject } from './source-object.ts'

/** What one split is read with. */
export interface SplitReading {
  readonly settings: SessionSettings
  readonly described: DescribedObject
  /** The statement without COPY around it. */
  readonly sql: string
  /** For messages: `table orders`. */
  readonly label: string
  /** How rows tell where they stand; absent when nobody asked, or they do not. */
  readonly positions?: RowPositions
  /** Absent: the split sees an instant of its own. */
  readonly snapshot: string | undefined
  /** To be called when the snapshot is gone, so that the split sees an instant of its own. */
  readonly onSnapshotGone: () => void
  readonly socketTimeoutMs?: number
  /** Connections of reads under way; the split's own stands among them while it is read. */
  readonly openClients: Set<pg.Client>
}

/** What is used of the driver's client beyond its public type; pinned by the tests. */
interface DriverInternals {
  readonly connection: { readonly stream: Duplex }
}

/**
 * Reads one statement by COPY, on a connection of its own. A query that is left early is cancelled at the server.
 *
 * @throws PluginError SOURCE_FAILED when the source fails, SOURCE_UNREACHABLE when it can't be connected to
 */
export async function* readSplit(
  reading: SplitReading,
  options: ReadOptions,
): AsyncGenerator<RecordBatch, void, undefined> {
  const { signal } = options
  const client = await openSession(reading.settings, signal)
  reading.openClients.add(client)
  let stream: RowStream | undefined
  // What the server is asked to cancel here may block for long otherwise.
  const abort = () => {
    stream?.stop(signal.reason)
    void cancelQuery(client)
  }
  try {
    const begin = async () => await beginReading(client, reading.snapshot)
    if (await abortable(client, signal, begin)) reading.onSnapshotGone()
    stream = rowStreamOf(client, reading, options)
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
    if (stream?.isComplete === true) await endClient(client)
    else await cancelQuery(client)
    reading.openClients.delete(client)
  }
}

function rowStreamOf(client: pg.Client, reading: SplitReading, options: ReadOptions): RowStream {
  const { connection } = client as unknown as DriverInternals
  const { schema } = reading.described
  const hiddenTypes = reading.positions?.hiddenTypes ?? []
  const types = [...schema.fields.map(({ type }) => type), ...hiddenTypes]
  let fault: Error | undefined
  client.on('error', (error) => {
    fault ??= error
  })
  return new RowStream({
    stream: connection.stream,
    request: queryMessage(copyStatement(reading)),
    schema,
    label: reading.label,
    positions: reading.positions,
    maxRows: options.maxRows,
    maxBytes: options.maxBytes,
    maxDelayMs: options.maxDelayMs,
    socketTimeoutMs: reading.socketTimeoutMs ?? 0,
    decoder: (sink) => new CopyDecoder(types.map(cellFormOf), sink),
    fault: () => fault,
  })
}

/** A simple query (PostgreSQL documentation, "Message Formats"). */
function queryMessage(sql: string): Buffer {
  const length = Buffer.byteLength(sql) + 1
  const message = Buffer.alloc(5 + length)
  message.write('Q', 0)
  message.writeInt32BE(4 + length, 1)
  message.write(sql, 5)
  return message
}

/** Arrays become JSON on the server: their own text form does not say what is text in them. */
function copyStatement({ sql, described, positions }: SplitReading): string {
  const arrays = [...described.arrays, ...(positions?.hiddenTypes ?? []).map(() => false)]
  if (!arrays.includes(true)) return `COPY (${sql}\n) TO STDOUT`
  const names = arrays.map((_, index) => `c${index}`)
  const list = names.map((name, index) =>
    arrays[index] === true ? `array_to_json(${name})` : name,
  )
  return `COPY (SELECT ${list.join(', ')} FROM (${sql}\n) AS source (${names.join(', ')})) TO STDOUT`
}
