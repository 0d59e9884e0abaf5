import { execFileSync } from 'node:child_process'
import { cpus, loadavg, release, totalmem } from 'node:os'

/**
 * What figures depend on: processor, memory, operating system, Node.
 *
 * @returns {string}
 */
export function describeMachine() {
  const processors = cpus()
  const model = processors[0]?.model.trim().replace(/\s+/g, ' ') ?? 'unknown processor'
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`
  return `${processors.length} x ${model}, ${memory}, Linux ${release()}, Node ${process.versions.node}`.replace(
    'Linux',
    process.platform === 'linux' ? 'Linux' : process.platform,
  )
}

/** @returns {string} the load of the last minute, which other work on the machine adds to */
export function describeLoad() {
  return (loadavg()[0] ?? 0).toFixed(1)
}

/** @returns {string} the commit that is measured, with a mark when files differ from it */
export function describeCommit() {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).trim()
  } catch {
    return 'unknown'
  }
}
