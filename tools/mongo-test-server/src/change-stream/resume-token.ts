import { CommandError } from '../commands/command-error.ts'
import type { BsonDocument } from '../documents/bson-document.ts'
import { clusterTimeOf, timestampOf, type ClusterTime } from '../storage/cluster-clock.ts'
import { Timestamp } from 'bson'

/** A place in the stream of changes. */
export interface StreamPosition {
  readonly time: ClusterTime
  /** Place of an event among those of its time; undefined: before all events of that time. */
  readonly place: number | undefined
  /** Whether it is that of the invalidation that follows the event. */
  readonly invalidation: boolean
  /** Of an event that was split: number of the fragment, from 1; 0 else. */
  readonly fragment: number
}

const pattern = /^82([0-9A-F]{8})([0-9A-F]{8})2B02(00|80)([0-9A-F]{8})(00|01)([0-9A-F]{4})04$/

/**
 * Writes a position as a resume token: hexadecimal text in `_data` that begins as MongoDB's do, with the cluster time, and orders like
 * the positions. What follows the time is this server's own.
 *
 * @param position
 * @returns the token
 */
export function resumeToken(position: StreamPosition): BsonDocument {
  const { time, place, invalidation, fragment } = position
  const { t, i } = timestampOf(time)
  const event = place === undefined ? '00' : '80'
  const follows = invalidation ? '01' : '00'
  return {
    _data: `82${hex(t, 8)}${hex(i, 8)}2B02${event}${hex(place ?? 0, 8)}${follows}${hex(fragment, 4)}04`,
  }
}

/**
 * @param token as a client gives it back
 * @returns the position
 * @throws {CommandError} InvalidResumeToken
 */
export function readResumeToken(token: unknown): StreamPosition {
  const data: unknown = Reflect.get(Object(token), '_data')
  const match = typeof data === 'string' ? pattern.exec(data) : null
  if (match === null)
    throw new CommandError('FailedToParse', 'Resume token is not one that this server gave')
  const [, t = '', i = '', event, place = '', follows, fragment = ''] = match
  return {
    time: clusterTimeOf(new Timestamp({ t: Number.parseInt(t, 16), i: Number.parseInt(i, 16) })),
    place: event === '80' ? Number.parseInt(place, 16) : undefined,
    invalidation: follows === '01',
    fragment: Number.parseInt(fragment, 16),
  }
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0')
}
