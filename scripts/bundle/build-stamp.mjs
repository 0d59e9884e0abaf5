import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { readJson } from '../packages/workspace-packages.mjs'

/**
 * What the bundles of a package follow from, as one text: its sources, its package.json, the lockfile and these scripts.
 *
 * @param {string} root the checkout
 * @param {string} path of the package
 * @returns {string}
 */
export function stampOf(root, path) {
  const scripts = join(root, 'scripts/bundle')
  const files = [
    join(root, 'pnpm-lock.yaml'),
    join(path, 'package.json'),
    ...filesIn(scripts),
    ...filesIn(join(path, 'src')).filter((file) => !file.endsWith('.test.ts')),
  ]
  const hash = createHash('sha256')
  for (const file of files) hash.update(`${file.slice(root.length)}\n`).update(readFileSync(file))
  return hash.digest('hex')
}

/**
 * Whether what was bundled last came of the same, and still stands there: a build of another commit may have been here.
 *
 * @param {string} root
 * @param {import('../packages/workspace-packages.mjs').WorkspacePackage} workspacePackage
 * @param {string} stamp
 */
export function isBundled(root, { folder, path }, stamp) {
  const file = stampFile(root, folder)
  if (!existsSync(file)) return false
  const { stamp: last, written } = readJson(file)
  return last === stamp && JSON.stringify(written) === JSON.stringify(stateOf(path, written))
}

/**
 * @param {string} root
 * @param {import('../packages/workspace-packages.mjs').WorkspacePackage} workspacePackage
 * @param {string} stamp
 * @param {readonly string[]} names of the files that were written to `dist`
 */
export function rememberBundled(root, { folder, path }, stamp, names) {
  const file = stampFile(root, folder)
  mkdirSync(dirname(file), { recursive: true })
  const written = stateOf(
    path,
    names.map((name) => ({ name })),
  )
  writeFileSync(file, JSON.stringify({ stamp, written }))
}

/**
 * @param {string} path
 * @param {readonly {name: string}[]} files
 */
function stateOf(path, files) {
  return files.map(({ name }) => {
    const found = statSync(join(path, 'dist', name), { throwIfNoEntry: false })
    return { name, size: found?.size, modifiedMs: found?.mtimeMs }
  })
}

/**
 * Not in `dist`, which is published.
 *
 * @param {string} root
 * @param {string} folder
 */
function stampFile(root, folder) {
  return join(root, '.cache/bundles', folder.replaceAll('/', '-'))
}

/** @param {string} folder */
function filesIn(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}
