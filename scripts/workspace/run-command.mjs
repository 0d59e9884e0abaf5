import { spawn } from 'node:child_process'

/**
 * How a command ended.
 *
 * @typedef {object} CommandResult
 * @property {number} code 128 and the signal's number when a signal ended it
 * @property {string} output what it printed; empty when it was shown at once
 *
 * @typedef {object} CommandOptions
 * @property {string} cwd
 * @property {Readonly<Record<string, string | undefined>>} [env] beside the environment of this process
 * @property {boolean} [show] its output goes straight to this terminal instead of into the result
 */

/** Commands that run now: a signal to this process is passed on to them, and they are waited for. */
const running = new Set()
/** @type {NodeJS.Signals | undefined} */
let stoppedBy

for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => {
    stoppedBy = signal
    for (const child of running) child.kill('SIGTERM')
    if (running.size === 0) process.exit(signalCode(signal))
  })
}

/**
 * Runs a command to its end, with nothing on its stdin. When this process is told to stop meanwhile, the command is
 * told too, and this process exits after it.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {CommandOptions} options
 * @returns {Promise<CommandResult>}
 */
export function runCommand(command, args, { cwd, env = {}, show = false }) {
  return new Promise((resolve) => {
    const output = /** @type {Buffer[]} */ ([])
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', show ? 'inherit' : 'pipe', show ? 'inherit' : 'pipe'],
    })
    running.add(child)
    child.stdout?.on('data', (chunk) => output.push(chunk))
    child.stderr?.on('data', (chunk) => output.push(chunk))
    child.on('error', (error) => {
      running.delete(child)
      resolve({ code: 127, output: error.message })
    })
    child.on('close', (code, signal) => {
      running.delete(child)
      if (stoppedBy !== undefined && running.size === 0) process.exit(signalCode(stoppedBy))
      resolve({
        code: code ?? signalCode(signal ?? 'SIGKILL'),
        output: Buffer.concat(output).toString(),
      })
    })
  })
}

/**
 * Runs a Node program of the workspace's development dependencies or scripts.
 *
 * @param {string} file
 * @param {readonly string[]} args
 * @param {CommandOptions} options
 */
export function runNode(file, args, options) {
  return runCommand(process.execPath, [file, ...args], options)
}

/** @param {NodeJS.Signals} signal */
function signalCode(signal) {
  const numbers = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 }
  return 128 + (numbers[/** @type {keyof typeof numbers} */ (signal)] ?? 0)
}
