import { existsSync } from 'node:fs'
import { join, posix } from 'node:path'
import { inlinedDependencies } from '../bundle/inlined-dependencies.mjs'
import { isDialect, isPlugin, isPublished, readJson, sourceImports } from './workspace-packages.mjs'

/**
 * @typedef {import('./workspace-packages.mjs').WorkspacePackage} WorkspacePackage
 *
 * @typedef {object} RuleContext
 * @property {string} root the checkout
 * @property {readonly WorkspacePackage[]} packages all of them
 * @property {boolean} built whether the exported files are looked for
 *
 * @typedef {(subject: WorkspacePackage, context: RuleContext) => string[]} PackageRule gives one text per mistake
 */

const license = 'Apache-2.0'
const core = '@millrace/core'
const pluginImports = new Set([`${core}/plugin`, `${core}/record`, `${core}/sql`])
const dialectImports = new Set([`${core}/plugin`, `${core}/record`, `${core}/dialect`])
const requiredFiles = ['dist', '!dist/.tsbuildinfo', 'src', '!src/**/*.test.ts', 'CHANGELOG.md']
/** What readers of databases have in `src`, so that who knows one knows all. */
const databaseReaderShape = ['config', 'connection', 'types', 'snapshot', 'plugin.ts', 'index.ts']
const databaseReaders = new Set([
  'packages/reader-mongodb',
  'packages/reader-mysql',
  'packages/reader-postgres',
])

/** @type {PackageRule} */
function manifestIsComplete({ manifest, path, folder }) {
  /** @type {string[]} */
  const problems = []
  const expect = (/** @type {boolean} */ holds, /** @type {string} */ text) => {
    if (!holds) problems.push(text)
  }
  expect(existsSync(join(path, 'README.md')), 'has no README.md')
  expect(manifest['license'] === license, `license is not ${license}`)
  expect(manifest['type'] === 'module', '"type" is not "module"')
  expect((manifest['engines']?.node ?? '').startsWith('>=20.19'), 'engines.node is not ">=20.19.0"')
  expect(Boolean(manifest['description']), 'has no description')
  expect(manifest['repository']?.directory === folder, `repository.directory is not "${folder}"`)
  expect(manifest['publishConfig']?.access === 'public', 'publishConfig.access is not "public"')
  const files = manifest['files'] ?? []
  for (const name of requiredFiles) expect(files.includes(name), `"files" lacks "${name}"`)
  for (const name of files) {
    const generated = name === 'dist' || name === 'CHANGELOG.md' || name.startsWith('!')
    expect(generated || existsSync(join(path, name)), `"files" names ${name}, which is not there`)
  }
  return problems
}

/** @type {PackageRule} */
function exportedFilesExist({ manifest, path }, { built }) {
  const targets = [...targetsOf(manifest['exports'] ?? {}), ...targetsOf(manifest['bin'] ?? {})]
  return targets
    .filter((target) => built || !target.startsWith('./dist/'))
    .filter((target) => !existsSync(join(path, target)))
    .map((target) => `exports or bin name ${target}, which is not there`)
}

/** @type {PackageRule} */
function referencesMatchDependencies({ manifest, path, folder }, { packages }) {
  const config = join(path, 'tsconfig.json')
  if (!existsSync(config)) return ['has no tsconfig.json']
  const names = new Set(
    ['dependencies', 'peerDependencies'].flatMap((kind) => Object.keys(manifest[kind] ?? {})),
  )
  const wanted = packages
    .filter((other) => names.has(other.manifest['name']))
    .map((other) => other.folder)
  /** @type {{path: string}[]} */
  const references = readJson(config).references ?? []
  const actual = references.map((reference) => posix.join(folder, reference.path))
  return [
    ...wanted
      .filter((other) => !actual.includes(other))
      .map((other) => `tsconfig.json does not reference ${other}, on which package.json depends`),
    ...actual
      .filter((other) => !wanted.includes(other))
      .map((other) => `tsconfig.json references ${other}, on which package.json does not depend`),
  ]
}

/** @type {PackageRule} */
function pluginsBringNoCore(subject) {
  const { manifest } = subject
  if (!isPlugin(subject)) return []
  const problems = []
  if (manifest['peerDependencies']?.[core] !== 'workspace:^')
    problems.push(`the range of its peerDependency ${core} is not "workspace:^"`)
  if (manifest['dependencies']?.[core])
    problems.push(`${core} is a dependency; it has to be a peerDependency alone`)
  return problems
}

/** @type {PackageRule} */
function relativeImportsStayInside(subject, { root }) {
  const inside = `${subject.folder}/`
  return sourceImports(root, subject)
    .filter(({ specifier }) => specifier.startsWith('.'))
    .filter(({ file, specifier }) => !posix.join(posix.dirname(file), specifier).startsWith(inside))
    .map(
      ({ file, specifier }) =>
        `${file} imports ${specifier}: what stands outside of the package is imported by the name of its package`,
    )
}

/** @type {PackageRule} */
function importsStayInBounds(subject, { root }) {
  const forbidden = forbiddenImport(subject)
  return sourceImports(root, subject)
    .map(({ file, specifier }) => ({ file, specifier, reason: forbidden(specifier) }))
    .filter(({ reason }) => reason !== undefined)
    .map(({ file, specifier, reason }) => `${file} imports ${specifier}: ${reason}`)
}

/** @type {PackageRule} */
function importsAreDependencies(subject, { root }) {
  const { manifest } = subject
  const declared = new Set(
    ['dependencies', 'peerDependencies', 'optionalDependencies'].flatMap((kind) =>
      Object.keys(manifest[kind] ?? {}),
    ),
  )
  const inlined = Object.keys(manifest['devDependencies'] ?? {}).filter((name) =>
    inlinedDependencies.has(name),
  )
  for (const name of inlined) declared.add(name)
  const missing = sourceImports(root, subject)
    .filter(({ specifier }) => !/^(\.|node:|#)/.test(specifier))
    .map(({ file, specifier }) => ({ file, name: packageName(specifier) }))
    .filter(({ name }) => !declared.has(name) && name !== manifest['name'])
  return missing.map(({ file, name }) => `${file} imports ${name}, which is no dependency`)
}

/** @type {PackageRule} */
function databaseReadersAreAlike({ folder, path }) {
  if (!databaseReaders.has(folder)) return []
  return databaseReaderShape
    .filter((name) => !existsSync(join(path, 'src', name)))
    .map((name) => `has no src/${name}, as every reader of a relational database has`)
}

/** @type {readonly PackageRule[]} */
const rules = [
  manifestIsComplete,
  exportedFilesExist,
  referencesMatchDependencies,
  pluginsBringNoCore,
  relativeImportsStayInside,
  importsStayInBounds,
  importsAreDependencies,
  databaseReadersAreAlike,
]

/**
 * Checks every published package against every rule.
 *
 * @param {RuleContext} context
 * @returns {string[]} one line per mistake, each begins with the package's folder
 */
export function checkPackages(context) {
  return context.packages
    .filter(isPublished)
    .flatMap((subject) =>
      rules.flatMap((rule) => rule(subject, context).map((text) => `${subject.folder}: ${text}`)),
    )
}

/**
 * @param {WorkspacePackage} subject
 * @returns {(specifier: string) => string | undefined} why an import is not allowed
 */
export function forbiddenImport(subject) {
  if (isPlugin(subject)) {
    return (specifier) =>
      specifier.startsWith('@millrace/') && !pluginImports.has(specifier)
        ? 'a plugin imports only @millrace/core/plugin, /record and /sql'
        : undefined
  }
  if (isDialect(subject)) {
    return (specifier) =>
      specifier.startsWith('@millrace/') && !dialectImports.has(specifier)
        ? 'a dialect imports only @millrace/core/plugin, /record and /dialect'
        : undefined
  }
  return (specifier) =>
    /^@millrace\/(reader|writer)-/.test(specifier)
      ? 'plugins are resolved by stepType at run time, never imported'
      : undefined
}

/**
 * @param {string} specifier
 * @returns {string} the package it stands in
 */
export function packageName(specifier) {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}

/**
 * @param {unknown} value an `exports` or `bin` map, nested by condition
 * @returns {string[]} the files named in it
 */
function targetsOf(value) {
  if (typeof value === 'string') return [value]
  if (value === null || typeof value !== 'object') return []
  return Object.values(value).flatMap(targetsOf)
}
