import { PluginError, type Finding } from '@millrace/core/plugin'
import type { RedisWriterConfig } from '../config/writer-config.ts'
import { checkTarget } from '../connection/check-target.ts'
import { targetText } from '../connection/connection-options.ts'
import { connectionTo, discoverCluster, type ClusterConnection } from './discover-cluster.ts'
import { slotCount } from './key-slot.ts'

/**
 * Looks at a cluster without writing: its map can be read and covers all slots, and each master is fit for the job.
 *
 * @throws PluginError TARGET_UNREACHABLE, TARGET_NOT_PERMITTED or TARGET_UNFIT, or the reason of the signal
 */
export async function checkCluster(
  config: RedisWriterConfig,
  connection: ClusterConnection,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const { masters, uncovered } = await discoverCluster(connection, [], signal)
  if (uncovered > 0) {
    throw new PluginError({
      code: 'TARGET_UNFIT',
      message: `the cluster at ${targetText(connection)} is not complete: nobody serves ${uncovered} of its ${slotCount} slots`,
      hint: 'Repair it (redis-cli --cluster check <node>), then run the job again.',
    })
  }
  await Promise.all(
    masters.map(async (address) => {
      await checkTarget(config, connectionTo(connection, address), signal)
    }),
  )
  return []
}
