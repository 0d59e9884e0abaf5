import { createHash } from 'node:crypto'
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCommand, runNode } from './run-command.mjs'

/** The checkout. */
export const root = fileURLToPath(new URL('../../', import.meta.url))

const nodeFloor = [20, 19]
const pnpmMajor = '10.'

/**
 * What a command prints and the error it ends with when the workspace cannot be made ready: one message, no stack.
 */
export class PrepareError extends Error {}

/**
 * Has the packages installed as the lockfile says and everything compiled.
 *
 * @param {(line: string) => void} print gets what is done; nothing when there is nothing to do
 * @throws {PrepareError}
 */
export async function prepareBuild(print) {
  await prepareInstall(print)
  const first = !existsSync(join(root, 'packages/core/dist/.tsbuildinfo'))
  if (first) print('building (first time, about 10 s)')
  const { code, output } = await compile()
  if (code !== 0) throw new PrepareError(`the build failed:\n${output.trimEnd()}`)
}

/** Compiles what has changed: types and declarations with `tsc -b`, then the JavaScript. */
export async function compile() {
  const types = await runNode(join(root, 'node_modules/typescript/bin/tsc'), ['-b'], { cwd: root })
  return types.code === 0 ? await bundle() : types
}

/** Makes the JavaScript of every package whose sources have changed. */
export function bundle() {
  return runNode(join(root, 'scripts/bundle.mjs'), [], { cwd: root })
}

/**
 * Installs the packages when they have never been or no longer are what the lockfile says.
 *
 * @param {(line: string) => void} print
 * @throws {PrepareError}
 */
export async function prepareInstall(print) {
  checkNode()
  const stampFile = join(root, 'node_modules/.millrace-installed')
  const stamp = installStamp()
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return
  const { command, args, own, env } = await findPnpm()
  const again = existsSync(stampFile)
  const what = again ? 'the lockfile has changed' : 'first time, about 10 s'
  print(`installing packages (${what}${own ? '' : '; with a pnpm that npx fetches'})`)
  const install = [...args, 'install', '--frozen-lockfile', '--prefer-offline']
  const result = await runCommand(command, install, { cwd: root, env })
  if (result.code !== 0) {
    throw new PrepareError(`installing the packages failed:\n${result.output.trimEnd()}`)
  }
  writeFileSync(stampFile, stamp)
}

const noQuestions = { CI: 'true', COREPACK_ENABLE_DOWNLOAD_PROMPT: '0' }
/** Any 10.x will do: the machine's pnpm need not fetch the one that `packageManager` names. */
const asItIs = { ...noQuestions, npm_config_manage_package_manager_versions: 'false' }

/**
 * How pnpm is called: the machine's when its version will do, else one that npx fetches.
 *
 * @typedef {object} PnpmCommand
 * @property {string} command
 * @property {string[]} args come before those of pnpm
 * @property {Record<string, string>} env beside the environment of this process
 * @property {boolean} own whether it is the machine's
 *
 * @returns {Promise<PnpmCommand>}
 */
export async function findPnpm() {
  const { code, output } = await runCommand('pnpm', ['--version'], {
    cwd: root,
    env: asItIs,
  })
  const lastLine = output.trim().split('\n').at(-1) ?? ''
  if (code === 0 && lastLine.startsWith(pnpmMajor))
    return { command: 'pnpm', args: [], env: asItIs, own: true }
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return { command: 'npx', args: ['--yes', packageManager], env: noQuestions, own: false }
}

/** What the installed packages follow from: the lockfile, every package.json, and the major version of Node. */
function installStamp() {
  const folders = ['packages', 'apps', 'tools', 'examples'].flatMap((group) => {
    const folder = join(root, group)
    return existsSync(folder)
      ? readdirSync(folder)
          .sort()
          .map((name) => join(folder, name))
      : []
  })
  const files = [
    join(root, 'pnpm-lock.yaml'),
    join(root, 'pnpm-workspace.yaml'),
    ...[root, join(root, 'benchmarks'), ...folders].map((folder) => join(folder, 'package.json')),
  ]
  const hash = createHash('sha256').update(process.versions.node.split('.')[0] ?? '')
  for (const file of files)
    if (existsSync(file)) hash.update(file.slice(root.length)).update(readFileSync(file))
  return hash.digest('hex')
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const [floorMajor = 0, floorMinor = 0] = nodeFloor
  if (major > floorMajor || (major === floorMajor && minor >= floorMinor)) return
  throw new PrepareError(
    `Node ${process.versions.node} is too old: Millrace needs ${nodeFloor.join('.')} or later`,
  )
}
