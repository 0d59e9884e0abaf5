/**
 * What a part of the benchmark gives: a table, and how it compares with what was promised.
 *
 * @typedef {object} Target
 * @property {string} what
 * @property {string} asked
 * @property {string} measured
 * @property {boolean} passed
 *
 * @typedef {object} SectionResult
 * @property {string} title
 * @property {readonly string[]} notes what was run, a sentence each
 * @property {readonly (readonly string[])[]} table the first row names the columns
 * @property {readonly Target[]} targets
 *
 * What all parts share.
 *
 * @typedef {object} BenchContext
 * @property {import('../bench-options.mjs').BenchOptions} options
 * @property {import('../target-redis.mjs').TargetRedis} redis
 * @property {(line: string) => void} print progress
 */

/**
 * @param {string} what
 * @param {number} value
 * @param {number} limit the most that will do
 * @param {(value: number) => string} format
 * @returns {Target}
 */
export function atMost(what, value, limit, format) {
  return { what, asked: `≤ ${format(limit)}`, measured: format(value), passed: value <= limit }
}

/**
 * @param {string} what
 * @param {number} value
 * @param {number} limit the least that will do
 * @param {(value: number) => string} format
 * @returns {Target}
 */
export function atLeast(what, value, limit, format) {
  return { what, asked: `≥ ${format(limit)}`, measured: format(value), passed: value >= limit }
}

export const seconds = (/** @type {number} */ ms) => `${(ms / 1000).toFixed(2)} s`
export const milliseconds = (/** @type {number} */ ms) => `${Math.round(ms)} ms`
export const megabytes = (/** @type {number} */ bytes) => `${Math.round(bytes / 1e6)} MB`
export const ratio = (/** @type {number} */ value) => value.toFixed(2)
export const whole = (/** @type {number} */ value) => Math.round(value).toLocaleString('en')
