import { MysqlGtidSet } from './gtid-set.ts'

const dumpCommand = 0x12
const gtidDumpCommand = 0x1e
/** The position goes with the GTIDs. */
const throughGtid = 0x04

/** COM_BINLOG_DUMP: the log from a place in a file on, without an end. */
export function dumpRequest(serverId: number, file: string, offset: number): Buffer {
  const payload = Buffer.alloc(11 + Buffer.byteLength(file))
  payload[0] = dumpCommand
  payload.writeUInt32LE(offset, 1)
  payload.writeUInt16LE(0, 5)
  payload.writeUInt32LE(serverId, 7)
  payload.write(file, 11)
  return packetOf(payload)
}

/** COM_BINLOG_DUMP_GTID: every transaction that is not in the set. MySQL alone has it. */
export function gtidDumpRequest(serverId: number, executed: string): Buffer {
  const set = encodedSet(new MysqlGtidSet(executed))
  const payload = Buffer.alloc(23 + set.length)
  payload[0] = gtidDumpCommand
  payload.writeUInt16LE(throughGtid, 1)
  payload.writeUInt32LE(serverId, 3)
  payload.writeUInt32LE(0, 7)
  payload.writeBigUInt64LE(4n, 11)
  payload.writeUInt32LE(set.length, 19)
  set.copy(payload, 23)
  return packetOf(payload)
}

function encodedSet({ sources }: MysqlGtidSet): Buffer {
  const parts: Buffer[] = [longNumber(sources.size)]
  for (const [source, intervals] of sources) {
    if (source.includes(':')) throw new RangeError(`GTIDs with tags are not known: ${source}`)
    parts.push(Buffer.from(source.replaceAll('-', ''), 'hex'), longNumber(intervals.length))
    for (const [first, last] of intervals) parts.push(longNumber(first), longNumber(last + 1))
  }
  return Buffer.concat(parts)
}

function longNumber(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}

function packetOf(payload: Buffer): Buffer {
  const header = Buffer.alloc(4)
  header.writeUIntLE(payload.length, 0, 3)
  return Buffer.concat([header, payload])
}
