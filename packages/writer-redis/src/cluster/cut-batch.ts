import { addressText } from '../connection/connection-options.ts'
import type { BatchPart } from './cluster-batch.ts'
import { noOwner, type ClusterMap } from './cluster-map.ts'
import type { CommandList } from './command-list.ts'
import type { NodeAddress } from './redirect.ts'

/** A part with where it goes and its bytes. */
export interface OutgoingPart {
  readonly address: NodeAddress
  readonly part: BatchPart
  readonly bytes: Buffer
}

/**
 * Cuts a batch into one part per master, each in the order of the batch. Commands of slots that nobody serves make a part
 * that counts as lost.
 *
 * Performance: two passes over the commands; their bytes are copied once, one allocation per master.
 */
export function cutBatch(
  commands: CommandList,
  { masters, owners }: ClusterMap,
): { readonly outgoing: readonly OutgoingPart[]; readonly unserved: BatchPart | undefined } {
  const counts = new Uint32Array(masters.length + 1)
  const lengths = new Float64Array(masters.length + 1)
  const masterOf = (at: number) => {
    const owner = owners[commands.slots[at] as number] as number
    return owner === noOwner ? masters.length : owner
  }
  for (let at = 0; at < commands.count; at += 1) {
    const master = masterOf(at)
    counts[master] = (counts[master] as number) + 1
    lengths[master] = (lengths[master] as number) + commands.byteLength(at)
  }
  const items = Array.from(counts, (count) => new Uint32Array(count))
  const bytes = Array.from(lengths, (length) => Buffer.allocUnsafe(length))
  const filled = new Uint32Array(masters.length + 1)
  const ends = new Float64Array(masters.length + 1)
  for (let at = 0; at < commands.count; at += 1) {
    const master = masterOf(at)
    const place = filled[master] as number
    ;(items[master] as Uint32Array)[place] = at
    filled[master] = place + 1
    ends[master] = commands.copy(at, bytes[master] as Buffer, ends[master] as number)
  }
  const partOf = (master: number, node: string): BatchPart => ({
    node,
    items: items[master] as Uint32Array,
    answered: 0,
    isSent: false,
    isLost: false,
  })
  const outgoing = masters.flatMap((address, master) =>
    counts[master] === 0
      ? []
      : [{ address, part: partOf(master, addressText(address)), bytes: bytes[master] as Buffer }],
  )
  const isServed = counts[masters.length] === 0
  return {
    outgoing,
    unserved: isServed ? undefined : { ...partOf(masters.length, 'none'), isLost: true },
  }
}
