import type { BsonDocument } from '../documents/bson-document.ts'
import { idOf } from '../documents/document-id.ts'
import { optionalNumber } from '../documents/plain-numbers.ts'
import { CommandError } from './command-error.ts'
import type { CommandContext } from './command.ts'
import { namespaceFrom } from './collections.ts'

const bytesPerMegabyte = 1024 * 1024

/** @returns values of `_id` that cut a collection into chunks of about `maxChunkSize` MB or `maxChunkSizeBytes` */
export function splitVector({ server, command }: CommandContext): BsonDocument {
  const namespace = namespaceFrom(command['splitVector'])
  const keyPattern = Object.keys(Object(command['keyPattern']))
  if (keyPattern.length !== 1 || keyPattern[0] !== '_id')
    throw new CommandError('BadValue', "couldn't find index over splitting key { _id: 1 }")
  const megabytes = optionalNumber(command['maxChunkSize'])
  const maxBytes =
    optionalNumber(command['maxChunkSizeBytes']) ?? (megabytes ?? 64) * bytesPerMegabyte
  const splitKeys: BsonDocument[] = []
  let bytes = 0
  for (const { latest } of server.store.catalog.read(namespace).inIdOrder()) {
    if (latest.bytes === undefined) continue
    // MongoDB cuts at half the size, so that a chunk can grow.
    if (bytes > maxBytes / 2) {
      splitKeys.push({ _id: idOf(latest.bytes) })
      bytes = 0
    }
    bytes += latest.bytes.length
  }
  return { splitKeys }
}
