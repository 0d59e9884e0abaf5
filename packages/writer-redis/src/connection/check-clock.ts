import type { Finding } from '@millrace/core/plugin'

/** More than any answer takes that is not late for another reason. */
const maxSkewMs = 10_000

/**
 * Whether the clock of a server differs from that of this machine: keys that expire at an instant go by the server's, ages and
 * delays are measured between the two.
 *
 * @param info the answer to `INFO`; servers before Redis 6.2 do not tell the time in it
 * @param nowMs when it came
 */
export function clockFindings(target: string, info: string, nowMs: number): readonly Finding[] {
  const found = /^server_time_usec:(\d+)/m.exec(info)?.[1]
  if (found === undefined) return []
  const skewMs = Number(found) / 1000 - nowMs
  if (Math.abs(skewMs) <= maxSkewMs) return []
  const seconds = Math.round(Math.abs(skewMs) / 1000)
  return [
    {
      severity: 'warning',
      path: ['datasource'],
      message: `the clock of Redis at ${target} is ${seconds} s ${skewMs > 0 ? 'ahead of' : 'behind'} the one here: keys that expire at an instant go by it, and delays that are shown are wrong by as much`,
      hint: 'Let both machines follow a time server: timedatectl set-ntp true (or chronyc makestep).',
    },
  ]
}
