import { accessSync, constants, readdirSync, realpathSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'

/**
 * Finds an executable on the PATH, then in further folders.
 *
 * @param {string} name the file's name
 * @param {readonly string[]} [folders] looked through after the PATH, in this order
 * @returns {string | undefined} its path, links resolved, so that the programs that came with it lie beside it
 */
export function findBinary(name, folders = []) {
  const path = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  for (const folder of [...path, ...folders]) {
    const file = join(folder, name)
    if (isExecutable(file)) return join(dirname(realpathSync(file)), name)
  }
  return undefined
}

/**
 * The `bin` folders of PostgreSQL where Debian and Homebrew keep them, which is not on the PATH; newest version first.
 *
 * @returns {string[]}
 */
export function postgresFolders() {
  const roots = ['/usr/lib/postgresql', '/usr/local/opt', '/opt/homebrew/opt']
  return roots
    .flatMap((root) => subfolders(root).map((version) => join(root, version, 'bin')))
    .filter((folder) => isExecutable(join(folder, 'postgres')))
    .sort((left, right) => right.localeCompare(left, 'en', { numeric: true }))
}

/**
 * @param {string} file
 * @returns {boolean}
 */
export function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** @param {string} folder */
function subfolders(folder) {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
