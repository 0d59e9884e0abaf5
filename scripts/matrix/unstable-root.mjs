import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { canInstall, installPackages } from '../services/debian-packages.mjs'
import { findBinary } from '../services/find-binary.mjs'
import { accountIn } from '../services/server-account.mjs'
import { runCommand } from '../workspace/run-command.mjs'

/** @typedef {import('../services/server-place.mjs').ServerPlace} ServerPlace */

const packages = ['mysql-server-core', 'postgresql', 'redis-server', 'valkey-server']
const quietInstall = { DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' }
/** Counts up when what stands in the root changes, so that older ones are made anew. */
const edition = 2

/** Why there is no such root: one text for the user. */
export class NoRootError extends Error {}

/**
 * Has a root folder with Debian unstable and its newer servers, made once and kept in the cache folder.
 *
 * @param {{fresh: boolean, print: (line: string) => void}} options `fresh` makes it anew, for newer servers
 * @returns {Promise<string>} its path
 * @throws {NoRootError}
 */
export async function prepareRoot({ fresh, print }) {
  if (process.getuid?.() !== 0) throw new NoRootError('chroot and debootstrap need root')
  const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'millrace')
  const root = join(cache, `debian-unstable-${edition}`)
  if (existsSync(root) && !fresh) return root
  print(`making a root of Debian unstable in ${root} (two minutes, 850 MB)`)
  const debootstrap = prepareDebootstrap(print)
  const unfinished = `${root}.unfinished`
  rmSync(unfinished, { recursive: true, force: true })
  mkdirSync(cache, { recursive: true })
  const include = `--include=${packages.join(',')}`
  const first = ['--variant=minbase', '--foreign', include, 'unstable', unfinished, ...mirror()]
  await step(debootstrap, first, unfinished)
  forbidServices(unfinished)
  await step('chroot', [unfinished, '/debootstrap/debootstrap', '--second-stage'], unfinished)
  await addDocumentdb(unfinished, print)
  // mysqld does not start without the folder that LOAD DATA would be limited to.
  mkdirSync(join(unfinished, 'var/lib/mysql-files'), { recursive: true })
  rmSync(join(unfinished, 'var/cache/apt/archives'), { recursive: true, force: true })
  rmSync(root, { recursive: true, force: true })
  renameSync(unfinished, root)
  return root
}

/**
 * Runs servers inside a root folder; the session's folder has to lie in it.
 *
 * @param {string} root
 * @returns {ServerPlace}
 */
export function placeIn(root) {
  const account = accountIn(readFileSync(join(root, 'etc/passwd'), 'utf8'), ['nobody'])
  if (account === undefined) throw new NoRootError(`found no account "nobody" in ${root}`)
  return {
    account: () => account,
    wrap: ({ command, args, ...rest }) => ({
      ...rest,
      command: 'chroot',
      args: [
        `--userspec=${account.uid}:${account.gid}`,
        root,
        ...[command, ...args].map((text) => text.replaceAll(root, '')),
      ],
      account: undefined,
    }),
  }
}

/**
 * @param {(line: string) => void} print
 * @returns {string}
 */
function prepareDebootstrap(print) {
  const folders = ['/usr/sbin']
  if (findBinary('debootstrap', folders) === undefined && canInstall()) {
    installPackages(['debootstrap'], (line) => print(`  ${line}`))
  }
  const debootstrap = findBinary('debootstrap', folders)
  if (debootstrap === undefined) throw new NoRootError('debootstrap is not installed')
  return debootstrap
}

/**
 * Not at every moment does unstable have the extension for its newest PostgreSQL: then the root is made without.
 *
 * @param {string} root
 * @param {(line: string) => void} print
 */
async function addDocumentdb(root, print) {
  const [version] = readdirSync(join(root, 'usr/lib/postgresql'))
  const name = `postgresql-${version}-documentdb`
  // Like debootstrap, whatever the clock of this machine says of the age of the lists.
  const anyAge = ['-o', 'Acquire::Check-Valid-Until=false']
  const update = await inRoot(root, ['apt-get', ...anyAge, 'update'])
  const install = ['apt-get', 'install', '--yes', '--no-install-recommends', name]
  const { code, output } = update.code === 0 ? await inRoot(root, install) : update
  if (code !== 0) print(`  without ${name}: ${output.trimEnd().split('\n').at(-1)}`)
  rmSync(join(root, 'var/lib/apt/lists'), { recursive: true, force: true })
}

/**
 * @param {string} root
 * @param {readonly string[]} command
 */
function inRoot(root, command) {
  return runCommand('chroot', [root, ...command], { cwd: '/', env: quietInstall })
}

/** The mirror that this machine's own packages come from; without one, debootstrap has a default. */
function mirror() {
  const format = ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages']
  const { stdout } = spawnSync('apt-get', format, { encoding: 'utf8' })
  return (stdout ?? '')
    .split('\n')
    .filter((line) => /\/debian\/?$/.test(line))
    .slice(0, 1)
}

/**
 * No package starts a service in there, and PostgreSQL makes no cluster.
 *
 * @param {string} root
 */
function forbidServices(root) {
  writeFileSync(join(root, 'usr/sbin/policy-rc.d'), '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  const folder = join(root, 'etc/postgresql-common/createcluster.d')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'millrace.conf'), 'create_main_cluster = false\n')
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {string} unfinished removed when the command fails
 */
async function step(command, args, unfinished) {
  const { code, output } = await runCommand(command, args, { cwd: '/', env: quietInstall })
  if (code === 0) return
  rmSync(unfinished, { recursive: true, force: true })
  const lastLines = output.trimEnd().split('\n').slice(-5).join('\n  ')
  throw new NoRootError(`${command} failed with exit code ${code}:\n  ${lastLines}`)
}
