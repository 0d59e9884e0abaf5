import { copyData, headBytes } from '../connection/message-decoder.ts'
import { quoteName } from '../snapshot/table-name.ts'
import { lsnText } from './log-position.ts'

const statusPayloadBytes = 34
const standbyStatusUpdate = 0x72
const simpleQuery = 0x51
/** Milliseconds from 1970 to 2000, the server's epoch. */
export const serverEpochMs = 946_684_800_000

/** What a standby tells the server (PostgreSQL documentation, "Streaming Replication Protocol"). */
export interface StandbyStatus {
  /** Everything before it was received. */
  readonly received: bigint
  /** Everything before it is in the target; 0 says nothing. */
  readonly flushed: bigint
  /** Whether the server has to answer at once. */
  readonly asksForReply: boolean
}

/** A standby status update in a CopyData message. */
export function standbyStatusMessage(status: StandbyStatus): Buffer {
  const message = Buffer.alloc(headBytes + statusPayloadBytes)
  message[0] = copyData
  message.writeInt32BE(4 + statusPayloadBytes, 1)
  message[5] = standbyStatusUpdate
  message.writeBigUInt64BE(status.received, 6)
  message.writeBigUInt64BE(status.flushed, 14)
  message.writeBigUInt64BE(status.flushed, 22)
  message.writeBigInt64BE(BigInt(Date.now() - serverEpochMs) * 1000n, 30)
  message[38] = status.asksForReply ? 1 : 0
  return message
}

/** A simple query. */
export function queryMessage(sql: string): Buffer {
  const length = Buffer.byteLength(sql) + 1
  const message = Buffer.alloc(headBytes + length)
  message[0] = simpleQuery
  message.writeInt32BE(4 + length, 1)
  message.write(sql, headBytes)
  return message
}

/** CopyDone: the server lets go of the slot in order. */
export const copyDoneMessage = Buffer.from([0x63, 0, 0, 0, 4])

/** The command that begins the stream; whole transactions in the text format of their values. */
export function startCommand(slot: string, publication: string, from: bigint): string {
  // The grammar of replication commands knows plain literals only.
  const publications = quoteName(publication).replaceAll("'", "''")
  const options = `proto_version '1', publication_names '${publications}'`
  return `START_REPLICATION SLOT ${quoteName(slot)} LOGICAL ${lsnText(from)} (${options})`
}
