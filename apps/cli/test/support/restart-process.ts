import { spawn } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { stopProcess } from '../../../../scripts/services/stop-process.mjs'

/**
 * Ends a server that the test has started. What comes back starts it again with the arguments and account that /proc has shown,
 * and gives the new process, which the caller ends with `stopProcess`.
 */
export async function endProcess(pid: number, signal: NodeJS.Signals): Promise<() => number> {
  const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1)
  const [command = '', ...args] = commandLine
  const { uid, gid } = statSync(`/proc/${pid}`)
  process.kill(pid, signal)
  await stopProcess({ pid, signal })
  return () => {
    const child = spawn(command, args, { detached: true, stdio: 'ignore', cwd: '/', uid, gid })
    child.unref()
    if (child.pid === undefined) throw new Error(`${command} could not be started again`)
    return child.pid
  }
}

/** Ends a server and starts it again at once; see `endProcess`. */
export async function restartProcess(pid: number, signal: NodeJS.Signals): Promise<number> {
  const start = await endProcess(pid, signal)
  return start()
}
