import { expect, test } from 'vitest'
import { closingLine, countReport, readCounts, sumCounts } from './test-counts.mjs'

const base = { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, testResults: [] }

test('counts tests', () => {
  const report = {
    ...base,
    numPassedTests: 7,
    numFailedTests: 2,
    numPendingTests: 1,
    numTodoTests: 1,
  }
  expect(countReport(report)).toEqual({ passed: 7, failed: 2, skipped: 2 })
})

test('a file that could not be loaded is a failure', () => {
  const testResults = [
    { status: 'failed', assertionResults: [] },
    { status: 'failed', assertionResults: [{ status: 'passed' }] },
    { status: 'failed', assertionResults: [{ status: 'failed' }] },
    { status: 'passed', assertionResults: [{ status: 'passed' }] },
  ]
  const report = { ...base, numPassedTests: 2, numFailedTests: 1, testResults }
  expect(countReport(report)).toEqual({ passed: 2, failed: 3, skipped: 0 })
})

test('a run without a report is a failure, whatever its exit code', () => {
  expect(readCounts('/nonexistent/report.json', 0)).toEqual({ passed: 0, failed: 1, skipped: 0 })
  expect(readCounts('/nonexistent/report.json', 1)).toEqual({ passed: 0, failed: 1, skipped: 0 })
})

test('the closing line of a sum', () => {
  const sum = sumCounts([
    { passed: 3, failed: 0, skipped: 0 },
    { passed: 4, failed: 1, skipped: 0 },
  ])
  expect(closingLine(sum)).toBe('7 passed, 1 failed')
  expect(closingLine({ ...sum, skipped: 2 })).toBe('7 passed, 1 failed, 2 skipped')
})
