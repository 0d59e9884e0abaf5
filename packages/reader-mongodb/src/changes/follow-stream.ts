import { PluginError, type FollowOptions, type Logger } from '@millrace/core/plugin'
import type { RecordBatch } from '@millrace/core/record'
import type { SourceClient } from '../connection/source-client.ts'
import { ChangeBatches } from './change-batches.ts'
import { ChangeEvent } from './change-event.ts'
import type { CommandCursor, CursorReply } from './command-cursor.ts'
import { admitEvent, documentChange, isDocumentEvent } from './document-change.ts'
import type { FollowedCollection } from './followed-collection.ts'
import { lookUpDocuments, type LookedUpEvent } from './look-up-documents.ts'
import { changeCursor, type StreamSettings } from './open-stream.ts'
import { timeOfToken, tokenOf, tokenValue } from './resume-token.ts'
import { SplitEvents } from './split-events.ts'
import type { DocumentColumns } from '../types/document-columns.ts'
import { streamError } from './stream-error.ts'
import { compareTimes, type ClusterTime, type StreamPosition } from './stream-position.ts'

/** How long the server waits for a change before it answers that there is none. */
const awaitMs = 1000
/** The same where the end of what is there is waited for. */
const shortAwaitMs = 50
/** So often at least a batch says how far the log has come. */
const markEveryMs = 5000

const doing = 'following the changes of MongoDB'

/** What is followed. */
export interface FollowedStream extends StreamSettings {
  readonly source: SourceClient
  readonly logger: Logger
}

/** An event with the place behind it, and the collection it is about. */
interface PlacedEvent extends LookedUpEvent {
  readonly position: StreamPosition
}

/** See `ReaderSession.follow`. Ends with the stream's cursor let go of. */
export async function* followStream(
  stream: FollowedStream,
  from: StreamPosition,
  until: ClusterTime | undefined,
  options: FollowOptions,
): AsyncGenerator<RecordBatch, void, undefined> {
  // Behind a token more of its time may come.
  const least = from.token === undefined ? 1 : 0
  if (until !== undefined && compareTimes(until, from.time) < least) return
  const reading = new StreamReading(stream, from, until, options)
  try {
    for (let isOver = false; !isOver;) {
      isOver = await reading.read()
      yield* reading.takeReady()
    }
  } catch (error) {
    options.signal.throwIfAborted()
    throw streamError(doing, error)
  } finally {
    await reading.close()
  }
}

class StreamReading {
  readonly #stream: FollowedStream
  readonly #from: StreamPosition
  readonly #until: ClusterTime | undefined
  readonly #options: FollowOptions
  readonly #batches: ChangeBatches
  readonly #split = new SplitEvents()
  #position: StreamPosition
  #cursor: CommandCursor | undefined
  /** Asked for while the batches of the reply before are being used. */
  #pending: Promise<CursorReply> | undefined
  #markedAtMs = performance.now()

  constructor(
    stream: FollowedStream,
    from: StreamPosition,
    until: ClusterTime | undefined,
    options: FollowOptions,
  ) {
    const [first] = stream.collections.all
    if (first === undefined) throw new Error('no collection is followed')
    const { hasImages: hasImage } = first
    const idleSchema = first.columns.schemaOf({ replaces: false, hasImage })
    this.#stream = stream
    this.#from = from
    this.#until = until
    this.#options = options
    this.#position = from
    this.#batches = new ChangeBatches(idleSchema, options, from)
  }

  /** Reads on; true when the end was reached. */
  async read(): Promise<boolean> {
    const { signal } = this.#options
    const isFirst = this.#cursor === undefined
    const reply = await (isFirst ? this.#open() : this.#more())
    signal.throwIfAborted()
    if (await this.#take(reply)) return true
    const isOver = this.#passToken(reply, isFirst)
    this.#batches.flush()
    if (isOver || performance.now() - this.#markedAtMs >= markEveryMs) this.#mark()
    if (isOver) return true
    if (this.#cursor?.isOpen === false) await this.close()
    else this.#pending = this.#ask()
    return false
  }

  *takeReady(): Generator<RecordBatch> {
    for (let batch = this.#batches.ready.shift(); batch; batch = this.#batches.ready.shift())
      yield batch
  }

  async close(): Promise<void> {
    const cursor = this.#cursor
    this.#cursor = undefined
    this.#pending = undefined
    await cursor?.close()
  }

  /** Also after the end of a cursor: an invalidation ends it, and what comes then is read by another. */
  async #open(): Promise<CursorReply> {
    const { signal, maxRows } = this.#options
    this.#cursor = changeCursor(this.#stream.source, this.#stream, this.#position, maxRows)
    return await this.#cursor.open(signal)
  }

  async #more(): Promise<CursorReply> {
    const pending = this.#pending ?? this.#ask()
    this.#pending = undefined
    return await pending
  }

  #ask(): Promise<CursorReply> {
    const cursor = this.#cursor as CommandCursor
    const asked = cursor.next(
      this.#options.signal,
      this.#until === undefined ? awaitMs : shortAwaitMs,
    )
    // Whoever takes it sees the error.
    asked.catch(() => {})
    return asked
  }

  /** Takes the changes of a reply; true when they go beyond the end. */
  async #take({ documents }: CursorReply): Promise<boolean> {
    const placed: PlacedEvent[] = []
    let isBeyond = false
    for (const bytes of documents) {
      const event = this.#split.take(new ChangeEvent(bytes))
      if (event === undefined) continue
      const time = event.clusterTime
      isBeyond = this.#until !== undefined && compareTimes(time, this.#until) > 0
      if (isBeyond) break
      placed.push(this.#placed(event, time))
    }
    const { source, fullDocument } = this.#stream
    if (fullDocument === 'default') await lookUpDocuments(source, placed, this.#options.signal)
    this.#addAll(placed)
    if (!isBeyond) return false
    this.#end()
    return true
  }

  /** Takes in the names of as many events as may have the same columns before rows are made of them. */
  #addAll(placed: readonly PlacedEvent[]): void {
    let group: PlacedEvent[] = []
    const admitted = new Map<DocumentColumns, number>()
    const finish = () => {
      for (const one of group) this.#add(one)
      group = []
      admitted.clear()
    }
    for (const one of placed) {
      const columns = isDocumentEvent(one.event) ? one.collection?.columns : undefined
      if (columns !== undefined) {
        if (!columns.mayTake(admitted.get(columns) ?? 0)) finish()
        const count = admitted.get(columns) ?? 0
        if (count === 0) columns.makeRoom()
        admitEvent(columns, one.event, one.document)
        admitted.set(columns, count + 1)
      }
      group.push(one)
    }
    finish()
  }

  #placed(event: ChangeEvent, time: ClusterTime): PlacedEvent {
    const token = tokenOf(event)
    const [database = '', name = ''] = namesIn(event.document('ns'))
    const found = this.#stream.collections.find(database, name)
    const isLeftOut = found !== undefined && this.#options.leaveOut?.has(found.label) === true
    return { event, position: { time, token }, collection: isLeftOut ? undefined : found }
  }

  #add({ event, position, collection, document }: PlacedEvent): void {
    this.#position = position
    // The snapshot has seen what was committed up to there.
    const isSeen =
      this.#from.token === undefined && compareTimes(position.time, this.#from.time) <= 0
    if (isSeen) this.#batches.pass(position)
    else if (!isDocumentEvent(event)) this.#addEnd(event, position, collection)
    else if (collection === undefined) this.#batches.pass(position)
    else {
      const { committedAtMs } = event
      const commit = { time: position.time, committedAtMs }
      this.#batches.add(documentChange(collection, event, document), commit, position)
    }
  }

  /** A collection was dropped, or has another name now. */
  #addEnd(
    event: ChangeEvent,
    position: StreamPosition,
    collection: FollowedCollection | undefined,
  ): void {
    const { operation } = event
    if (operation === 'rename') {
      const [database = '', name = ''] = namesIn(event.document('to'))
      const target = this.#stream.collections.find(database, name)
      const isLeftOut = target !== undefined && this.#options.leaveOut?.has(target.label) === true
      if (target !== undefined && !isLeftOut) throw replaced(target)
    }
    if (collection === undefined || !['drop', 'rename'].includes(operation)) {
      this.#batches.pass(position)
      return
    }
    const done = operation === 'drop' ? 'dropped' : 'renamed'
    this.#stream.logger.warn(`${collection.label} was ${done}: its documents are taken for removed`)
    const { columns, hasImages: hasImage } = collection
    this.#batches.addTruncate(columns.schemaOf({ replaces: false, hasImage }), position)
  }

  /** Notes how far the server has read; true when that is the end. */
  #passToken({ documents, token }: CursorReply, isFirst: boolean): boolean {
    if (token === undefined) return false
    const time = timeOfToken(String(token['_data']))
    if (time === undefined) return false
    // An answer without changes says that all of its time were sent; the first one has not looked yet.
    const order = this.#until === undefined ? -1 : compareTimes(time, this.#until)
    if (documents.length === 0 && order > 0) {
      this.#end()
      return true
    }
    if (documents.length === 0 && compareTimes(time, this.#position.time) > 0) {
      this.#position = { time, token: tokenValue(token) }
      this.#batches.pass(this.#position)
    }
    if (documents.length > 0 || order !== 0 || isFirst) return false
    // Behind the token, and not behind its time: another shard may have a change of that very time.
    this.#batches.flush()
    this.#batches.pass(this.#position)
    return true
  }

  /** Everything up to the end was seen. */
  #end(): void {
    this.#batches.flush()
    if (this.#until !== undefined) this.#batches.pass({ time: this.#until })
    this.#mark()
  }

  #mark(): void {
    this.#markedAtMs = performance.now()
    this.#batches.mark()
  }
}

/** Database and collection. */
function namesIn(namespace: Buffer | null | undefined): readonly (string | undefined)[] {
  if (!namespace) return []
  const event = new ChangeEvent(namespace)
  return [event.text('db'), event.text('coll')]
}

function replaced({ label }: FollowedCollection): PluginError {
  return new PluginError({
    code: 'POSITION_LOST',
    message: `${doing}: ${label} was replaced by another collection that got its name ($out, or renameCollection), and the oplog does not have its documents`,
    hint: 'Begin anew with --restart, or let the pipeline do so: on_lost_position: resnapshot.',
  })
}
