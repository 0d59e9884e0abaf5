import type { FindingList } from './finding-list.ts'
import type { RedisWriterParameters } from './schema.ts'
import type { Expiry } from './writer-config.ts'

/** Above this, older releases of the original took seconds for a Unix time. */
const thirtyDaysSeconds = 2_592_000
const never: Expiry = { kind: 'never' }

/** Settles `expireTime`: seconds, a Unix time, or never. */
export function resolveExpiry(parameters: RedisWriterParameters, findings: FindingList): Expiry {
  const written = parameters.expireTime
  if (written === undefined || written === null) return never
  if (typeof written !== 'object') return plainExpiry(written, findings)
  const { seconds, unixtime } = written
  if (seconds !== undefined && unixtime !== undefined) {
    findings.error(
      ['expireTime'],
      'seconds and unixtime exclude each other, both are given',
      'Keep one.',
    )
    return never
  }
  if (seconds !== undefined) {
    const isUnixTime = parameters.compat?.expire30d === true && seconds > thirtyDaysSeconds
    return isUnixTime
      ? unixExpiry(seconds, ['expireTime', 'seconds'], findings)
      : secondsExpiry(seconds, findings)
  }
  return unixtime === undefined ? never : unixExpiry(unixtime, ['expireTime', 'unixtime'], findings)
}

/** The plain `0` of "never"; any other number does not say which kind it is. */
function plainExpiry(written: string | number, findings: FindingList): Expiry {
  const text = String(written).trim()
  if (text === '' || Number(text) === 0) return never
  const example = /^\d+$/.test(text) ? text : '1000'
  findings.error(
    ['expireTime'],
    `expected an object or 0, found ${JSON.stringify(written)}`,
    `Write {"seconds": ${example}} for a duration or {"unixtime": …} for an instant.`,
  )
  return never
}

function secondsExpiry(seconds: number, findings: FindingList): Expiry {
  if (seconds < 0) {
    findings.error(
      ['expireTime', 'seconds'],
      `expected seconds of at least 0, found ${seconds}`,
      'Use 0 for keys that never expire.',
    )
    return never
  }
  return seconds === 0 ? never : { kind: 'seconds', seconds }
}

function unixExpiry(unixtime: number, path: readonly string[], findings: FindingList): Expiry {
  if (unixtime === 0) return never
  if (unixtime < 0) {
    findings.error(path, `expected a time of at least 0, found ${unixtime}`, 'Use 0 for never.')
    return never
  }
  if (unixtime * 1000 <= Date.now()) {
    findings.error(
      path,
      `the instant ${unixtime} (${new Date(unixtime * 1000).toISOString()}) is in the past: every key would vanish at once`,
      'Give an instant to come, in seconds since 1970-01-01 00:00:00 UTC.',
    )
    return never
  }
  return { kind: 'unixtime', unixtime }
}
