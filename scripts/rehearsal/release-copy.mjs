import { cpSync, existsSync, lstatSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../workspace/prepare.mjs'
import { runCommand, runNode } from '../workspace/run-command.mjs'

/** What the rehearsal ends with when it cannot go on: a message, no stack. */
export class RehearsalError extends Error {}

/**
 * Makes of the working tree what a release would be made of: a repository of its own, versions and changelogs written
 * from the changesets, installed and built.
 *
 * @param {string} folder an empty one
 * @param {(line: string) => void} print
 * @throws {RehearsalError}
 */
export async function makeReleaseCopy(folder, print) {
  await copyWorkingTree(folder)
  print('versions and changelogs')
  // Changesets asks git for the commit of each changeset.
  const author = ['-c', 'user.name=rehearsal', '-c', 'user.email=rehearsal@localhost']
  await done(runCommand('git', ['init', '--quiet'], { cwd: folder }))
  await done(runCommand('git', ['add', '--all'], { cwd: folder }))
  const commit = ['commit', '--quiet', '--no-verify', '--no-gpg-sign', '--message', 'Rehearsal']
  await done(runCommand('git', [...author, ...commit], { cwd: folder }))
  const changesets = join(root, 'node_modules/@changesets/cli/bin.js')
  await done(runNode(changesets, ['version'], { cwd: folder }))
  print('installing and building')
  await done(runNode(join(folder, 'scripts/workspace.mjs'), ['build'], { cwd: folder }))
}

/**
 * What git tracks, and what it would: a change that is not committed yet is rehearsed, too.
 *
 * @param {string} folder
 */
async function copyWorkingTree(folder) {
  const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
  const output = await done(runCommand('git', list, { cwd: root }))
  for (const name of new Set(output.split('\0').filter((one) => one !== ''))) {
    const file = join(root, name)
    if (existsSync(file) && lstatSync(file).isFile()) cpSync(file, join(folder, name))
  }
}

/**
 * @param {Promise<import('../workspace/run-command.mjs').CommandResult>} running
 * @returns {Promise<string>} what the command printed
 * @throws {RehearsalError} with that, when it failed
 */
export async function done(running) {
  const { code, output } = await running
  if (code !== 0) throw new RehearsalError(`a command failed with exit code ${code}:\n${output}`)
  return output
}
