import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * What one run of a program has cost.
 *
 * @typedef {object} Usage
 * @property {number} wallMs from before the start until after the end
 * @property {number} cpuMs user and system time of the program and, for a pipe, of all its parts
 * @property {number} [peakRssBytes] the most memory it held; unknown for a pipe
 *
 * @typedef {object} Run
 * @property {string} command
 * @property {readonly string[]} args
 * @property {Readonly<Record<string, string>>} [env] beside the environment of this process
 */

const root = fileURLToPath(new URL('../../', import.meta.url))
const probe = new URL('usage-probe.mjs', import.meta.url).href
const shownOutput = 2_000

/**
 * Runs a Node program to its end and measures it.
 *
 * @param {readonly string[]} args script and arguments, options of Node before them
 * @param {Readonly<Record<string, string>>} [env]
 * @returns {Promise<Usage>}
 * @throws {Error} with the end of its output when it fails
 */
export async function measureNode(args, env = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-usage-'))
  const file = join(folder, 'usage.json')
  try {
    const { wallMs } = await runToEnd({
      command: process.execPath,
      args: ['--import', probe, ...args],
      env: { ...env, MILLRACE_BENCH_USAGE_FILE: file },
    })
    const { cpuMs, peakRssBytes } = JSON.parse(readFileSync(file, 'utf8'))
    return { wallMs, cpuMs, peakRssBytes }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * Runs a pipe of a shell to its end and measures it.
 *
 * @param {string} pipe as typed into a shell
 * @param {Readonly<Record<string, string>>} env
 * @returns {Promise<Usage & {output: string}>}
 * @throws {Error} with the end of its output when any part of it fails
 */
export async function measurePipe(pipe, env) {
  const script = `set -o pipefail; ${pipe}; code=$?; times; exit $code`
  const { wallMs, output } = await runToEnd({ command: 'bash', args: ['-c', script], env })
  return { wallMs, cpuMs: childrenMs(output), output }
}

/**
 * Runs a program to its end, with nothing on its stdin.
 *
 * @param {Run} run
 * @returns {Promise<{wallMs: number, output: string}>} `output` is stdout and stderr
 * @throws {Error} with the end of its output when it fails
 */
export function runToEnd({ command, args, env = {} }) {
  return new Promise((resolve, reject) => {
    /** @type {Buffer[]} */
    const chunks = []
    const startedMs = performance.now()
    const child = spawn(command, args, {
      // Millrace looks for plugins in the working directory first: those of this checkout, wherever we were called.
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child.stdout.on('data', (chunk) => chunks.push(chunk))
    child.stderr.on('data', (chunk) => chunks.push(chunk))
    child.on('error', reject)
    // Not 'close': a grandchild that holds the pipes open is no part of the run.
    let wallMs = 0
    child.on('exit', () => (wallMs = performance.now() - startedMs))
    child.on('close', (code, signal) => {
      const output = Buffer.concat(chunks).toString()
      if (code === 0) return resolve({ wallMs, output })
      const ending = signal === null ? `exit code ${code}` : `signal ${signal}`
      reject(new Error(`${command} ended with ${ending}: ${output.slice(-shownOutput).trim()}`))
    })
  })
}

/**
 * @param {string} output of `times`: the shell's own times, then those of its children, as `0m1.234s 0m0.056s`
 * @returns {number}
 */
function childrenMs(output) {
  const last = output.trimEnd().split('\n').at(-1) ?? ''
  const parts = [...last.matchAll(/(\d+)m([\d.]+)s/g)]
  return parts.reduce(
    (sum, [, minutes, seconds]) => sum + Number(minutes) * 60_000 + Number(seconds) * 1000,
    0,
  )
}
