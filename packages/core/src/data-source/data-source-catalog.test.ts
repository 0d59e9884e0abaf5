import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../test-data/temp-folder.ts'
import { parseJson } from '../config/parse-json.ts'
import { ProblemList } from '../config/problem-list.ts'
import { DataSourceCatalog, type DataSourceRequest } from './data-source-catalog.ts'
import type { DataSourceSearch } from './data-source-file.ts'

async function resolve(
  request: Partial<DataSourceRequest>,
  files: Readonly<Record<string, string | Uint8Array>> = {},
  search: Partial<DataSourceSearch> = {},
) {
  const folder = temporaryFolder(files)
  const job = new ProblemList(parseJson('{"datasource": "x"}', 'job.json'))
  const catalog = new DataSourceCatalog({
    jobFolder: path.join(folder, 'job'),
    workingFolder: folder,
    environment: { PW: 'p@ss/word', EMPTY: '', URL: 'redis://:hush@h:1/2' },
    ...search,
  })
  const source = await catalog.resolve(
    { environmentType: 0, path: ['datasource'], ...request },
    job,
  )
  const problems = [...job.problems, ...catalog.problems]
  return {
    source,
    texts: problems.map(
      ({ file, message, hint }) => `${file} ${message}${hint ? ` | ${hint}` : ''}`,
    ),
    problems,
  }
}

const entry = (value: object | string, request: Partial<DataSourceRequest> = {}, files = {}) =>
  resolve(
    { name: 'x', ...request },
    {
      'datasources.json': JSON.stringify({ datasources: { x: value } }),
      ...files,
    },
  )

describe('lookup', () => {
  const named = (host: string) => `datasources: { x: { type: mysql, host: ${host} } }`

  it('goes from --datasources over the job and the working directory to the environment', async () => {
    const files = {
      'flag.yaml': named('flag'),
      'job/datasources.yaml': named('job'),
      'job/datasources.json': '{"datasources": {"x": {"type": "mysql", "host": "json"}}}',
      'datasources.yml': named('cwd'),
      'env.yaml': 'datasources: { y: { type: redis, host: env } }',
    }
    const environment = { MILLRACE_DATASOURCES: 'env.yaml' }
    const host = async (name: string, file?: string) =>
      (await resolve({ name }, files, { environment, ...(file === undefined ? {} : { file }) }))
        .source?.hosts
    expect(await host('x', 'flag.yaml')).toEqual([{ host: 'flag' }])
    expect(await host('x')).toEqual([{ host: 'job' }])
    expect(await host('y', 'flag.yaml')).toEqual([{ host: 'env' }])
  })

  it('needs no file for a URL', async () => {
    const { source, texts } = await resolve({ name: 'mysql://app:${env:PW}@db/shop' })
    expect(texts).toEqual([])
    expect(source).toEqual({
      name: 'mysql://app@db/shop',
      type: 'mysql',
      hosts: [{ host: 'db' }],
      user: 'app',
      password: 'p@ss/word',
      database: 'shop',
      properties: {},
    })
  })

  it('says where it looked for an unknown name, and which is near', async () => {
    const files = { 'datasources.yaml': named('h'), 'job/datasources.json': '{"datasources": {}}' }
    expect((await resolve({ name: 'xx' }, files)).texts).toEqual([
      'job.json datasource: there is no data source "xx" | It was looked for in job/datasources.json, datasources.yaml.',
    ])
    expect((await resolve({ name: 'shop' })).texts[0]).toMatch(/There is no datasources.yaml/)
  })

  it('takes an unknown name with a user for a URL without its beginning, and keeps the password', async () => {
    for (const name of ['app:s3cret@db:3306/shop', 'db:3306/shop?password=s3cret']) {
      const text = (await resolve({ name })).texts.join()
      expect(text).toMatch(/there is no data source "(…@)?db:3306\/shop(\?…)?"/)
      expect(text).toContain('A URL begins with the kind of its database')
      expect(text).not.toContain('s3cret')
    }
  })

  it.each<[string, Record<string, string>, RegExp]>([
    ['a broken file', { 'datasources.yaml': 'a: [' }, /^datasources.yaml cannot be read as YAML/],
    ['no datasources', { 'datasources.yaml': 'x: {type: mysql}' }, /expected a key "datasources"/],
    [
      'an entry that is no object',
      { 'datasources.yaml': 'datasources: {x: 1}' },
      /datasources\.x: expected an object/,
    ],
  ])('reports %s', async (_, files, expected) => {
    expect((await resolve({ name: 'x' }, files)).texts.join('\n')).toMatch(
      new RegExp(expected, 'm'),
    )
  })

  it('reports a file that was named and is not there', async () => {
    expect((await resolve({ name: 'x' }, {}, { file: 'no.yaml' })).texts).toEqual([
      'no.yaml there is no such file',
    ])
  })
})

describe('entries', () => {
  it.each<[string, object, object]>([
    [
      'single fields',
      {
        type: 'MySQL',
        host: 'h',
        port: '3307',
        user: 'u',
        password: 12,
        database: 'd',
        properties: { a: 1 },
      },
      {
        type: 'mysql',
        hosts: [{ host: 'h', port: 3307 }],
        user: 'u',
        password: '12',
        database: 'd',
        properties: { a: '1' },
      },
    ],
    ['an alias of the type', { type: 'postgres', host: 'h' }, { type: 'postgresql' }],
    [
      'a URL',
      { url: 'redis://u:p@h:1/2' },
      { type: 'redis', hosts: [{ host: 'h', port: 1 }], user: 'u', password: 'p', database: '2' },
    ],
    [
      'a URL from the environment',
      { type: 'redis', url: '${env:URL}' },
      { hosts: [{ host: 'h', port: 1 }], password: 'hush' },
    ],
    [
      'a URL with fields beside it',
      { url: 'mysql://a@h/d', user: 'b', password: '${env:PW}' },
      { user: 'b', password: 'p@ss/word', database: 'd' },
    ],
    [
      'a socket',
      { type: 'redis', socketPath: '/run/r.sock' },
      { hosts: [], socketPath: '/run/r.sock' },
    ],
    [
      "DataWorks' names",
      {
        type: 'mysql',
        address: [
          { host: 'a', port: '1' },
          { host: 'b', port: 2 },
        ],
        username: 'u',
        password: 'p',
        driverVersion: '8.2.0',
      },
      {
        hosts: [
          { host: 'a', port: 1 },
          { host: 'b', port: 2 },
        ],
        user: 'u',
      },
    ],
    [
      'nested ConnectionProperties',
      {
        Type: 'redis',
        ConnectionProperties: { address: [{ host: 'a', port: '6379' }], password: 'p' },
      },
      { type: 'redis', hosts: [{ host: 'a', port: 6379 }], password: 'p' },
    ],
    [
      'ConnectionProperties as text',
      {
        type: 'mysql',
        ConnectionProperties: '{"address": "a:1", "database": "d"}',
        ConnectionPropertiesMode: 'UrlMode',
      },
      { hosts: [{ host: 'a', port: 1 }], database: 'd' },
    ],
    [
      'a cluster',
      { type: 'redis', cluster: [{ host: 'a', port: 7000 }, 'b:7001'] },
      {
        hosts: [],
        cluster: [
          { host: 'a', port: 7000 },
          { host: 'b', port: 7001 },
        ],
      },
    ],
    [
      'sentinels',
      { type: 'redis', sentinel: { name: 'm', nodes: ['a:26379'], password: 's' }, password: 'p' },
      {
        hosts: [],
        sentinel: { name: 'm', nodes: [{ host: 'a', port: 26379 }], password: 's' },
        password: 'p',
      },
    ],
    [
      'sentinels with a user and TLS of their own',
      {
        type: 'redis',
        tls: true,
        sentinel: {
          name: 'm',
          address: [{ host: 'a', port: '26379' }, 'b'],
          username: 'watcher',
          password: 's',
          tls: { rejectUnauthorized: false },
        },
      },
      {
        hosts: [],
        tls: { rejectUnauthorized: true },
        sentinel: {
          name: 'm',
          nodes: [{ host: 'a', port: 26379 }, { host: 'b' }],
          user: 'watcher',
          password: 's',
          tls: { rejectUnauthorized: false },
        },
      },
    ],
    [
      'sentinels with the TLS of their Redis',
      { type: 'redis', tls: true, sentinel: { name: 'm', nodes: ['a'] } },
      { sentinel: { name: 'm', nodes: [{ host: 'a' }], tls: { rejectUnauthorized: true } } },
    ],
    ['tls: true', { type: 'redis', host: 'h', tls: true }, { tls: { rejectUnauthorized: true } }],
    [
      'an empty password',
      { type: 'redis', host: 'h', password: '${env:EMPTY}' },
      { hosts: [{ host: 'h' }] },
    ],
    [
      'a literal $',
      { type: 'redis', host: 'h', password: 'p$a{b}${x}' },
      { password: 'p$a{b}${x}' },
    ],
  ])('reads %s', async (_, value, expected) => {
    const { source, texts } = await entry(value)
    expect(texts).toEqual([])
    expect(source).toMatchObject({ name: 'x', ...expected })
  })

  it('selects by envType', async () => {
    const value = {
      type: 'mysql',
      user: 'u',
      env: { Prod: { host: 'p' }, dev: { host: 'd', user: 'v' } },
    }
    expect((await entry(value)).source).toMatchObject({ hosts: [{ host: 'p' }], user: 'u' })
    expect((await entry(value, { environmentType: 1 })).source).toMatchObject({
      hosts: [{ host: 'd' }],
      user: 'v',
    })
    const { texts } = await entry(
      { type: 'mysql', env: { prod: { host: 'p' } } },
      { environmentType: 1 },
    )
    expect(texts[1]).toBe(
      'datasources.json datasources.x.env: there is no "dev", which the job selects by "envType": 1',
    )
  })

  it.each<[Readonly<Record<string, unknown>>, string]>([
    [
      { type: 'redis', host: 'h', pasword: 'x' },
      'datasources.x.pasword: unknown key | Did you mean "password"?',
    ],
    [
      { type: 'redis', host: 'h', ssl: true },
      'datasources.x.ssl: unknown key | Did you mean "tls"?',
    ],
    [
      { type: 'redis', host: 'h', port: 'x' },
      'datasources.x.port: expected an integer from 1 to 65535, found "x"',
    ],
    [
      { type: 'redis' },
      'datasources.x.host: is missing: no server is named | Give a url, a host, or an address.',
    ],
    [
      { host: 'h' },
      'datasources.x.type: is missing | Expected one of mysql, mariadb, postgresql, mongodb, redis.',
    ],
    [
      { type: 'mysq', host: 'h' },
      'datasources.x.type: there is no type "mysq" | Did you mean "mysql"?',
    ],
    [
      { type: 'redis', url: 'mysql://h/d' },
      'datasources.x.type: is redis, but the URL is one of mysql',
    ],
    [
      { url: 'redis://h/abc' },
      'datasources.x.database: expected the index of a Redis database, a number from 0',
    ],
    [
      { type: 'redis', host: 'h', password: '${env:NOPE}' },
      'datasources.x.password: the environment variable NOPE is not set | Set it: export NOPE=...',
    ],
    [
      { type: 'mysql', env: { prod: { host: 'h', user: '${env:NOPE}' } } },
      'datasources.x.env.prod.user: the environment variable NOPE is not set | Set it: export NOPE=...',
    ],
    [
      { type: 'mysql', regionId: 'cn', instanceId: 'rm-1' },
      'datasources.x.instanceId: an instance of the cloud cannot be looked up | Give a url, a host, or an address.',
    ],
    [
      { type: 'mysql', ConnectionProperties: '{' },
      'datasources.x.ConnectionProperties: expected an object, or JSON of one',
    ],
    [
      { type: 'redis', cluster: [] },
      'datasources.x.cluster: expected at least one address, found none',
    ],
  ])('reports %j', async (value, expected) => {
    const { source, texts } = await entry(value)
    expect(source).toBeUndefined()
    expect(texts).toEqual([
      'job.json datasource: the data source "x" cannot be used: see datasources.json',
      `datasources.json ${expected}`,
    ])
  })

  it('warns of keys that mean nothing', async () => {
    const { source, problems } = await entry({ type: 'redis', host: 'h', colour: 'red' })
    expect(source).toBeDefined()
    expect(problems).toMatchObject([{ severity: 'warning', file: 'datasources.json' }])
  })
})

describe('inline connections', () => {
  it('joins the hosts of several JDBC URLs', async () => {
    const inline = {
      jdbcUrl: ['jdbc:mysql://a:1/d?x=y', 'jdbc:mysql://b/d'],
      username: 'u',
      password: '${env:PW}',
    }
    const { source, texts } = await resolve({ inline, path: ['connection', 0, 'jdbcUrl'] })
    expect(texts).toEqual([])
    expect(source).toEqual({
      name: 'jdbc:mysql://a:1/d',
      type: 'mysql',
      hosts: [{ host: 'a', port: 1 }, { host: 'b' }],
      user: 'u',
      password: 'p@ss/word',
      database: 'd',
      properties: { x: 'y' },
    })
  })

  it('takes the type of its plugin when it says none', async () => {
    const inline = { address: [{ host: 'h', port: 1 }] }
    expect((await resolve({ inline, defaultType: 'redis' })).source?.type).toBe('redis')
  })

  it.each<[Readonly<Record<string, unknown>>, string]>([
    [
      { jdbcUrl: 'jdbc:oracle:thin:u/hush@h' },
      'connection.jdbcUrl: expected a connection URL, found "oracle" at its beginning',
    ],
    [
      { jdbcUrl: ['jdbc:mysql://a/d', 'jdbc:mysql://a/e'] },
      'connection.jdbcUrl: the URLs name different databases: expected the same on every server',
    ],
    [
      { jdbcUrl: 'jdbc:mysql://a/d', password: '${env:NOPE}' },
      'connection.password: the environment variable NOPE is not set',
    ],
  ])('reports %j', async (inline, expected) => {
    const { source, texts } = await resolve({ inline, path: ['connection', 'jdbcUrl'] })
    expect(source).toBeUndefined()
    expect(texts).toHaveLength(1)
    expect(texts[0]).toContain(expected)
    expect(texts[0]).not.toContain('hush')
  })
})
