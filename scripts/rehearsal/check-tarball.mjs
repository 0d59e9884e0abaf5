import { readFileSync } from 'node:fs'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'

/** Packages are ES modules: who resolves as Node 10 did, or calls `require` on Node 20.18, is not served. */
const unserved = new Set(['node10', 'node16-cjs'])
/** What every package has, and what those of a release have besides. */
const requiredFiles = ['package.json', 'README.md']
const releasedFiles = ['LICENSE', 'CHANGELOG.md']
const unwanted = /\.test\.(ts|js)$|\.tsbuildinfo$|^test\/|^test-data\/|(^|\/)tsconfig[^/]*\.json$/

/**
 * Looks at what would be published.
 *
 * @param {import('./pack.mjs').Tarball} tarball
 * @param {{isReleased: boolean}} options whether Millrace publishes it; a third party need not keep a changelog
 * @returns {Promise<string[]>} one line per mistake
 */
export async function checkTarball({ file, manifest }, { isReleased }) {
  const data = readFileSync(file)
  const contents = createPackageFromTarballData(data)
  const prefix = `/node_modules/${manifest['name']}/`
  const names = contents.listFiles().map((name) => name.slice(prefix.length))
  const packed = JSON.parse(contents.readFile(`${prefix}package.json`))
  return [
    ...contentMistakes(names, isReleased ? [...requiredFiles, ...releasedFiles] : requiredFiles),
    ...rangeMistakes(packed),
    ...(await publintMistakes(data)),
    ...(await typeMistakes(contents)),
  ]
}

/**
 * @param {readonly string[]} names
 * @param {readonly string[]} required
 */
function contentMistakes(names, required) {
  return [
    ...required.filter((name) => !names.includes(name)).map((name) => `has no ${name}`),
    ...names.filter((name) => unwanted.test(name)).map((name) => `${name} is of no use to users`),
    ...names
      .filter((name) => name.endsWith('.js.map'))
      .filter((name) => !names.includes(name.slice(0, -'.map'.length)))
      .map((name) => `${name} is the map of a file that is not there`),
  ]
}

/**
 * Ranges of the workspace have to become those of a registry, and core has to be one for all.
 *
 * @param {Record<string, any>} packed
 */
function rangeMistakes(packed) {
  const ranges = Object.entries({ ...packed['dependencies'], ...packed['peerDependencies'] })
  const major = packed['peerDependencies']?.['@millrace/core']
  return [
    ...ranges
      .filter(([, range]) => /^(workspace|catalog|file|link):/.test(String(range)))
      .map(([name, range]) => `asks for ${name} ${range}, which no registry has`),
    ...(major === undefined || /^\^[1-9]\d*\.\d+\.\d+$/.test(major)
      ? []
      : [`asks for @millrace/core ${major}: expected any version of one major`]),
  ]
}

/** @param {Buffer} data */
async function publintMistakes(data) {
  const tarball = new Uint8Array(data).buffer
  const { messages, pkg } = await publint({ strict: true, pack: { tarball } })
  return messages.map((message) => `publint: ${formatMessage(message, pkg) ?? message.code}`)
}

/** @param {import('@arethetypeswrong/core').Package} contents */
async function typeMistakes(contents) {
  const result = await checkPackage(contents)
  // The command has nothing to import, and so no types.
  if (!result.types) return []
  return result.problems
    .filter((problem) => !('resolutionKind' in problem && unserved.has(problem.resolutionKind)))
    .map((problem) => `types: ${JSON.stringify(problem)}`)
}
