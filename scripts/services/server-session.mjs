import { spawn } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
} from 'node:fs'
import { rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { stopProcess } from './stop-process.mjs'

/**
 * @typedef {import('./server-account.mjs').ServerAccount} ServerAccount
 *
 * @typedef {object} CommandLine
 * @property {string} command
 * @property {readonly string[]} args
 * @property {ServerAccount | undefined} [account] undefined: as this process
 * @property {string} [input] what it gets on stdin
 * @property {Readonly<Record<string, string>>} [env] beside the environment of this process
 *
 * @typedef {object} ServerStart
 * @property {string} name for messages and the log file
 * @property {(port: number) => CommandLine} commandLine in the foreground, listening on 127.0.0.1
 * @property {(port: number) => Promise<boolean>} answers whether it takes connections now
 * @property {NodeJS.Signals} signal what ends it at once; its data are thrown away
 */

const startMs = 60_000
const probeEveryMs = 25
const portAttempts = 3
const shownLogLines = 50

/**
 * Private servers of one process: each has a folder, a port and a log file of its own. All of it is gone after `stop`,
 * and also when this process ends without calling it, in whatever way (see guardian.mjs).
 */
export class ServerSession {
  /** The temporary folder of this session; other accounts may pass through it. */
  folder
  #guardian
  /** @type {Map<number, NodeJS.Signals>} */
  #running = new Map()

  /** @param {string} [parentFolder] where the session's folder is made; default: the system's temporary folder */
  constructor(parentFolder = tmpdir()) {
    this.folder = mkdtempSync(join(parentFolder, 'millrace-servers-'))
    chmodSync(this.folder, 0o711)
    this.#guardian = spawn(
      process.execPath,
      [fileURLToPath(new URL('guardian.mjs', import.meta.url))],
      {
        detached: true,
        stdio: ['pipe', 'ignore', 'ignore'],
        cwd: '/',
        env: {},
      },
    )
    this.#guardian.unref()
    const stdin = /** @type {import('node:net').Socket} */ (this.#guardian.stdin)
    stdin.unref()
    stdin.on('error', () => {})
    this.#tellGuardian({ folder: this.folder })
  }

  /**
   * Makes a folder of this session.
   *
   * @param {string} name
   * @param {ServerAccount | undefined} owner
   * @returns {string} its path
   */
  makeFolder(name, owner) {
    const folder = join(this.folder, name)
    mkdirSync(folder, { mode: 0o700 })
    if (owner !== undefined) chownSync(folder, owner.uid, owner.gid)
    return folder
  }

  /**
   * Runs a command that ends soon, its output in the session's log `<name>.log`.
   *
   * @param {string} name
   * @param {CommandLine} commandLine
   * @throws {Error} with the end of the log when it fails
   */
  async run(name, commandLine) {
    // SIGCONT: when this process is killed meanwhile, the command may finish (it would leave shared memory behind).
    const { exited } = this.#spawn(name, commandLine, 'SIGCONT')
    const reason = await exited
    if (reason !== 'exit code 0')
      throw this.#failure(name, `${commandLine.command} failed: ${reason}`)
  }

  /**
   * Starts a server on a free port and waits until it takes connections.
   *
   * @param {ServerStart} server
   * @returns {Promise<{port: number, pid: number}>}
   * @throws {Error} with the end of the server's log when it ends or is not ready after 60 s
   */
  async start(server) {
    for (let attempt = 1; ; attempt += 1) {
      const port = await freePort()
      const { pid, exited, release } = this.#spawn(
        server.name,
        server.commandLine(port),
        server.signal,
      )
      const reason = await Promise.race([exited, this.#untilReady(server, port, pid)])
      release()
      if (reason === undefined) return { port, pid }
      // Somebody else may have taken the port between our look and the server's.
      const taken = /address already in use/i.test(this.#log(server.name))
      if (!taken || attempt === portAttempts)
        throw this.#failure(server.name, `not started: ${reason}`)
    }
  }

  /** Stops everything that was started here and removes the folder. */
  async stop() {
    const running = [...this.#running].map(([pid, signal]) => ({ pid, signal }))
    await Promise.all(running.map(stopProcess))
    await rm(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
    this.#guardian.stdin?.end()
  }

  /**
   * @param {string} name
   * @param {CommandLine} commandLine
   * @param {NodeJS.Signals} signal
   * @returns {{pid: number, exited: Promise<string>, release: () => void}} `release` lets this process end before it
   */
  #spawn(name, { command, args, account, input, env }, signal) {
    const log = openSync(this.#logFile(name), 'a')
    // A group of its own: Ctrl-C on the terminal reaches this process alone, which stops its servers in order.
    const child = spawn(command, args, {
      detached: true,
      stdio: [input === undefined ? 'ignore' : 'pipe', log, log],
      cwd: '/',
      env: { ...process.env, ...env },
      ...account,
    })
    closeSync(log)
    child.stdin?.on('error', () => {})
    child.stdin?.end(input)
    const pid = child.pid ?? 0
    if (pid !== 0) {
      this.#running.set(pid, signal)
      this.#tellGuardian({ add: { pid, signal } })
    }
    /** @type {Promise<string>} */
    const exited = new Promise((resolve) => {
      child.on('error', (error) => resolve(error.message))
      child.on('exit', (code, killedBy) => {
        this.#running.delete(pid)
        this.#tellGuardian({ gone: pid })
        resolve(killedBy === null ? `exit code ${code}` : `ended by ${killedBy}`)
      })
    })
    return { pid, exited, release: () => child.unref() }
  }

  /**
   * @param {ServerStart} server
   * @param {number} port
   * @param {number} pid
   * @returns {Promise<string | undefined>} why it is not ready
   */
  async #untilReady(server, port, pid) {
    const deadline = Date.now() + startMs
    while (Date.now() < deadline && this.#running.has(pid)) {
      await sleep(probeEveryMs)
      if (await server.answers(port)) return undefined
    }
    return `no answer on port ${port} within ${startMs / 1000} s`
  }

  /** @param {object} message */
  #tellGuardian(message) {
    this.#guardian.stdin?.write(`${JSON.stringify(message)}\n`)
  }

  /** @param {string} name */
  #logFile(name) {
    return join(this.folder, `${name}.log`)
  }

  /** @param {string} name */
  #log(name) {
    return readFileSync(this.#logFile(name), 'utf8')
  }

  /**
   * @param {string} name
   * @param {string} what
   */
  #failure(name, what) {
    const lines = this.#log(name).trimEnd().split('\n').slice(-shownLogLines)
    return new Error(
      `${name}: ${what}. The end of its log:\n${lines.map((line) => `    ${line}`).join('\n')}`,
    )
  }
}

/**
 * @returns {Promise<number>} a port of 127.0.0.1 that nobody listens on
 */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = /** @type {import('node:net').AddressInfo} */ (server.address())
      server.close(() => resolve(address.port))
    })
  })
}
