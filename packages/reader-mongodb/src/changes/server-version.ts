import type { SourceClient } from '../connection/source-client.ts'

/** Major, minor and patch. */
export type ServerVersion = readonly number[]

export async function readServerVersion(
  source: SourceClient,
  signal: AbortSignal,
): Promise<ServerVersion> {
  const reply = await source.command('admin', { buildInfo: 1 }, 'asking for the version', signal)
  return String(reply['version'] ?? '0')
    .split('.')
    .map((part) => Number.parseInt(part, 10) || 0)
}

/** Whether one version is another one or a later one. */
function isAtLeast(version: ServerVersion, other: ServerVersion): boolean {
  for (const [at, part] of other.entries()) {
    const own = version[at] ?? 0
    if (own !== part) return own > part
  }
  return true
}

/** Whether the server has `$changeStreamSplitLargeEvent`: 6.0.9 and later of 6.0, and 7.0. */
export function splitsLargeEvents(version: ServerVersion): boolean {
  return isAtLeast(version, [7, 0]) || (version[0] === 6 && isAtLeast(version, [6, 0, 9]))
}
