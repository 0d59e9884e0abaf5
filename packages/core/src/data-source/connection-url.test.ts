import { describe, expect, it } from 'vitest'
import { isConnectionUrl, parseConnectionUrl, shownUrl } from './connection-url.ts'

describe('parseConnectionUrl', () => {
  it.each<[string, object]>([
    [
      'mysql://app:p%40ss@db:3307/shop?charset=utf8',
      {
        type: 'mysql',
        hosts: [{ host: 'db', port: 3307 }],
        user: 'app',
        password: 'p@ss',
        database: 'shop',
        properties: { charset: 'utf8' },
      },
    ],
    ['mariadb://db', { type: 'mariadb', hosts: [{ host: 'db' }], properties: {} }],
    [
      'postgres://u@a:1,b:2/x',
      {
        type: 'postgresql',
        hosts: [
          { host: 'a', port: 1 },
          { host: 'b', port: 2 },
        ],
        user: 'u',
        database: 'x',
      },
    ],
    [
      'postgresql:///x?host=/run/pg',
      { type: 'postgresql', hosts: [], socketPath: '/run/pg', database: 'x' },
    ],
    [
      'postgresql://u@%2Frun%2Fpg/x',
      { hosts: [], socketPath: '/run/pg', database: 'x', user: 'u' },
    ],
    [
      'mysql://u@localhost/x?socketPath=/run/m.sock',
      { hosts: [], socketPath: '/run/m.sock', properties: {} },
    ],
    [
      'redis://:p:w@[::1]:6380/3',
      { type: 'redis', hosts: [{ host: '::1', port: 6380 }], password: 'p:w', database: '3' },
    ],
    ['rediss://u@h', { type: 'redis', user: 'u', tls: { isOn: true, verify: true } }],
    ['valkey://h/', { type: 'redis', hosts: [{ host: 'h' }] }],
    [
      'unix:///run/redis.sock?db=2',
      { type: 'redis', hosts: [], socketPath: '/run/redis.sock', database: '2' },
    ],
    [
      'mongodb://u@a:1,b/shop?replicaSet=rs0&tls=true&tlsCAFile=ca.pem&tlsCertificateKeyFile=c.pem&tlsInsecure=true',
      {
        type: 'mongodb',
        hosts: [{ host: 'a', port: 1 }, { host: 'b' }],
        database: 'shop',
        tls: { isOn: true, verify: false, caFile: 'ca.pem', certFile: 'c.pem' },
        properties: { replicaSet: 'rs0' },
      },
    ],
    [
      'mongodb+srv://u:p@x.example.net/shop?readPreference=secondary',
      {
        type: 'mongodb',
        hosts: [{ host: 'x.example.net' }],
        tls: { isOn: true, verify: true },
        properties: { readPreference: 'secondary', srv: 'true' },
      },
    ],
    [
      'mongodb://a/?readPreferenceTags=dc:east,rack:1&x=1&readPreferenceTags=&x=2',
      { properties: { readPreferenceTags: 'dc:east,rack:1;', x: '2' } },
    ],
    ['mongodb+srv://x.example.net/?tls=false', { tls: { isOn: false, verify: false } }],
    [
      'jdbc:mysql://h1:3306,h2:3307/db?user=a&password=b&useSSL=true&x=y',
      {
        type: 'mysql',
        hosts: [
          { host: 'h1', port: 3306 },
          { host: 'h2', port: 3307 },
        ],
        user: 'a',
        password: 'b',
        database: 'db',
        tls: { isOn: true, verify: true },
        properties: { x: 'y' },
      },
    ],
    ['jdbc:mysql:replication://h/db', { type: 'mysql', hosts: [{ host: 'h' }] }],
    [
      'jdbc:postgresql://h/db?sslmode=require',
      { type: 'postgresql', tls: { isOn: true, verify: false } },
    ],
    [
      'postgres://h/db?sslmode=verify-full&sslrootcert=ca.pem',
      { tls: { isOn: true, verify: true, caFile: 'ca.pem' } },
    ],
    ['mysql://h/db?ssl-mode=DISABLED', { tls: { isOn: false, verify: false }, properties: {} }],
    [
      'mysql://h/db?useSSL=false&requireSSL=false&verifyServerCertificate=false',
      { tls: { isOn: false, verify: false }, properties: {} },
    ],
  ])('%s', (url, expected) => {
    expect(parseConnectionUrl(url)).toMatchObject(expected)
  })

  it('every word about TLS is taken out of the properties', () => {
    const words =
      'sslmode=disable&ssl=false&useSSL=false&requireSSL=false&verifyServerCertificate=false'
    const url = parseConnectionUrl(`mysql://h/db?${words}&x=y`)
    expect(url).toHaveProperty('properties', { x: 'y' })
  })

  it.each<[string, RegExp]>([
    ['oracle://h/x', /found "oracle"/],
    ['not a url', /found no scheme/],
    ['mysql:///db', /names no host/],
    ['mysql://h:99999/db', /host or port/],
    ['mysql://u:a/b@h/db', /"@" after its first "\/"|host or port/],
    ['mysql://u:%zz@h/db', /percent sequence/],
  ])('finds a mistake in %s', (url, problem) => {
    expect(parseConnectionUrl(url)).toMatchObject({ problem: expect.stringMatching(problem) })
  })
})

describe('shownUrl', () => {
  it.each([
    ['mysql://u:hush@h:1/db?password=hush', 'mysql://u@h:1/db'],
    ['redis://:hu@sh@h/0', 'redis://h/0'],
    ['redis://h', 'redis://h'],
    ['jdbc:mysql://u:hush@h/db', 'jdbc:mysql://u@h/db'],
  ])('%s is shown as %s', (url, shown) => {
    expect(shownUrl(url)).toBe(shown)
  })
})

describe('isConnectionUrl', () => {
  it.each([
    ['mysql://h', true],
    ['jdbc:mysql://h', true],
    ['xc_mysql_demo2', false],
    ['a:b', false],
    ['', false],
  ])('%s: %s', (text, expected) => {
    expect(isConnectionUrl(text)).toBe(expected)
  })
})
