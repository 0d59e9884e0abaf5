import { asBuffer, decodeWithRaw, type BsonDocument } from '../documents/bson-document.ts'

/** Operation codes: https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/. */
const opReply = 1
const opQuery = 2004
const opMessage = 2013
const headerBytes = 16
const checksumPresent = 1
const moreToCome = 2

/** A command as it came. */
export interface Request {
  readonly id: number
  /** Documents that are to be stored are BSON bytes, here and in `sequences`. */
  readonly command: BsonDocument
  /** The same, as BSON. */
  readonly body: Buffer
  /** Documents sent beside the command, by the name of the argument they stand for. */
  readonly sequences: ReadonlyMap<string, readonly Buffer[]>
  /** The older message, in which drivers send their first `hello`. */
  readonly legacy: boolean
  /** Whether the client waits for a reply. */
  readonly wantsReply: boolean
}

/**
 * @param message whole
 * @returns what it asks for
 * @throws {RangeError} when it is none of the messages that drivers send today
 */
export function readRequest(message: Buffer): Request {
  const id = message.readInt32LE(4)
  const operation = message.readInt32LE(12)
  if (operation === opQuery) return readQuery(id, message)
  if (operation !== opMessage) throw new RangeError(`operation code ${operation} is not served`)
  const flags = message.readInt32LE(headerBytes)
  const end = message.length - ((flags & checksumPresent) === 0 ? 0 : 4)
  const sequences = new Map<string, readonly Buffer[]>()
  let body: Buffer = Buffer.alloc(0)
  let at = headerBytes + 4
  while (at < end) {
    const kind = message[at]
    const length = message.readInt32LE(at + 1)
    const section = message.subarray(at + 1, at + 1 + length)
    if (kind === 0) body = section
    else sequences.set(...readSequence(section))
    at += 1 + length
  }
  const command = body.length === 0 ? {} : decodeWithRaw(body, 'documents')
  return { id, command, body, sequences, legacy: false, wantsReply: (flags & moreToCome) === 0 }
}

function readSequence(section: Buffer): [string, Buffer[]] {
  const nameEnd = section.indexOf(0, 4)
  const documents: Buffer[] = []
  let at = nameEnd + 1
  while (at < section.length) {
    const length = section.readInt32LE(at)
    documents.push(section.subarray(at, at + length))
    at += length
  }
  return [section.toString('utf8', 4, nameEnd), documents]
}

function readQuery(id: number, message: Buffer): Request {
  const nameEnd = message.indexOf(0, headerBytes + 4)
  const database = message.toString('utf8', headerBytes + 4, nameEnd).split('.')[0]
  const body = message.subarray(nameEnd + 9)
  const command = { ...decodeWithRaw(body, 'documents'), $db: database }
  return { id, command, body, sequences: new Map(), legacy: true, wantsReply: true }
}

/**
 * @param responseTo id of the request
 * @param body BSON
 * @param legacy whether the request was the older message
 * @returns the reply
 */
export function writeReply(responseTo: number, body: Buffer, legacy: boolean): Buffer {
  return legacy ? legacyReply(responseTo, body) : messageReply(responseTo, body)
}

function messageReply(responseTo: number, body: Buffer): Buffer {
  const head = Buffer.alloc(headerBytes + 5)
  writeHeader(head, head.length + body.length, responseTo, opMessage)
  return Buffer.concat([head, body])
}

function legacyReply(responseTo: number, body: Buffer): Buffer {
  const head = Buffer.alloc(headerBytes + 20)
  writeHeader(head, head.length + body.length, responseTo, opReply)
  head.writeInt32LE(1, headerBytes + 16)
  return Buffer.concat([head, body])
}

let lastId = 0

function writeHeader(head: Buffer, length: number, responseTo: number, operation: number): void {
  lastId = (lastId + 1) & 0x7fff_ffff
  head.writeInt32LE(length, 0)
  head.writeInt32LE(lastId, 4)
  head.writeInt32LE(responseTo, 8)
  head.writeInt32LE(operation, 12)
}

/**
 * @param documents that the BSON library gave as raw bytes
 * @returns them as Buffers
 */
export function rawDocuments(documents: unknown): Buffer[] {
  return Array.isArray(documents) ? documents.map((document: Uint8Array) => asBuffer(document)) : []
}
