import type { Finding } from '@millrace/core/plugin'
import type { KeyGlob } from '../output/key-globs.ts'
import { RespError } from '../resp/resp-error.ts'
import type { ControlConnection, TextReply } from './control.ts'

/** Keys of the database that are looked through, for all globs together. */
const maxScanned = 10_000
const scannedAtOnce = 1000

/**
 * Whether keys that the job may write hold values of another type. Looks through a part of a large database, and is passed
 * over where the user may not.
 */
export async function existingKeyFindings(
  control: ControlConnection,
  globs: readonly KeyGlob[],
): Promise<readonly Finding[]> {
  const found = await Promise.all(
    globs.map(async (one) => await findingOf(control, one, maxScanned / globs.length)),
  )
  return found.flat()
}

async function findingOf(
  control: ControlConnection,
  { glob, type: wanted }: KeyGlob,
  limit: number,
): Promise<Finding[]> {
  const types = new Map<string, number>()
  let cursor = '0'
  for (let scanned = 0; scanned < limit; scanned += scannedAtOnce) {
    const count = String(scannedAtOnce)
    const [next, keys] = pageOf(await control.call('SCAN', cursor, 'MATCH', glob, 'COUNT', count))
    for (const type of await Promise.all(keys.map(async (key) => await control.call('TYPE', key))))
      if (typeof type === 'string') types.set(type, (types.get(type) ?? 0) + 1)
    cursor = next
    if (cursor === '0') break
  }
  const looked = [...types.values()].reduce((sum, count) => sum + count, 0)
  const others = [...types].filter(([type]) => type !== wanted && type !== 'none')
  if (others.length === 0) return []
  const count = others.reduce((sum, [, some]) => sum + some, 0)
  const named = others.map(([type, some]) => `${some} ${type}`).join(', ')
  return [
    {
      severity: 'warning',
      path: ['datasource'],
      message: `${count} of ${looked} keys like ${glob} that are in Redis at ${control.target} already hold a value of another type than the job writes (${named}; the job writes ${wanted})`,
      hint: `Look at them (redis-cli --scan --pattern '${glob}'), then delete them, or give the job other keys or another database.`,
    },
  ]
}

function pageOf(reply: TextReply): readonly [cursor: string, keys: readonly string[]] {
  if (reply instanceof RespError || !Array.isArray(reply)) return ['0', []]
  const [cursor, keys] = reply as readonly TextReply[]
  return [typeof cursor === 'string' ? cursor : '0', Array.isArray(keys) ? keys.map(String) : []]
}
