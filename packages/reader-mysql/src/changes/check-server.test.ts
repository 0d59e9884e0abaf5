import { describe, expect, it } from 'vitest'
import type { DataSource } from '@millrace/core/plugin'
import { serverAdvice, serverFindings, type CheckedServer } from './check-server.ts'

const dataSource: DataSource = {
  name: 'shop',
  type: 'mysql',
  hosts: [{ host: 'localhost' }],
  properties: {},
}
const object = { label: 'orders', path: ['tables', 0], sourceIndex: 0, objectIndex: 0 }
const field = { nullable: false, nativeType: '' }
const fields = [
  { ...field, name: 'placed', type: 'datetime' as const },
  { ...field, name: 'paid', type: 'timestamptz' as const },
]
const schema = { table: 'orders', version: 1, key: [], fields }

function server(
  variables: Readonly<Record<string, string>> = {},
  others: Partial<CheckedServer> = {},
): CheckedServer {
  const usual = {
    server_id: '1',
    time_zone: 'SYSTEM',
    system_time_zone: 'UTC',
    lower_case_table_names: '0',
    binlog_expire_logs_seconds: '2592000',
  }
  return {
    variables: new Map(Object.entries({ ...usual, ...variables })),
    serverId: undefined,
    replicaIds: [],
    isEncrypted: false,
    dataSource,
    described: [{ object, schema } as unknown as CheckedServer['described'][number]],
    ...others,
  }
}

const remote = { ...dataSource, hosts: [{ host: 'db.internal' }] }

it('there is nothing to say of a server as it comes', () => {
  expect(serverFindings(server())).toEqual([])
  expect(serverAdvice(server())).toEqual([])
  const forEver = { binlog_expire_logs_seconds: '0', expire_logs_days: '0' }
  expect(serverAdvice(server(forEver))).toEqual([])
})

describe('findings', () => {
  it.each<[string, CheckedServer, RegExp, string]>([
    ['server_id 0', server({ server_id: '0' }), /server_id is 0/, 'SET GLOBAL server_id = 1;'],
    ['the number of the server', server({}, { serverId: 1 }), /the server itself/, '"serverId": 2'],
    [
      'the number of a replica',
      server({}, { serverId: 7, replicaIds: [7, 8] }),
      /a replica that reads the log/,
      '"serverId": 9',
    ],
    [
      'a log of two hours',
      server({ binlog_expire_logs_seconds: '7200' }),
      /7200 s/,
      'SET GLOBAL binlog_expire_logs_seconds = 604800;',
    ],
  ])('%s', (_, checked, message, hint) => {
    const [found, ...others] = serverFindings(checked)
    expect(others).toEqual([])
    expect(found?.severity).toBe('warning')
    expect(found?.message).toMatch(message)
    expect(found?.hint).toContain(hint)
  })
})

describe('advice', () => {
  it.each<[string, CheckedServer, RegExp, string]>([
    [
      'a log of three days',
      server({ binlog_expire_logs_seconds: '259200' }),
      /72 h/,
      'SET GLOBAL binlog_expire_logs_seconds = 604800;',
    ],
    ['names without case', server({ lower_case_table_names: '2' }), /is 2/, 'key'],
    ['a connection in the clear', server({}, { dataSource: remote }), /not encrypted/, 'tls:'],
    [
      'wall clocks of another zone',
      server({ system_time_zone: 'CST' }),
      /CST: DATETIME columns \(orders\.placed\)/,
      "SET GLOBAL time_zone = '+00:00';",
    ],
  ])('%s', (_, checked, message, hint) => {
    expect(serverFindings(checked)).toEqual([])
    const [found, ...others] = serverAdvice(checked)
    expect(others).toEqual([])
    expect(found?.message).toMatch(message)
    expect(found?.hint).toContain(hint)
  })

  it('an old MariaDB counts in days', () => {
    const variables = new Map([['expire_logs_days', '3']])
    expect(serverAdvice({ ...server(), variables })).toMatchObject([
      { hint: 'SET GLOBAL expire_logs_days = 7;' },
    ])
  })

  it('nothing of encryption over TLS', () => {
    expect(serverAdvice(server({}, { dataSource: remote, isEncrypted: true }))).toEqual([])
  })
})
