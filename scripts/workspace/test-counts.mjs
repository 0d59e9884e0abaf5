import { existsSync, readFileSync } from 'node:fs'

/**
 * @typedef {object} TestCounts
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 */

/** @type {TestCounts} */
export const noTests = Object.freeze({ passed: 0, failed: 0, skipped: 0 })

/**
 * Reads what vitest's JSON reporter has written.
 *
 * @param {string} file need not exist: vitest then ended before the first test
 * @param {number} exitCode of vitest: anything that went wrong outside the tests counts as one failure
 * @returns {TestCounts}
 */
export function readCounts(file, exitCode) {
  const counts = existsSync(file)
    ? countReport(JSON.parse(readFileSync(file, 'utf8')))
    : { ...noTests }
  const wentWrong = exitCode !== 0 || counts.passed + counts.failed === 0
  if (wentWrong && counts.failed === 0) counts.failed = 1
  return counts
}

/**
 * @typedef {object} JsonReport
 * @property {number} numPassedTests
 * @property {number} numFailedTests
 * @property {number} numPendingTests
 * @property {number} [numTodoTests]
 * @property {readonly {status: string, assertionResults: readonly {status: string}[]}[]} testResults
 *
 * @param {JsonReport} report
 * @returns {TestCounts} a file that could not be loaded, or whose hooks failed, counts as one failure
 */
export function countReport(report) {
  const brokenFiles = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  )
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + brokenFiles.length,
    skipped: report.numPendingTests + (report.numTodoTests ?? 0),
  }
}

/**
 * @param {readonly TestCounts[]} all
 * @returns {TestCounts}
 */
export function sumCounts(all) {
  const sum = { ...noTests }
  for (const { passed, failed, skipped } of all) {
    sum.passed += passed
    sum.failed += failed
    sum.skipped += skipped
  }
  return sum
}

/**
 * @param {TestCounts} counts
 * @returns {string} `N passed, N failed`, and `, N skipped` when there are such
 */
export function closingLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`
}
