import { describe, expect, it } from 'vitest'
import type { DataSource } from '@millrace/core/plugin'
import { addressesText, clientSettings, onPrimary, wantedReplicaSet } from './client-options.ts'
import { loadDriver } from './driver.ts'

const source: DataSource = {
  name: 'docs',
  type: 'mongodb',
  hosts: [{ host: 'a', port: 27_018 }, { host: 'b' }],
  user: 'reader',
  password: 'p@ss/word',
  database: 'shop',
  properties: {},
}

function optionsOf(fields: Partial<DataSource>) {
  const { url, options } = clientSettings({ ...source, ...fields }, 4)
  return new (loadDriver().MongoClient)(url, options).options
}

describe('clientSettings', () => {
  it('names all servers, and logs in at the database that is read', () => {
    const { url } = clientSettings(source, 4)
    expect(url).not.toContain('ss')
    const options = optionsOf({})
    expect(options.hosts.map(String)).toEqual(['a:27018', 'b:27017'])
    expect(options.credentials).toMatchObject({
      username: 'reader',
      password: 'p@ss/word',
      source: 'shop',
    })
    expect(options).toMatchObject({ maxPoolSize: 4, serverSelectionTimeoutMS: 15_000 })
    expect(options.tls ?? false).toBe(false)
    expect(addressesText(source)).toBe('a:27018, b:27017')
  })

  it('hands properties to the driver, those of DataWorks too, and no others', () => {
    const options = optionsOf({
      properties: {
        authDb: 'admin',
        authType: 'SCRAM-SHA-1',
        replicaset: 'rs0',
        readPreference: 'secondaryPreferred',
        maxStalenessSeconds: '120',
        connectTimeout: '2000',
        unknown: 'x',
      },
    })
    expect(options.credentials).toMatchObject({ source: 'admin', mechanism: 'SCRAM-SHA-1' })
    expect(options.replicaSet).toBe('rs0')
    expect(options.readPreference).toMatchObject({
      mode: 'secondaryPreferred',
      maxStalenessSeconds: 120,
    })
    expect(options).toMatchObject({ serverSelectionTimeoutMS: 2000, connectTimeoutMS: 2000 })
    expect(wantedReplicaSet({ ...source, properties: { REPLICASET: 'rs1' } })).toBe('rs1')
  })

  it('tries sets of tags in their order, any member last', () => {
    const readPreferenceTags = 'dc:east,rack:1;dc:west;'
    const options = optionsOf({ properties: { readPreference: 'secondary', readPreferenceTags } })
    expect(options.readPreference?.tags).toEqual([{ dc: 'east', rack: '1' }, { dc: 'west' }, {}])
  })

  it('reads from the primary where that is asked for', () => {
    const properties = {
      READPREFERENCE: 'secondary',
      readPreferenceTags: 'dc:east',
      maxStalenessSeconds: '120',
      appName: 'x',
    }
    const { properties: left } = onPrimary({ ...source, properties })
    expect(left).toEqual({ appName: 'x' })
  })

  it('logs in nobody without a password, as DataX does', () => {
    expect(optionsOf({ password: '' }).credentials).toBeUndefined()
  })

  it('turns TLS on with what the data source has', () => {
    const options = optionsOf({ tls: { ca: 'pem', rejectUnauthorized: false } })
    expect(options).toMatchObject({ tls: true, ca: 'pem', rejectUnauthorized: false })
  })

  it('asks the name service for the servers of a cloud address', () => {
    const { url } = clientSettings(
      { ...source, hosts: [{ host: 'x.example.net' }], properties: { srv: 'true' } },
      1,
    )
    expect(url).toMatch(/^mongodb\+srv:\/\/x\.example\.net\/\?/)
  })

  it('brackets IPv6 addresses and encodes the path of a socket', () => {
    expect(optionsOf({ hosts: [{ host: '::1', port: 1 }] }).hosts.map(String)).toEqual(['[::1]:1'])
    expect(optionsOf({ hosts: [], socketPath: '/tmp/m.sock' }).hosts.map(String)).toEqual([
      '/tmp/m.sock',
    ])
  })
})
