import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runCommand } from '../workspace/run-command.mjs'
import { withNeeded } from './pack.mjs'
import { done } from './release-copy.mjs'

/**
 * @typedef {object} Installation
 * @property {string} folder
 * @property {string} command the installed `millrace`
 * @property {number} packages how many npm installed
 * @property {number} bytes sum of the files in `node_modules`
 */

/**
 * Installs packages into an empty folder with npm, as a user would; those of the workspace come from their tarballs.
 *
 * @param {ReadonlyMap<string, import('./pack.mjs').Tarball>} tarballs
 * @param {readonly string[]} names
 * @param {string} folder is made
 * @returns {Promise<Installation>}
 */
export async function install(tarballs, names, folder) {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
  await npmInstall(folder, withNeeded(tarballs, names))
  const modules = join(folder, 'node_modules')
  const lock = JSON.parse(readFileSync(join(modules, '.package-lock.json'), 'utf8'))
  return {
    folder,
    command: join(modules, '.bin/millrace'),
    packages: Object.keys(lock.packages).length,
    bytes: bytesIn(modules),
  }
}

/**
 * Installs what a package asks for, and packages of the workspace from their tarballs.
 *
 * @param {string} folder with a package.json
 * @param {readonly import('./pack.mjs').Tarball[]} tarballs
 */
export async function npmInstall(folder, tarballs) {
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error']
  const files = tarballs.map(({ file }) => file)
  await done(runCommand('npm', ['install', ...quiet, ...files], { cwd: folder }))
}

/**
 * @param {Installation} installation
 * @param {readonly string[]} args
 */
export function millrace({ command, folder }, args) {
  return runCommand(command, args, { cwd: folder })
}

/** @param {string} folder */
function bytesIn(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0)
}
