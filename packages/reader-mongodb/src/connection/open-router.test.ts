import { expect, it } from 'vitest'
import { PluginError, type DataSource } from '@millrace/core/plugin'
import { openOneRouter, type OpenClient } from './open-router.ts'
import type { SourceClient } from './source-client.ts'

const dataSource: DataSource = {
  name: 'docs',
  type: 'mongodb',
  hosts: [{ host: 'a' }, { host: 'b' }, { host: 'c' }],
  properties: {},
}
const { signal } = new AbortController()

/** Clients of servers that say `msg` of themselves; `a` alone does not answer. */
function clients(msg: string | undefined) {
  const opened: string[] = []
  const closed: string[] = []
  const open: OpenClient = async ({ hosts, properties }) => {
    const name = properties['srvMaxHosts'] ?? hosts.map(({ host }) => host).join()
    if (name === 'a') throw new PluginError({ code: 'SOURCE_UNREACHABLE', message: 'a is away' })
    opened.push(name)
    return {
      command: async () => ({ msg }),
      close: async () => void closed.push(name),
    } as unknown as SourceClient
  }
  return { open, opened, closed }
}

it('keeps to the first router of a sharded cluster that answers', async () => {
  const { open, opened, closed } = clients('isdbgrid')
  expect(await openOneRouter(dataSource, 3, signal, open)).toMatchObject({ isPinned: true })
  expect(opened).toEqual(['a,b,c', 'b'])
  expect(closed).toEqual(['a,b,c'])
  const cloud = { ...dataSource, hosts: [{ host: 'x' }], properties: { srv: 'true' } }
  await openOneRouter(cloud, 3, signal, open)
  expect(opened.at(-1)).toBe('1')
})

it('leaves replica sets and single servers to the driver', async () => {
  const set = clients(undefined)
  expect(await openOneRouter(dataSource, 3, signal, set.open)).toMatchObject({ isPinned: false })
  expect(set.closed).toEqual([])
  const one = clients('isdbgrid')
  const single = { ...dataSource, hosts: [{ host: 'b' }] }
  expect(await openOneRouter(single, 3, signal, one.open)).toMatchObject({ isPinned: false })
})
