import { CommandError } from '../commands/command-error.ts'
import { encodeDocument, type BsonDocument } from '../documents/bson-document.ts'
import { resumeToken, type StreamPosition } from './resume-token.ts'

/**
 * Cuts an event that is too large into fragments of whole top-level fields, the smallest first, as `$changeStreamSplitLargeEvent` does.
 *
 * @param event
 * @param position of the event
 * @param maxBytes of a fragment
 * @returns BSON, one or more documents; fragments have tokens of their own and `splitEvent: {fragment, of}`
 * @throws {CommandError} BSONObjectTooLarge when a single field is too large
 */
export function splitEvent(
  event: BsonDocument,
  position: StreamPosition,
  maxBytes: number,
): Buffer[] {
  const whole = encodeDocument(event)
  if (whole.length <= maxBytes) return [whole]
  const groups = packed(event, maxBytes)
  return groups.map((fields, index) => {
    const fragment = index + 1
    return encodeDocument({
      _id: resumeToken({ ...position, fragment }),
      splitEvent: { fragment, of: groups.length },
      ...fields,
    })
  })
}

/** @returns the error of an event that may not be sent */
export function eventTooLarge(bytes: number, maxBytes: number): CommandError {
  return new CommandError(
    'BSONObjectTooLarge',
    `BSONObj size: ${bytes} is invalid. Size must be between 0 and ${maxBytes}`,
    { labels: ['NonResumableChangeStreamError'] },
  )
}

/** Room for the token, `splitEvent` and the frame of the document. */
const overheadBytes = 160

function packed(event: BsonDocument, maxBytes: number): BsonDocument[] {
  const fields = Object.entries(event)
    .filter(([name, value]) => name !== '_id' && value !== undefined)
    .map(([name, value]) => ({ name, value, bytes: encodeDocument({ [name]: value }).length - 5 }))
    .sort((left, right) => left.bytes - right.bytes)
  const groups: BsonDocument[] = []
  let room = 0
  for (const { name, value, bytes } of fields) {
    if (bytes + overheadBytes > maxBytes) throw eventTooLarge(bytes, maxBytes)
    if (bytes > room || groups.length === 0) {
      groups.push({})
      room = maxBytes - overheadBytes
    }
    room -= bytes
    Object.assign(groups.at(-1) ?? {}, { [name]: value })
  }
  return groups
}
