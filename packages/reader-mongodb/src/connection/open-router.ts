import { PluginError, type DataSource } from '@millrace/core/plugin'
import { SourceClient } from './source-client.ts'

/** Opens clients; tests have others. */
export type OpenClient = typeof SourceClient.open

/** A client, and whether it keeps to one of several routers. */
export interface OpenSource {
  readonly source: SourceClient
  readonly isPinned: boolean
}

/**
 * Opens a client on which cursors can be read by plain commands. Those of a sharded cluster are known to the router that opened them
 * alone, so that a client of several keeps to the first that answers.
 *
 * @param connections - that are used at the same time at most
 * @throws PluginError SOURCE_UNREACHABLE, SOURCE_NOT_PERMITTED, CONFIG_INVALID
 */
export async function openOneRouter(
  dataSource: DataSource,
  connections: number,
  signal: AbortSignal,
  open: OpenClient = SourceClient.open.bind(SourceClient),
): Promise<OpenSource> {
  const source = await open(dataSource, connections, signal)
  const { hosts, properties } = dataSource
  const isCloud = properties['srv'] === 'true'
  if (hosts.length <= 1 && !isCloud) return { source, isPinned: false }
  const hello = await source.command('admin', { hello: 1 }, 'asking who answers', signal)
  if (hello['msg'] !== 'isdbgrid') return { source, isPinned: false }
  await source.close()
  const places: readonly DataSource[] = isCloud
    ? [{ ...dataSource, properties: { ...properties, srvMaxHosts: '1' } }]
    : hosts.map((host) => ({ ...dataSource, hosts: [host] }))
  let failure: unknown
  for (const place of places) {
    try {
      return { source: await open(place, connections, signal), isPinned: true }
    } catch (error) {
      signal.throwIfAborted()
      if (!PluginError.isInstance(error) || error.code !== 'SOURCE_UNREACHABLE') throw error
      failure = error
    }
  }
  throw failure
}
