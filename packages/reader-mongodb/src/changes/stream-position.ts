import { PluginError } from '@millrace/core/plugin'
import type { JsonValue, Position } from '@millrace/core/record'

/** A time of the cluster: seconds since 1970, and a number within the second. */
export interface ClusterTime {
  readonly seconds: number
  readonly increment: number
}

/** Where a change stream goes on. */
export interface StreamPosition {
  readonly time: ClusterTime
  /** The resume token behind which it goes on, in Extended JSON; absent: behind every change up to `time`. */
  readonly token?: JsonValue
}

/** A place in the change stream as the runtime keeps it. */
export function positionOf({ time, token }: StreamPosition): Position {
  const label = timeText(time)
  return {
    token: { mongodb: 1, time: label, ...(token === undefined ? {} : { after: token }) },
    label,
  }
}

/**
 * The place that a position stands for.
 *
 * @throws PluginError POSITION_LOST when it is none of a change stream
 */
export function streamPositionOf({ token, label }: Position): StreamPosition {
  if (typeof token === 'object' && token !== null && 'time' in token) {
    const { time, after } = token as { time: JsonValue; after?: JsonValue }
    const match = typeof time === 'string' ? /^(\d+)\.(\d+)$/.exec(time) : null
    if (match !== null) {
      const place = { seconds: Number(match[1]), increment: Number(match[2]) }
      return { time: place, ...(after === undefined ? {} : { token: after }) }
    }
  }
  throw new PluginError({
    code: 'POSITION_LOST',
    message: `${label} is no place in a change stream of MongoDB`,
    hint: 'Begin anew with --restart.',
  })
}

/** `1763740000.3`, as the server's own tools write it but for the dot. */
export function timeText({ seconds, increment }: ClusterTime): string {
  return `${seconds}.${increment}`
}

/** Less than 0, 0 or more, as the one comes before, with or behind the other. */
export function compareTimes(one: ClusterTime, other: ClusterTime): number {
  return one.seconds - other.seconds || one.increment - other.increment
}
