import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { packageFiles, pluginSource, temporaryFolder } from '../../test-data/temp-folder.ts'
import { inspectModule, listInstalled } from './list-installed.ts'
import { PluginRegistry } from './plugin-registry.ts'

const mysql = pluginSource('reader', 'mysql')

const under = (folder: string, files: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(files).map(([name, text]) => [`${folder}/${name}`, text]))

describe('PluginRegistry', () => {
  it.each([
    ['mysql', '@millrace/reader-mysql'],
    ['mariadb', '@millrace/reader-mysql'],
    ['mysqlreader', '@millrace/reader-mysql'],
    ['postgres', '@millrace/reader-postgres'],
    ['postgresqlreader', '@millrace/reader-postgres'],
    ['acme', 'millrace-reader-acme'],
    ['acmereader', 'millrace-reader-acme'],
  ])('finds the reader %s in %s', async (stepType, name) => {
    const source = pluginSource(
      'reader',
      name.includes('postgres') ? 'postgresql' : name.includes('mysql') ? 'mysql' : stepType,
    )
    const folder = temporaryFolder(packageFiles(name, source))
    const found = await new PluginRegistry([folder]).find('reader', stepType)
    expect(found).toMatchObject({ origin: name, plugin: { kind: 'reader' } })
  })

  it('looks from the folders in turn', async () => {
    const root = temporaryFolder({
      ...under('job', packageFiles('@millrace/reader-mysql', `${mysql}plugin.description = 'job'`)),
      ...under('cli', packageFiles('@millrace/reader-mysql', `${mysql}plugin.description = 'cli'`)),
      ...under('cli', packageFiles('@millrace/writer-redis', pluginSource('writer', 'redis'))),
    })
    const registry = new PluginRegistry([path.join(root, 'job/deep'), path.join(root, 'cli')])
    expect(await registry.find('reader', 'mysql')).toMatchObject({ plugin: { description: 'job' } })
    expect(await registry.find('writer', 'rediswriter')).toMatchObject({
      plugin: { stepType: 'redis' },
    })
  })

  it('prefers modules that were added', async () => {
    const folder = temporaryFolder({
      ...packageFiles('@millrace/reader-mysql', mysql),
      'own.mjs': `${mysql}plugin.description = 'own'; export const other = 1`,
    })
    const registry = new PluginRegistry([folder])
    expect(await registry.add('./own.mjs', folder)).toBeUndefined()
    expect(await registry.add(path.join(folder, 'own.mjs'), folder)).toBeUndefined()
    expect(await registry.find('reader', 'mysql')).toMatchObject({ origin: './own.mjs' })
  })

  it('takes packages with import conditions, subpaths and lists of plugins', async () => {
    const list = `${mysql.replace('export const plugin', 'const plugin')}export const plugins = [plugin]`
    const folder = temporaryFolder(
      packageFiles('acme', list, { exports: { './readers': { import: './index.js' } } }),
    )
    const registry = new PluginRegistry([folder])
    expect(await registry.add('acme/readers', '/')).toBeUndefined()
    expect(await registry.find('reader', 'mysql')).toMatchObject({ origin: 'acme/readers' })
  })

  it('names both when two claim one stepType', async () => {
    const folder = temporaryFolder({ 'a.mjs': mysql, 'b.mjs': mysql })
    const registry = new PluginRegistry([folder])
    await registry.add('./a.mjs', folder)
    await registry.add('./b.mjs', folder)
    expect(await registry.find('reader', 'mysqlreader')).toMatchObject({
      problem: 'two readers claim the stepType "mysqlreader": they come from ./a.mjs and ./b.mjs',
    })
    const both = temporaryFolder({
      ...packageFiles('@millrace/reader-acme', pluginSource('reader', 'acme')),
      ...packageFiles('millrace-reader-acme', pluginSource('reader', 'acme')),
    })
    expect(await new PluginRegistry([both]).find('reader', 'acme')).toMatchObject({
      problem: expect.stringContaining('@millrace/reader-acme and millrace-reader-acme'),
    })
  })

  it.each<['reader' | 'writer', string, string, string]>([
    [
      'reader',
      'mysql',
      'no reader for the stepType "mysql" is installed',
      'Install it: npm install @millrace/reader-mysql',
    ],
    [
      'reader',
      'postgresqlreader',
      'no reader for the stepType "postgresqlreader" is installed',
      'Install it: npm install @millrace/reader-postgres',
    ],
    [
      'reader',
      'MySQL',
      'no reader for the stepType "MySQL" is installed',
      'Did you mean "mysql"? (npm install @millrace/reader-mysql)',
    ],
    ['writer', 'mysql', 'no writer for the stepType "mysql" is installed', '"mysql" is a reader.'],
    [
      'writer',
      'odps',
      'no writer for the stepType "odps" is installed',
      "Millrace's own are redis, rediswriter, stream, streamwriter. Install one: npm install millrace-writer-odps",
    ],
    [
      'reader',
      '../../x',
      'no reader for the stepType "../../x" is installed',
      "Millrace's own are mysql, mariadb, mysqlreader, postgresql, postgres, postgresqlreader, mongodb, mongodbreader, stream, streamreader.",
    ],
  ])('says what to do about a missing %s %s', async (kind, stepType, problem, hint) => {
    const registry = new PluginRegistry([temporaryFolder()])
    expect(await registry.find(kind, stepType)).toEqual({ problem, hint })
  })

  it.each<[string, string, RegExp]>([
    [
      'another API',
      pluginSource('reader', 'acme', { apiVersion: 2 }),
      /made for plugin API 2, this Millrace has plugin API 1/,
    ],
    ['no plugin', 'export const x = 1', /exports no plugin/],
    ['a syntax error', 'export const = 1', /cannot be loaded/],
    ['an error', 'throw new Error("broken")', /cannot be loaded: broken/],
    [
      'half a plugin',
      'export const p = { kind: "reader", stepType: "acme", apiVersion: 1 }',
      /no config schema/,
    ],
  ])('reports a module with %s', async (_, source, problem) => {
    const folder = temporaryFolder({
      ...packageFiles('millrace-reader-acme', source),
      'own.mjs': source,
    })
    const registry = new PluginRegistry([folder])
    expect(await registry.add('./own.mjs', folder)).toMatchObject({
      problem: expect.stringMatching(problem),
    })
    expect(await registry.find('reader', 'acme')).toMatchObject({
      problem: expect.stringMatching(problem),
    })
  })

  it.each<[unknown, string, string]>([
    [
      2,
      'is made for plugin API 2, this Millrace has plugin API 1',
      'Update Millrace (npm install @millrace/cli@latest), or install a version of millrace-reader-acme for it, whose peer dependency is @millrace/core ^1.',
    ],
    [
      0,
      'is made for plugin API 0, this Millrace has plugin API 1',
      'Install a version of millrace-reader-acme for it, whose peer dependency is @millrace/core ^1.',
    ],
    [
      '1',
      'is made for plugin API "1", this Millrace has plugin API 1',
      'Install a version of millrace-reader-acme for it, whose peer dependency is @millrace/core ^1.',
    ],
    [
      undefined,
      'has no apiVersion, this Millrace has plugin API 1',
      'It has to say which contract it keeps: apiVersion: 1.',
    ],
  ])('says which versions fit a plugin with apiVersion %j', async (apiVersion, problem, hint) => {
    const source = pluginSource('reader', 'acme', { apiVersion })
    const folder = temporaryFolder(packageFiles('millrace-reader-acme', source))
    expect(await new PluginRegistry([folder]).find('reader', 'acme')).toEqual({
      problem: `the reader acme of millrace-reader-acme ${problem}`,
      hint,
    })
  })

  it('looks at the version of a plugin before its kind', async () => {
    const source = `export const plugin = { apiVersion: 2, kind: 'transformer', stepType: 'acme' }`
    const folder = temporaryFolder({ 'own.mjs': source })
    expect(await new PluginRegistry([folder]).add('./own.mjs', folder)).toMatchObject({
      problem:
        'the transformer acme of ./own.mjs is made for plugin API 2, this Millrace has plugin API 1',
    })
  })

  it.each<['reader' | 'writer', string, string]>([
    ['writer', 'guarantee = undefined', 'the writer acme of ./own.mjs has no guarantee()'],
    ['writer', 'open = 5', 'the writer acme of ./own.mjs has no open()'],
    ['reader', 'capabilities = undefined', 'the reader acme of ./own.mjs has no capabilities'],
    [
      'reader',
      'capabilities = { follow: true, resumableSplits: 1 }',
      'the reader acme of ./own.mjs has no capabilities.parallelSplits that is true or false, no capabilities.resumableSplits that is true or false',
    ],
    ['reader', 'description = ""', 'the reader acme of ./own.mjs has no description'],
    [
      'reader',
      'stepType = "Acme X"',
      'the reader Acme X of ./own.mjs has no stepType of small letters, digits and hyphens',
    ],
    [
      'reader',
      'stepType = undefined',
      'a reader of ./own.mjs has no stepType of small letters, digits and hyphens',
    ],
    [
      'reader',
      'aliases = "acmereader"',
      'the reader acme of ./own.mjs has aliases that are no list of names of small letters, digits and hyphens',
    ],
    [
      'reader',
      'identity = {}',
      'the reader acme of ./own.mjs has something else than a function as identity',
    ],
    [
      'reader',
      'kind = "transformer"',
      'the transformer acme of ./own.mjs has no kind that is "reader" or "writer"',
    ],
  ])('says what a %s lacks (%s)', async (kind, change, problem) => {
    const source = `${pluginSource(kind, 'acme')}plugin.${change}`
    const folder = temporaryFolder({ 'own.mjs': source })
    expect(await new PluginRegistry([folder]).add('./own.mjs', folder)).toEqual({ problem })
  })

  it('says what a file with a plugin of another version has to become', async () => {
    const folder = temporaryFolder({
      'own.mjs': pluginSource('reader', 'acme', { apiVersion: 2 }),
    })
    expect(await new PluginRegistry([folder]).add('./own.mjs', folder)).toMatchObject({
      hint: 'Bring it to plugin API 1.',
    })
  })

  it('knows that a lookup may fail only because a named module did', async () => {
    const folder = temporaryFolder({ 'own.mjs': pluginSource('reader', 'acme', { apiVersion: 2 }) })
    const registry = new PluginRegistry([folder])
    expect(await registry.find('reader', 'acme')).not.toHaveProperty('mayFollow')
    await registry.add('./own.mjs', folder)
    expect(await registry.find('reader', 'acme')).toMatchObject({ mayFollow: true })
    // Nobody else brings one of Millrace's own.
    expect(await registry.find('reader', 'mysql')).not.toHaveProperty('mayFollow')
  })

  it('reports modules that are not there, and packages that were not built', async () => {
    const folder = temporaryFolder(
      packageFiles('@millrace/reader-mysql', mysql, { exports: './dist/index.js' }),
    )
    const registry = new PluginRegistry([folder])
    expect(await registry.add('./no.mjs', folder)).toMatchObject({
      problem: 'there is no plugin module "./no.mjs"',
    })
    expect(await registry.add('acme-plugin', folder)).toMatchObject({
      hint: 'Install it: npm install acme-plugin',
    })
    expect(await registry.find('reader', 'mysql')).toMatchObject({
      problem: expect.stringMatching(
        /@millrace\/reader-mysql cannot be loaded: its file .* is missing/,
      ),
    })
  })

  it('takes the source of workspace packages while it runs from source', async () => {
    const exports = { '.': { '@millrace/source': './index.js', default: './dist/index.js' } }
    const folder = temporaryFolder(packageFiles('@millrace/reader-mysql', mysql, { exports }))
    expect(await new PluginRegistry([folder]).find('reader', 'mysql')).toHaveProperty('plugin')
  })
})

describe('listInstalled', () => {
  it('lists what lookups can see, the nearest of each name', async () => {
    const root = temporaryFolder({
      ...packageFiles('@millrace/reader-mysql', mysql, { version: '1.0.0' }),
      ...packageFiles('millrace-writer-acme', 'export const x = 1'),
      ...packageFiles('other', mysql),
      ...under('job', packageFiles('@millrace/reader-mysql', mysql, { version: '2.0.0' })),
    })
    expect(await listInstalled([path.join(root, 'job'), root])).toMatchObject([
      { name: '@millrace/reader-mysql', version: '2.0.0', plugins: [{ stepType: 'mysql' }] },
      { name: 'millrace-writer-acme', plugins: [], problem: expect.stringMatching(/no plugin/) },
    ])
    expect(await listInstalled([temporaryFolder()])).toEqual([])
  })
})

describe('inspectModule', () => {
  it('tells of the first of the folders from which the module can be seen', async () => {
    const far = temporaryFolder(packageFiles('acme', mysql))
    const near = temporaryFolder(packageFiles('broken', mysql, { exports: './dist/index.js' }))
    expect(await inspectModule('acme', [near, far])).toMatchObject({
      folder: far,
      plugins: [{ stepType: 'mysql' }],
    })
    expect(await inspectModule('broken', [far, near])).toMatchObject({
      folder: near,
      plugins: [],
      problem: expect.stringMatching(/^its file .* is missing$/),
    })
    expect(await inspectModule('none', [far, near])).toMatchObject({
      folder: far,
      plugins: [],
      problem: 'there is no such plugin module',
    })
  })
})
