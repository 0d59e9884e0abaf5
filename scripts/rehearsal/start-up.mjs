import { millrace } from './install.mjs'

/**
 * How long `millrace --version` takes, the start of Node included.
 *
 * @param {import('./install.mjs').Installation} installation
 * @param {number} runs
 * @returns {Promise<number[]>} milliseconds
 */
export async function versionTimes(installation, runs) {
  const times = []
  for (let run = 0; run < runs; run += 1) {
    const begunMs = performance.now()
    await millrace(installation, ['--version'])
    times.push(performance.now() - begunMs)
  }
  return times
}

/** @param {readonly number[]} times */
export function medianOf(times) {
  return [...times].sort((left, right) => left - right)[Math.floor(times.length / 2)] ?? Number.NaN
}
