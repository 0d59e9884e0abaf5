import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { isPublished, readPackages } from '../packages/workspace-packages.mjs'
import { findPnpm } from '../workspace/prepare.mjs'
import { runCommand } from '../workspace/run-command.mjs'
import { done, RehearsalError } from './release-copy.mjs'

/**
 * A package as it would be published.
 *
 * @typedef {object} Tarball
 * @property {string} name of the package
 * @property {string} file absolute path
 * @property {string} path of the folder that was packed
 * @property {Record<string, any>} manifest of that folder
 */

/**
 * Packs every package that a release publishes.
 *
 * @param {string} copy as `makeReleaseCopy` leaves it
 * @param {string} destination an empty folder
 * @returns {Promise<ReadonlyMap<string, Tarball>>} by name of the package
 */
export async function packAll(copy, destination) {
  const tarballs = new Map()
  for (const one of readPackages(copy).filter(isPublished)) {
    const tarball = await packOne(one, destination)
    tarballs.set(tarball.name, tarball)
  }
  return tarballs
}

/**
 * @param {Pick<import('../packages/workspace-packages.mjs').WorkspacePackage, 'path' | 'manifest'>} workspacePackage
 * @param {string} destination of the tarball
 * @returns {Promise<Tarball>}
 */
export async function packOne({ path, manifest }, destination) {
  const pnpm = await findPnpm()
  const name = manifest['name']
  const args = [...pnpm.args, 'pack', '--pack-destination', destination]
  await done(runCommand(pnpm.command, args, { cwd: path, env: pnpm.env }))
  const file = `${name.replace('@', '').replace('/', '-')}-${manifest['version']}.tgz`
  if (!readdirSync(destination).includes(file))
    throw new RehearsalError(`packing ${name} did not make ${file}`)
  return { name, file: join(destination, file), path, manifest }
}

/**
 * The packages with those of the workspace that they need: no registry has them yet.
 *
 * @param {ReadonlyMap<string, Tarball>} tarballs
 * @param {readonly string[]} names
 * @returns {Tarball[]}
 */
export function withNeeded(tarballs, names) {
  /** @type {Set<Tarball>} */
  const needed = new Set()
  const add = (/** @type {string} */ name) => {
    const tarball = tarballs.get(name)
    if (tarball === undefined || needed.has(tarball)) return
    needed.add(tarball)
    const { dependencies = {}, peerDependencies = {} } = tarball.manifest
    for (const other of Object.keys({ ...dependencies, ...peerDependencies })) add(other)
  }
  for (const name of names) add(name)
  return [...needed]
}
