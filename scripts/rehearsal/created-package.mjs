import { join } from 'node:path'
import { runCommand } from '../workspace/run-command.mjs'
import { millrace, npmInstall } from './install.mjs'
import { withNeeded } from './pack.mjs'
import { done } from './release-copy.mjs'

/** Packages of the workspace that a package which `millrace create` makes asks for. */
const needed = ['@millrace/cli', '@millrace/core', '@millrace/testkit', '@millrace/writer-stream']

/**
 * Makes a reader with an installed command, as its author would, then builds it and has it pass the conformance suite.
 *
 * @param {import('./install.mjs').Installation} installation
 * @param {ReadonlyMap<string, import('./pack.mjs').Tarball>} tarballs
 * @returns {Promise<string[]>} one line per mistake
 */
export async function checkCreatedPackage(installation, tarballs) {
  const name = 'millrace-reader-rehearsed'
  await done(millrace(installation, ['create', 'reader', 'rehearsed']))
  const folder = join(installation.folder, name)
  await npmInstall(folder, withNeeded(tarballs, needed))
  const { code, output } = await runCommand('npm', ['test'], { cwd: folder })
  if (code !== 0) return [`npm test of ${name} ends with ${code}:\n${output}`]
  return /^(?:#|ℹ) pass [1-9]/m.test(output)
    ? []
    : [`npm test of ${name} passes no case:\n${output}`]
}
