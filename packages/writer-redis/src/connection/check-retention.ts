import { PluginError, type Finding } from '@millrace/core/plugin'
import type { RedisWriterConfig } from '../config/writer-config.ts'
import { RespError } from '../resp/resp-error.ts'
import type { ControlConnection } from './control.ts'

/**
 * Looks at what the server would do to rows and checkpoint by itself: drop keys for lack of memory, or lose everything
 * in a restart.
 *
 * @param info the answer to `INFO`
 * @throws PluginError TARGET_UNFIT when keys of the job could be dropped and that was not allowed
 */
export async function checkRetention(
  control: ControlConnection,
  config: RedisWriterConfig,
  info: string,
): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  const eviction = evictionOf(config, control.target, info)
  if (eviction !== undefined) {
    const mend = 'CONFIG SET maxmemory-policy noeviction, and CONFIG REWRITE to keep that'
    const accept = 'allowEviction: true in the writer accepts that'
    if (!config.allowsEviction)
      throw new PluginError({
        code: 'TARGET_UNFIT',
        message: eviction,
        hint: `Set another policy on the server (${mend}); ${accept}.`,
      })
    findings.push({
      severity: 'warning',
      path: ['allowEviction'],
      message: eviction,
      hint: `Where they have to stay: ${mend}.`,
    })
  }
  if (await isMemoryOnly(control, info)) {
    findings.push({
      severity: 'warning',
      path: ['datasource'],
      message: `Redis at ${control.target} keeps nothing on disk (no save points, no append-only file): when it restarts, rows and checkpoint are gone`,
      hint: 'Where they have to stay: CONFIG SET appendonly yes, and CONFIG REWRITE to keep that.',
    })
  }
  return findings
}

function evictionOf(config: RedisWriterConfig, target: string, info: string): string | undefined {
  const limit = Number(/^maxmemory:(\d+)/m.exec(info)?.[1] ?? 0)
  const policy = /^maxmemory_policy:([\w-]+)/m.exec(info)?.[1] ?? 'noeviction'
  const isAll = policy.startsWith('allkeys-')
  const isDropping = isAll || (policy.startsWith('volatile-') && expires(config))
  if (limit === 0 || !isDropping) return undefined
  const what = isAll ? 'rows and the checkpoint of the job' : 'rows, since the job sets an expiry,'
  return `Redis at ${target} may drop ${what} when its memory is full (maxmemory ${limit}, maxmemory-policy ${policy})`
}

function expires({ expiry, outputs = {} }: RedisWriterConfig): boolean {
  const all = Object.values(outputs).flat()
  return expiry.kind !== 'never' || all.some(({ expire }) => expire !== undefined)
}

/** Unknown, because the user may not look, is not told as a lack. */
async function isMemoryOnly(control: ControlConnection, info: string): Promise<boolean> {
  if (!/^aof_enabled:0/m.test(info)) return false
  const save = await control.call('CONFIG', 'GET', 'save')
  if (save instanceof RespError || !Array.isArray(save)) return false
  return save[1] === ''
}
