import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join, relative, sep } from 'node:path'

/**
 * One package of the workspace, as its files tell.
 *
 * @typedef {object} WorkspacePackage
 * @property {string} folder relative to the checkout, with slashes
 * @property {string} path absolute
 * @property {Record<string, any>} manifest its package.json
 *
 * @typedef {object} SourceImport
 * @property {string} file relative to the checkout
 * @property {string} specifier
 */

/**
 * @param {string} root the checkout
 * @returns {WorkspacePackage[]} every folder of packages/, apps/, tools/ and examples/ that has a package.json, and benchmarks
 */
export function readPackages(root) {
  const folders = ['packages', 'apps', 'tools', 'examples'].flatMap((group) =>
    subfolders(join(root, group)).map((name) => `${group}/${name}`),
  )
  return [...folders, 'benchmarks']
    .filter((folder) => existsSync(join(root, folder, 'package.json')))
    .map((folder) => {
      const path = join(root, folder)
      return { folder, path, manifest: readJson(join(path, 'package.json')) }
    })
}

/**
 * @param {WorkspacePackage} workspacePackage
 * @returns {boolean} whether it goes to the registry
 */
export function isPublished({ manifest }) {
  return manifest['private'] !== true
}

/**
 * @param {WorkspacePackage} workspacePackage
 * @returns {boolean} whether it is a reader or a writer
 */
export function isPlugin({ folder }) {
  return /^packages\/(reader|writer)-/.test(folder)
}

/**
 * @param {WorkspacePackage} workspacePackage
 * @returns {boolean} whether it reads the files of another tool
 */
export function isDialect({ folder }) {
  return folder === 'packages/rdi'
}

/**
 * Every import of a package's source, tests left out.
 *
 * @param {string} root
 * @param {WorkspacePackage} workspacePackage
 * @returns {SourceImport[]}
 */
export function sourceImports(root, { path }) {
  const source = join(path, 'src')
  if (!existsSync(source)) return []
  return readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .flatMap((name) => {
      const file = join(source, name)
      const shown = relative(root, file).split(sep).join('/')
      return importedBy(readFileSync(file, 'utf8')).map((specifier) => ({ file: shown, specifier }))
    })
}

/**
 * @param {string} text of a TypeScript file
 * @returns {string[]} what it imports or re-exports, dynamic imports of a literal included
 */
export function importedBy(text) {
  const statement =
    /^\s*(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]|^\s*import\s*['"]([^'"]+)['"]/gm
  const dynamic = /\bimport\(\s*['"]([^'"]+)['"]\s*\)/g
  return [...text.matchAll(statement), ...text.matchAll(dynamic)].map(
    (match) => match[1] ?? match[2] ?? '',
  )
}

/** @param {string} file */
export function readJson(file) {
  return JSON.parse(readFileSync(file, 'utf8'))
}

/** @param {string} folder */
function subfolders(folder) {
  return existsSync(folder) ? readdirSync(folder).sort() : []
}
