import { PluginError, type Finding } from '@millrace/core/plugin'
import type { PermissionNeeds } from '../connection/check-permissions.ts'
import { checkTarget } from '../connection/check-target.ts'
import { targetText } from '../connection/connection-options.ts'
import { connectionTo, discoverCluster, type ClusterConnection } from './discover-cluster.ts'
import { slotCount } from './key-slot.ts'
import type { NodeAddress } from './redirect.ts'

/** What was found at one master. */
interface MasterFindings {
  readonly address: NodeAddress
  readonly findings: readonly Finding[]
}

/**
 * Looks at a cluster without writing: its map can be read and covers all slots, and each master is fit for the job. What
 * is the same of several masters is told once and names them.
 *
 * @throws PluginError TARGET_UNREACHABLE, TARGET_NOT_PERMITTED or TARGET_UNFIT, or the reason of the signal
 */
export async function checkCluster(
  needs: PermissionNeeds,
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
  const found = await Promise.all(
    masters.map(async (address) => ({
      address,
      findings: await checkTarget(needs, connectionTo(connection, address), signal),
    })),
  )
  return merged(found, connection)
}

/** Findings that differ in nothing but the master that they name become one that names all of these. */
function merged(found: readonly MasterFindings[], connection: ClusterConnection): Finding[] {
  const alike = new Map<string, { readonly finding: Finding; readonly masters: NodeAddress[] }>()
  const textOf = (masters: readonly NodeAddress[]) => targetText(connection, masters)
  for (const { address, findings } of found) {
    for (const finding of findings) {
      const id = JSON.stringify(finding).replaceAll(jsonText(textOf([address])), '\0')
      const known = alike.get(id)
      if (known === undefined) alike.set(id, { finding, masters: [address] })
      else known.masters.push(address)
    }
  }
  return [...alike.values()].map(({ finding, masters: [first, ...others] }) => ({
    ...finding,
    message: finding.message.replaceAll(
      textOf(first === undefined ? [] : [first]),
      textOf(first === undefined ? [] : [first, ...others]),
    ),
  }))
}

/** As it stands inside of a JSON text. */
function jsonText(text: string): string {
  return JSON.stringify(text).slice(1, -1)
}
