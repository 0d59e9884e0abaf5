import { connect, Socket } from 'node:net'
import { describe, expect, it, vi } from 'vitest'
import type { DataSource } from '@millrace/core/plugin'
import { connectionOptions } from './connection-options.ts'

vi.mock('node:net', async (original) => ({
  ...(await original<typeof import('node:net')>()),
  connect: vi.fn(() => new Socket()),
}))

const dataSource: DataSource = { name: 'shop', type: 'mysql', hosts: [], properties: {} }

describe('silent connections are probed after 30 s', () => {
  it('by the driver', () => {
    const options = connectionOptions(dataSource, { host: 'db', port: 3306 })
    expect(options).toMatchObject({ enableKeepAlive: true, keepAliveInitialDelay: 30_000 })
    expect(options.stream).toBeUndefined()
  })

  it('on the socket of a server with TLS that is named by its address', () => {
    const tls = { rejectUnauthorized: true }
    const { stream } = connectionOptions({ ...dataSource, tls }, { host: '10.0.0.1', port: 3306 })
    if (typeof stream !== 'function') throw new Error('expected a socket of our own')
    stream({})
    expect(connect).toHaveBeenCalledWith(
      expect.objectContaining({ keepAlive: true, keepAliveInitialDelay: 30_000 }),
    )
  })
})
