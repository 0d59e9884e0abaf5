import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { packageName } from '../packages/package-rules.mjs'
import { isBundled, rememberBundled, stampOf } from './build-stamp.mjs'
import { entryPointsOf } from './entry-points.mjs'
import { inlinedDependencies } from './inlined-dependencies.mjs'
import { licensesOf } from './licenses.mjs'

/**
 * @typedef {import('../packages/workspace-packages.mjs').WorkspacePackage} WorkspacePackage
 */

// No "license" in the name: pnpm would take it for the license of the package, and leave that out of the tarball.
const licensesName = 'THIRD-PARTY-NOTICES.txt'

/**
 * Makes the few JavaScript files of a package out of its many sources, beside the declarations of the compiler in
 * `dist`. Does nothing when they are what the sources say.
 *
 * @param {string} root the checkout
 * @param {WorkspacePackage} workspacePackage
 * @returns {Promise<boolean>} whether anything had to be done
 * @throws {Error} when an import cannot be resolved, or a dependency was not meant to be bundled
 */
export async function bundlePackage(root, workspacePackage) {
  const stamp = stampOf(root, workspacePackage.path)
  if (isBundled(root, workspacePackage, stamp)) return false
  const dist = join(workspacePackage.path, 'dist')
  const output = await writeBundles(workspacePackage, dist)
  const chunks = output.filter((file) => file.type === 'chunk')
  const licenses = licensesOf(chunks.flatMap((chunk) => chunk.moduleIds))
  if (licenses !== undefined) writeFileSync(join(dist, licensesName), licenses)
  const names = output.map((file) => file.fileName)
  removeOthers(dist, new Set(names), licenses !== undefined)
  rememberBundled(root, workspacePackage, stamp, names)
  return true
}

/**
 * @param {WorkspacePackage} workspacePackage
 * @param {string} dist
 */
async function writeBundles(workspacePackage, dist) {
  // Only what is bundled needs the bundler: it may not be installed yet when this file is read.
  const { rolldown } = await import('rolldown')
  const bundle = await rolldown({
    input: entryPointsOf(workspacePackage),
    external: isExternalTo(workspacePackage.manifest),
    platform: 'node',
    tsconfig: false,
    transform: { target: 'es2023' },
    resolve: { mainFields: ['module', 'main'] },
  })
  try {
    const { output } = await bundle.write({
      dir: dist,
      format: 'es',
      chunkFileNames: '[name].js',
      // Every file takes a millisecond to find and open: what several files need stands in one more, not in many.
      codeSplitting: { groups: [{ name: 'shared', minShareCount: 2 }] },
      // Text beyond ASCII would make the engine read the whole file with two bytes a letter.
      charset: 'ascii',
      comments: { legal: true, annotation: true, jsdoc: false },
      sourcemap: true,
      // Our own are in the package.
      sourcemapExcludeSources: true,
    })
    return output
  } finally {
    await bundle.close()
  }
}

/**
 * @param {Record<string, any>} manifest
 * @returns {(specifier: string) => boolean} whether an import stays one
 */
function isExternalTo(manifest) {
  const installed = new Set(
    ['dependencies', 'peerDependencies'].flatMap((kind) => Object.keys(manifest[kind] ?? {})),
  )
  return (specifier) => {
    const name = packageName(specifier)
    return isBuiltin(specifier) || (installed.has(name) && !inlinedDependencies.has(name))
  }
}

/**
 * JavaScript of earlier builds would only mislead, and be published.
 *
 * @param {string} dist
 * @param {ReadonlySet<string>} written
 * @param {boolean} hasLicenses
 */
function removeOthers(dist, written, hasLicenses) {
  const names = readdirSync(dist, { recursive: true, encoding: 'utf8' })
  const others = names
    .filter((name) => /\.js(\.map)?$/.test(name) && !written.has(name.replaceAll('\\', '/')))
    .concat(hasLicenses ? [] : [licensesName])
  for (const name of others) rmSync(join(dist, name), { force: true })
}
