import type { Finding } from '@millrace/core/plugin'

const mebibyte = 1024 * 1024
/** Less than this is soon full: a million short rows take about as much. */
const littleBytes = 100 * mebibyte
const littleShare = 0.1

/**
 * Whether the memory limit of a server leaves little room for rows.
 *
 * @param info the answer to `INFO`
 */
export function memoryFindings(target: string, info: string): readonly Finding[] {
  const limit = numberIn(info, 'maxmemory')
  const used = numberIn(info, 'used_memory')
  // What drops keys instead is told as that.
  if (limit === 0 || /^maxmemory_policy:allkeys-/m.test(info)) return []
  const left = Math.max(0, limit - used)
  if (left >= littleBytes && left >= littleShare * limit) return []
  const text = (bytes: number) => `${(bytes / mebibyte).toFixed(1)} MiB`
  return [
    {
      severity: 'warning',
      path: ['datasource'],
      message: `Redis at ${target} has ${text(left)} of memory left (${text(used)} of maxmemory ${text(limit)} are used), and a million short rows take about 100 MiB: writes are refused when it is full`,
      hint: 'See that the data fits, or give the server more: CONFIG SET maxmemory <bytes>, and CONFIG REWRITE to keep that.',
    },
  ]
}

function numberIn(info: string, name: string): number {
  return Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0)
}
