import { addressText, type RedisAddress } from '../connection/connection-options.ts'
import type { RespError } from '../resp/resp-error.ts'

/** The address of a node. */
export type NodeAddress = Extract<RedisAddress, { kind: 'tcp' }>

/** Where a command should have gone. */
export interface Redirect {
  /** `moved`: for good; `ask`: this command alone, the slot is on its way. */
  readonly kind: 'moved' | 'ask'
  readonly slot: number
  readonly address: NodeAddress
}

/** Leads from the addresses that nodes announce to those under which they are reached from here. */
export type AddressMap = ReadonlyMap<string, NodeAddress>

/**
 * Reads `MOVED 3999 127.0.0.1:6381` and `ASK …`; `undefined` for other errors. A node that leaves its host out means the
 * host of the one that was asked.
 */
export function redirectOf(
  error: RespError,
  asked: NodeAddress,
  addresses: AddressMap,
): Redirect | undefined {
  if (error.code !== 'MOVED' && error.code !== 'ASK') return undefined
  const [, slot, place = ''] = error.message.split(' ')
  const colon = place.lastIndexOf(':')
  const address = reachable(place.slice(0, colon), Number(place.slice(colon + 1)), asked, addresses)
  return { kind: error.code === 'ASK' ? 'ask' : 'moved', slot: Number(slot), address }
}

/** The address under which an announced node is reached from here. */
export function reachable(
  host: string,
  port: number,
  asked: NodeAddress,
  addresses: AddressMap,
): NodeAddress {
  const announced: NodeAddress = {
    kind: 'tcp',
    host: host === '' || host === '?' ? asked.host : host,
    port,
  }
  return addresses.get(addressText(announced)) ?? announced
}
