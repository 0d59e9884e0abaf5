import { Timestamp } from 'bson'

/**
 * A cluster time as one number: the second times 2^20 plus the increment within it. Orders like the timestamp does.
 */
export type ClusterTime = number

const incrementsPerSecond = 0x10_0000

/** Gives every operation a time of its own, as the operation log of a replica set does. */
export class ClusterClock {
  #last: ClusterTime = secondNow() * incrementsPerSecond + 1

  /** The time of the newest operation. */
  get now(): ClusterTime {
    return this.#last
  }

  /** @returns a time later than any before; its second is that of the wall clock unless that has been used up */
  next(): ClusterTime {
    this.#last = Math.max(this.#last + 1, secondNow() * incrementsPerSecond + 1)
    return this.#last
  }
}

/**
 * @param time
 * @returns the same as BSON
 */
export function timestampOf(time: ClusterTime): Timestamp {
  return new Timestamp({
    t: Math.floor(time / incrementsPerSecond),
    i: time % incrementsPerSecond,
  })
}

/**
 * @param timestamp
 * @returns the same as one number; increments that this server never gives are cut to its largest
 */
export function clusterTimeOf(timestamp: Timestamp): ClusterTime {
  const increment = Math.min(timestamp.i >>> 0, incrementsPerSecond - 1)
  return (timestamp.t >>> 0) * incrementsPerSecond + increment
}

function secondNow(): number {
  return Math.floor(Date.now() / 1_000)
}
