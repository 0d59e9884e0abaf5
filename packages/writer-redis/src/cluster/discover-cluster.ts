import { PluginError } from '@millrace/core/plugin'
import {
  addressText,
  targetText,
  type RedisConnectionOptions,
} from '../connection/connection-options.ts'
import { openBulk } from '../connection/open-bulk.ts'
import { classifyError, notPermitted, shownText, unreachable } from '../connection/server-errors.ts'
import { RespError } from '../resp/resp-error.ts'
import { readClusterMap, type ClusterMap } from './cluster-map.ts'
import type { AddressMap, NodeAddress } from './redirect.ts'

/** A node that does not say its map in this time is passed over for the next one. */
const maxMapTimeoutMs = 3_000

/** How to connect to a cluster; the addresses are nodes to begin with. */
export interface ClusterConnection extends RedisConnectionOptions {
  readonly addresses: readonly NodeAddress[]
  readonly cluster: { readonly addresses: AddressMap }
}

/** The same connection to one node. */
export function connectionTo(
  connection: ClusterConnection,
  address: NodeAddress,
): ClusterConnection {
  return { ...connection, addresses: [address] }
}

/**
 * Asks one node after the other for the slots of the cluster, until one answers.
 *
 * @throws PluginError TARGET_UNREACHABLE when none does (with `isRetryable` where one may do so later), TARGET_UNFIT when
 * it is no cluster, TARGET_NOT_PERMITTED; or the reason of the signal
 */
export async function discoverCluster(
  connection: ClusterConnection,
  candidates: readonly NodeAddress[],
  signal: AbortSignal,
): Promise<ClusterMap> {
  const asked = new Set<string>()
  let failure: unknown
  for (const address of [...candidates, ...connection.addresses]) {
    if (asked.has(addressText(address))) continue
    asked.add(addressText(address))
    try {
      return await askNode(connectionTo(connection, address), address, signal)
    } catch (error) {
      signal.throwIfAborted()
      if (PluginError.isInstance(error) && !error.isRetryable) throw error
      failure ??= error
    }
  }
  throw failure
}

async function askNode(
  connection: ClusterConnection,
  address: NodeAddress,
  signal: AbortSignal,
): Promise<ClusterMap> {
  const target = targetText(connection)
  const timeoutMs = Math.min(connection.timeoutMs, maxMapTimeoutMs)
  const node = await openBulk(
    { ...connection, timeoutMs },
    { signal, clientName: 'millrace', onLost: () => {}, onDrain: () => {} },
  )
  try {
    const [reply] = await node.call([['CLUSTER', 'SLOTS']])
    if (reply instanceof RespError) throw mapRefused(reply, target)
    const map = readClusterMap(reply, address, connection.cluster.addresses)
    if (map !== undefined && map.masters.length > 0) return map
    throw new PluginError({
      code: 'TARGET_UNREACHABLE',
      message: `Redis at ${target} is a cluster node that knows of no slots: it has not joined its cluster`,
      hint: 'Wait until the cluster is ready (CLUSTER INFO says cluster_state:ok), then run the job again.',
      isRetryable: true,
    })
  } catch (error) {
    signal.throwIfAborted()
    if (PluginError.isInstance(error)) throw error
    throw passing(target, error)
  } finally {
    node.close()
  }
}

function mapRefused(error: RespError, target: string): PluginError {
  if (error.code === 'NOPERM') return notPermitted('CLUSTER SLOTS', target, shownText(error))
  if (classifyError(error) === 'retryable') return passing(target, new Error(error.message))
  return new PluginError({
    code: 'TARGET_UNFIT',
    message: `Redis at ${target} is not a node of a cluster: CLUSTER SLOTS was answered with ${shownText(error)}`,
    hint: 'Remove "redisMode" (and "cluster" of the data source), or name nodes of a Redis cluster.',
  })
}

function passing(target: string, cause: unknown): PluginError {
  const { code, message, hint } = unreachable(target, cause)
  return new PluginError({
    code,
    message,
    isRetryable: true,
    cause,
    ...(hint === undefined ? {} : { hint }),
  })
}
