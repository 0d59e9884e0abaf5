import { isPublished, readPackages } from '../packages/workspace-packages.mjs'
import { bundlePackage } from './bundle-package.mjs'

/**
 * Bundles every package that is published or brings a command, where its JavaScript is not what its sources say.
 *
 * @param {string} root the checkout
 * @param {readonly string[]} [folders] only these packages, such as `packages/core`
 * @returns {Promise<string[]>} the folders of those that had to be
 */
export async function bundleWorkspace(root, folders) {
  const packages = readPackages(root)
    .filter((subject) => isPublished(subject) || subject.manifest['bin'] !== undefined)
    .filter(({ folder }) => folders === undefined || folders.includes(folder))
  const bundled = []
  for (const workspacePackage of packages) {
    if (await bundlePackage(root, workspacePackage)) bundled.push(workspacePackage.folder)
  }
  return bundled
}
