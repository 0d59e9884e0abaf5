import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inlinedDependencies } from './inlined-dependencies.mjs'

const packagePath = /^(.*[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+))[\\/]/

/**
 * The licenses of the packages that a bundle holds code of, as they ask to be passed on.
 *
 * @param {readonly string[]} moduleIds paths of the bundled files
 * @returns {string | undefined} undefined when none is of somebody else
 * @throws {Error} when a package brings no license text, or was not meant to be bundled
 */
export function licensesOf(moduleIds) {
  const folders = new Map()
  for (const id of moduleIds) {
    const match = packagePath.exec(id)
    if (match !== null) folders.set(match[2]?.replaceAll('\\', '/'), match[1])
  }
  if (folders.size === 0) return undefined
  for (const name of folders.keys()) {
    if (!inlinedDependencies.has(name))
      throw new Error(`${name} would be bundled: make it a dependency, or one that is inlined`)
  }
  const texts = [...folders]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, folder]) => `${name}\n\n${licenseIn(name, folder)}\n`)
  return `The files of this folder hold code of these packages.\n\n${texts.join(`\n${'-'.repeat(80)}\n\n`)}`
}

/**
 * @param {string} name
 * @param {string} folder
 */
function licenseIn(name, folder) {
  const file = readdirSync(folder).find((entry) => /^licen[cs]e([.-]|$)/i.test(entry))
  if (file === undefined) throw new Error(`${name} is bundled, but brings no license text`)
  return readFileSync(join(folder, file), 'utf8').trim()
}
