import type { OperationCode, Row } from '@millrace/core/record'
import {
  copyBothResponse,
  copyData,
  errorResponse,
  headBytes,
  MessageDecoder,
  readyForQuery,
  serverErrorOf,
} from '../connection/message-decoder.ts'
import type { RelationBinding } from './relation-binding.ts'
import { relationMessageOf, type RelationMessage } from './relation-message.ts'
import { serverEpochMs } from './replication-messages.ts'
import { TupleReader } from './tuple-reader.ts'

/** Of XLogData: type, start and end of the log, time. */
const logHeadBytes = 25

const code = (letter: string) => letter.charCodeAt(0)
const logData = code('w')
const keepAlive = code('k')
const oldTuple = code('O')
const keyTuple = code('K')
const newTuple = code('N')
const messages = {
  begin: code('B'),
  commit: code('C'),
  relation: code('R'),
  insert: code('I'),
  update: code('U'),
  delete: code('D'),
  truncate: code('T'),
} as const

/** Who takes what the server sends. What it throws ends the stream. */
export interface LogSink {
  /** The server has begun to send. */
  started(): void
  begin(commitLsn: bigint, committedAtMs: number): void
  commit(endLsn: bigint): void
  /** False: nothing further may be handed over until {@link LogDecoder.resume}. */
  relation(relation: RelationMessage): boolean
  /** Counts the next change of the transaction; false when it is not wanted. */
  isWanted(): boolean
  change(
    binding: RelationBinding,
    operation: OperationCode,
    row: Row,
    before: Row | null,
    byteSize: number,
  ): void
  truncate(relationOid: number): void
  keepAlive(logEnd: bigint, wantsReply: boolean): void
  /** The server sends nothing more; with its error, if it gave one. */
  ended(error: unknown): void
}

/**
 * Decodes what the server sends after START_REPLICATION straight from the chunks of the socket: the messages of the
 * protocol, in them those of the replication protocol, and in these those of `pgoutput`, version 1, values as text
 * (PostgreSQL documentation, "Streaming Replication Protocol" and "Logical Replication Message Formats").
 */
export class LogDecoder extends MessageDecoder {
  readonly #sink: LogSink
  /** Of each relation that is followed, by its oid. */
  readonly #bindings: ReadonlyMap<number, RelationBinding>
  readonly #tuples = new TupleReader()
  #waiting: Buffer[] = []
  #at = 0

  constructor(sink: LogSink, bindings: ReadonlyMap<number, RelationBinding>) {
    super()
    this.#sink = sink
    this.#bindings = bindings
  }

  /** Takes the next chunk of the socket, which is overwritten. */
  push(chunk: Buffer): void {
    this.#waiting.push(chunk)
    this.#run()
  }

  /** Goes on after {@link LogSink.relation} said that it has to wait. */
  resume(): void {
    this.isHeld = false
    this.#run()
  }

  #run(): void {
    for (;;) {
      const chunk = this.#waiting[0]
      if (chunk === undefined || this.isHeld) return
      this.#at = this.decode(chunk, this.#at)
      if (this.#at < chunk.length) return
      this.#waiting.shift()
      this.#at = 0
    }
  }

  protected message(bytes: Buffer, start: number, end: number): void {
    const type = bytes[start]
    if (type === copyData) this.#copyData(bytes, start + headBytes, end)
    else if (type === copyBothResponse) this.#sink.started()
    else if (type === readyForQuery) this.#sink.ended(undefined)
    else if (type === errorResponse)
      this.#sink.ended(serverErrorOf(bytes.subarray(start + headBytes, end)))
  }

  #copyData(bytes: Buffer, start: number, end: number): void {
    const type = bytes[start]
    if (type === logData) this.#logData(bytes, start + logHeadBytes)
    else if (type === keepAlive)
      this.#sink.keepAlive(bytes.readBigUInt64BE(start + 1), bytes[end - 1] === 1)
  }

  #logData(bytes: Buffer, start: number): void {
    switch (bytes[start] as number) {
      case messages.insert:
      case messages.update:
      case messages.delete:
        if (this.#sink.isWanted()) this.#change(bytes, start)
        break
      case messages.begin: {
        const microseconds = bytes.readInt32BE(start + 9) * 2 ** 32 + bytes.readUInt32BE(start + 13)
        const committedAtMs = Math.floor(microseconds / 1000) + serverEpochMs
        this.#sink.begin(bytes.readBigUInt64BE(start + 1), committedAtMs)
        break
      }
      case messages.commit:
        this.#sink.commit(bytes.readBigUInt64BE(start + 10))
        break
      case messages.relation:
        this.isHeld = !this.#sink.relation(relationMessageOf(bytes, start))
        break
      case messages.truncate:
        this.#truncate(bytes, start)
        break
      default:
        // Types, origins and logical messages say nothing that is needed.
        break
    }
  }

  #truncate(bytes: Buffer, start: number): void {
    const count = bytes.readInt32BE(start + 1)
    for (let index = 0; index < count; index += 1)
      if (this.#sink.isWanted()) this.#sink.truncate(bytes.readUInt32BE(start + 6 + 4 * index))
  }

  #change(bytes: Buffer, start: number): void {
    const binding = this.#bindings.get(bytes.readUInt32BE(start + 1))
    if (binding === undefined) return
    const tuples = this.#tuples
    tuples.use(bytes)
    const kind = bytes[start + 5]
    tuples.at = start + 6
    let before: Row | null = null
    if (kind === oldTuple) before = tuples.row(binding)
    else if (kind === keyTuple) before = tuples.identity(binding)
    if (bytes[start] === messages.delete) {
      if (before === null) throw new Error('the server sent a deletion without the row before it')
      this.#sink.change(binding, 'd', before, null, tuples.byteSize)
      return
    }
    if (before !== null) {
      if (bytes[tuples.at] !== newTuple)
        throw new Error('the server sent an update without its new row')
      tuples.at += 1
    }
    const operation = bytes[start] === messages.insert ? 'c' : 'u'
    const row = tuples.row(binding, kind === oldTuple ? before : null)
    this.#sink.change(binding, operation, row, before, tuples.byteSize)
  }
}
