import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * A process to stop.
 *
 * @typedef {object} Stoppable
 * @property {number} pid leader of a process group of its own
 * @property {NodeJS.Signals} signal what asks it to end quickly, children included
 */

const graceMs = 5_000
const stepMs = 20

/**
 * Stops a process and its process group: its own signal first, SIGKILL after 5 s. One that is gone already is fine.
 *
 * @param {Stoppable} process
 */
export async function stopProcess({ pid, signal }) {
  send(-pid, signal)
  for (let waitedMs = 0; isAlive(pid) && waitedMs < graceMs; waitedMs += stepMs) await sleep(stepMs)
  send(-pid, 'SIGKILL')
  for (let waitedMs = 0; isAlive(pid) && waitedMs < graceMs; waitedMs += stepMs) await sleep(stepMs)
}

/**
 * @param {number} pid negative: a whole process group
 * @param {NodeJS.Signals} signal
 */
function send(pid, signal) {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended by itself.
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return !isZombie(pid)
  } catch {
    return false
  }
}

/**
 * An orphan stays in the process table until init looks, which in a container may be never.
 *
 * @param {number} pid
 */
function isZombie(pid) {
  try {
    return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return false
  }
}
