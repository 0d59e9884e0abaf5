import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { isExecutable } from './find-binary.mjs'

/** Answers "no" to every package that asks whether it may start its service now. */
const policyFile = '/usr/sbin/policy-rc.d'
/** Keeps the PostgreSQL package from making a database cluster that nobody asked for. */
const clusterFile = '/etc/postgresql-common/createcluster.d/millrace.conf'
/** Another apt-get may be at work. */
const waitForLock = ['--option', 'DPkg::Lock::Timeout=120']

/**
 * @returns {boolean} whether packages can be installed here without asking anybody: a Debian-like machine, as root
 */
export function canInstall() {
  return process.getuid?.() === 0 && isExecutable('/usr/bin/apt-get')
}

/**
 * Installs Debian packages. No service is started or enabled by it, and no database cluster is made.
 *
 * @param {readonly string[]} packages
 * @param {(line: string) => void} print gets the commands that are run
 * @throws {Error} with apt's own words when it fails
 */
export function installPackages(packages, print) {
  const made = [
    placeFile(policyFile, '#!/bin/sh\nexit 101\n'),
    placeFile(clusterFile, 'create_main_cluster = false\n'),
  ]
  try {
    aptGet(['update', '--quiet', ...waitForLock], print)
    aptGet(
      ['install', '--yes', '--quiet', '--no-install-recommends', ...waitForLock, ...packages],
      print,
    )
  } finally {
    for (const remove of made) remove()
  }
  disableServices(packages)
}

/**
 * @param {string} file
 * @param {string} text
 * @returns {() => void} takes it away again, unless it was there before
 */
function placeFile(file, text) {
  if (existsSync(file)) return () => {}
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text, { mode: 0o755 })
  return () => rmSync(file, { force: true })
}

/**
 * @param {readonly string[]} args
 * @param {(line: string) => void} print
 */
function aptGet(args, print) {
  print(`apt-get ${args.join(' ')}`)
  const { status, stdout, stderr } = spawnSync('/usr/bin/apt-get', args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' },
    maxBuffer: 64 * 1024 * 1024,
  })
  if (status === 0) return
  const words = `${stdout ?? ''}\n${stderr ?? ''}`.trim().split('\n').slice(-20).join('\n')
  throw new Error(`apt-get ${args.join(' ')} failed (exit code ${status}):\n${words}`)
}

/** @param {readonly string[]} packages */
function disableServices(packages) {
  if (!existsSync('/run/systemd/system')) return
  const services = packages.filter((name) => name === 'redis-server' || name === 'postgresql')
  if (services.length > 0)
    spawnSync('systemctl', ['disable', '--quiet', ...services], { stdio: 'ignore' })
}
