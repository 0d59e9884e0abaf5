// Prints one closing line for several test commands: sum-counts.mjs <0, or 1 when one has failed> <counts file>…
import { existsSync, readFileSync } from 'node:fs'
import { closingLine, sumCounts } from './test-counts.mjs'

const [anyFailed, ...files] = process.argv.slice(2)
const counts = sumCounts(
  // A command that left no counts has not even begun its tests.
  files.map((file) =>
    existsSync(file)
      ? JSON.parse(readFileSync(file, 'utf8'))
      : { passed: 0, failed: 1, skipped: 0 },
  ),
)
if (anyFailed !== '0' && counts.failed === 0) counts.failed = 1
console.log(closingLine(counts))
process.exitCode = counts.failed === 0 ? 0 : 1
