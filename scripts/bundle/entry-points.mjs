import { join } from 'node:path'

/**
 * @typedef {import('../packages/workspace-packages.mjs').WorkspacePackage} WorkspacePackage
 */

const sourceCondition = '@millrace/source'

/**
 * What a package is bundled from: the sources that its `exports` name, and `src/main.ts` where it brings a command.
 *
 * @param {WorkspacePackage} workspacePackage
 * @returns {Record<string, string>} source files by name of the bundle in `dist`, without its extension
 */
export function entryPointsOf({ path, manifest }) {
  const targets = /** @type {Record<string, string>[]} */ (
    Object.values(manifest['exports'] ?? {}).filter((target) => target[sourceCondition])
  )
  const exported = targets.map((target) => [
    (target['default'] ?? '').replace(/^\.\/dist\/|\.js$/g, ''),
    join(path, target[sourceCondition] ?? ''),
  ])
  const command = manifest['bin'] === undefined ? [] : [['main', join(path, 'src/main.ts')]]
  return Object.fromEntries([...exported, ...command])
}
