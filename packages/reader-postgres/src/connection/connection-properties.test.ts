import { describe, expect, it } from 'vitest'
import type { DataSource } from '@millrace/core/plugin'
import { connectionOptions } from './connection-options.ts'
import { silenceTimeoutMsOf, validateDataSource } from './connection-properties.ts'

const sourceWith = (properties: Record<string, string>): DataSource => ({
  name: 'shop',
  type: 'postgresql',
  hosts: [],
  properties,
})
const optionsWith = (properties: Record<string, string>) =>
  connectionOptions(sourceWith(properties), { host: 'db', port: 5432 })

describe('properties of the data source', () => {
  it.each([
    [{}, { application_name: 'millrace', connectionTimeoutMillis: 15_000 }],
    [{ ApplicationName: 'nightly' }, { application_name: 'nightly' }],
    [{ fallback_application_name: 'nightly' }, { application_name: 'nightly' }],
    [{ options: '-c search_path=other' }, { options: '-c search_path=other' }],
    [{ connectTimeout: '2000' }, { connectionTimeoutMillis: 2000 }],
    [{ connectTimeout: '10' }, { connectionTimeoutMillis: 10_000 }],
    [{ connect_timeout: '10' }, { connectionTimeoutMillis: 10_000 }],
    [{ loginTimeout: '30' }, { connectionTimeoutMillis: 30_000 }],
    [{ connectTimeout: 'soon' }, { connectionTimeoutMillis: 15_000 }],
  ])('%j gives the driver %j', (properties, options) => {
    expect(optionsWith(properties)).toMatchObject(options)
  })

  it('silent connections are probed after 30 s', () => {
    expect(optionsWith({})).toMatchObject({ keepAlive: true, keepAliveInitialDelayMillis: 30_000 })
  })

  it('socketTimeout is in seconds, as in pgJDBC', () => {
    expect(silenceTimeoutMsOf(sourceWith({ socketTimeout: '60' }))).toBe(60_000)
    expect(silenceTimeoutMsOf(sourceWith({ socketTimeout: '0' }))).toBeUndefined()
  })

  it('warns of what nobody reads, and of nothing else', () => {
    const usual = {
      currentSchema: 'a',
      tcpKeepAlive: 'true',
      reWriteBatchedInserts: 'true',
      stringtype: 'unspecified',
    }
    expect(validateDataSource(sourceWith(usual))).toEqual([])
    expect(validateDataSource(sourceWith({ ...usual, targetServerType: 'primary' }))).toMatchObject(
      [{ severity: 'warning', message: expect.stringContaining('"targetServerType"') }],
    )
  })
})
