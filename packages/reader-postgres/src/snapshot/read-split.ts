import type pg from 'pg'
import { to as copyTo, type CopyToStreamQuery } from 'pg-copy-streams'
import { PluginError, type ReadOptions } from '@millrace/core/plugin'
import type { RecordBatch, Row } from '@millrace/core/record'
import { SplitBatches } from '@millrace/core/sql'
import { abortable, cancelQuery } from '../connection/cancel-query.ts'
import { endClient } from '../connection/close-client.ts'
import { openSession, type SessionSettings } from '../connection/open-session.ts'
import { readError } from '../connection/source-error.ts'
import { cellConversionOf } from '../types/cell-conversion.ts'
import { ChunkSource } from './chunk-source.ts'
import { CopyDecoder } from './copy-decoder.ts'
import { beginReading } from './shared-snapshot.ts'
import type { DescribedObject } from './source-object.ts'
import type { SplitPositions } from './split-position.ts'

/** What one split is read with. */
export interface SplitReading {
  readonly settings: SessionSettings
  readonly described: DescribedObject
  /** The statement without COPY around it. */
  readonly sql: string
  /** For messages: `table orders`. */
  readonly label: string
  /** How rows tell where they stand; absent when nobody asked, or they do not. */
  readonly positions?: SplitPositions
  /** Absent: the split sees an instant of its own. */
  readonly snapshot: string | undefined
  readonly socketTimeoutMs?: number
  /** Connections of reads under way; the split's own stands among them while it is read. */
  readonly openClients: Set<pg.Client>
}

/** What is used of the driver's client beyond its public type. */
interface DriverInternals {
  readonly connection: { readonly stream: NodeJS.EventEmitter }
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
  let isComplete = false
  try {
    await abortable(client, signal, async () => await beginReading(client, reading.snapshot))
    const stream = copyStream(client, copyStatement(reading))
    // A reader that is never resumed after the abort has let go of its connection, too.
    const abort = () => {
      stream.destroy(new Error('reading was stopped'))
      void cancelQuery(client)
    }
    signal.addEventListener('abort', abort, { once: true })
    try {
      signal.throwIfAborted()
      yield* batchesOf(stream, reading, options)
      isComplete = true
    } finally {
      signal.removeEventListener('abort', abort)
    }
  } catch (error) {
    signal.throwIfAborted()
    throw readError(`reading ${reading.label}`, error)
  } finally {
    if (isComplete) await endClient(client)
    else await cancelQuery(client)
    reading.openClients.delete(client)
  }
}

function copyStream(client: pg.Client, sql: string): CopyToStreamQuery {
  const stream = client.query(copyTo(sql))
  const { connection } = client as unknown as DriverInternals
  stream.on('error', () => {
    // A copy that failed has let go of its buffers and must not be given what is left in the socket. The listener
    // stays for an error that comes when nobody reads any more.
    connection.stream.removeAllListeners('readable')
  })
  return stream
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

async function* batchesOf(
  stream: CopyToStreamQuery,
  reading: SplitReading,
  { signal, maxRows, maxBytes, maxDelayMs }: ReadOptions,
): AsyncGenerator<RecordBatch, void, undefined> {
  const { schema } = reading.described
  const { positions } = reading
  const types = [...schema.fields.map(({ type }) => type), ...(positions?.hiddenTypes ?? [])]
  const decoder = new CopyDecoder(types.map(cellConversionOf))
  const builder = new SplitBatches(schema, { maxRows, maxBytes }, positions)
  const full: RecordBatch[] = []
  const add = (row: Row, byteSize: number) => {
    const batch = builder.add(row, byteSize)
    if (batch !== undefined) full.push(batch)
  }
  const chunks = new ChunkSource(stream)
  for (;;) {
    const chunk = chunks.take()
    if (chunk === undefined) {
      if (chunks.isEnded) break
      if (builder.rowCount > 0 && (await chunks.wait(maxDelayMs)) === 'late') yield builder.take()
      await waitForChunk(chunks, reading)
      signal.throwIfAborted()
      continue
    }
    decoder.push(chunk, add)
    for (const batch of full.splice(0)) {
      yield batch
      signal.throwIfAborted()
    }
  }
  if (decoder.isInsideRow) {
    throw readError(
      `reading ${reading.label}`,
      new Error('the server ended in the middle of a row'),
    )
  }
  if (builder.rowCount > 0) yield builder.take()
}

async function waitForChunk(
  chunks: ChunkSource,
  { label, socketTimeoutMs = 0 }: SplitReading,
): Promise<void> {
  if ((await chunks.wait(socketTimeoutMs)) === 'ready') return
  throw new PluginError({
    code: 'SOURCE_FAILED',
    message: `reading ${label}: the server sent nothing for ${socketTimeoutMs} ms`,
    hint: 'Raise socketTimeout, or find out what the server waits for.',
  })
}
