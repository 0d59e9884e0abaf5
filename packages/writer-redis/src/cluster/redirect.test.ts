import { expect, it } from 'vitest'
import { RespError } from '../resp/resp-error.ts'
import { readClusterMap } from './cluster-map.ts'
import { redirectOf, type NodeAddress } from './redirect.ts'

const asked: NodeAddress = { kind: 'tcp', host: 'asked', port: 1 }
const none = new Map<string, NodeAddress>()
const at = (host: string, port: number) => ({ kind: 'tcp', host, port })

it.each([
  ['MOVED 3999 127.0.0.1:6381', { kind: 'moved', slot: 3999, address: at('127.0.0.1', 6381) }],
  ['ASK 7 node.example:6379', { kind: 'ask', slot: 7, address: at('node.example', 6379) }],
  ['MOVED 1 ::1:6381', { kind: 'moved', slot: 1, address: at('::1', 6381) }],
  // A node that does not know under which name it is reached.
  ['MOVED 1 :6381', { kind: 'moved', slot: 1, address: at('asked', 6381) }],
  ['MOVED 1 ?:6381', { kind: 'moved', slot: 1, address: at('asked', 6381) }],
  ['TRYAGAIN Multiple keys', undefined],
])('%s', (message, expected) => {
  expect(redirectOf(new RespError(message), asked, none)).toEqual(expected)
})

it('leads to the address under which a node is reached from here', () => {
  const addresses = new Map([['10.0.0.1:6379', { ...asked, host: 'here', port: 7001 }]])
  expect(redirectOf(new RespError('MOVED 1 10.0.0.1:6379'), asked, addresses)?.address).toEqual(
    at('here', 7001),
  )
  const reply = [[0, 16383, [Buffer.from('10.0.0.1'), 6379], [Buffer.from('10.0.0.2'), 6379]]]
  const read = readClusterMap(reply, asked, addresses)
  expect(read?.ownerOf(5)).toEqual(at('here', 7001))
  expect(read?.replicas).toEqual([at('10.0.0.2', 6379)])
})
