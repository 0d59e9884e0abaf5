// Loaded into a command with `node --import`: makes it fail where the test says, counts the rows that it reads,
// and gives a source that stays away up early.
import { appendFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

const {
  MILLRACE_TEST_FAILPOINT: order,
  MILLRACE_TEST_ROWS_READ: rowsReadFile,
  MILLRACE_TEST_SOURCE_DEADLINE_MS: sourceDeadlineMs,
} = process.env
const [place, action, atReach] = order?.split(':') ?? []
const hangMs = 10_000
let reached = 0
let turn = Promise.resolve()

/** @param {string} found */
async function reach(found) {
  if (found !== place) return
  reached += 1
  if (reached !== Number(atReach)) return
  process.stderr.write(`failpoint ${order} was reached\n`)
  if (action === 'kill') process.kill(process.pid, 'SIGKILL')
  if (action === 'hang') await sleep(hangMs)
  if (action === 'throw') throw new Error(`failpoint ${place}`)
}

const registry = /** @type {Record<symbol, unknown>} */ (/** @type {unknown} */ (globalThis))

registry[Symbol.for('millrace.failpoints')] = (
  /** @type {string} */ found,
  /** @type {number} */ rowCount,
) => {
  if (found === 'after-read' && rowsReadFile !== undefined)
    appendFileSync(rowsReadFile, `${rowCount}\n`)
  // One after the other: what hangs must not be overtaken by what comes behind it.
  const mine = turn.then(() => reach(found))
  turn = mine.catch(() => {})
  return mine
}

if (sourceDeadlineMs !== undefined)
  registry[Symbol.for('millrace.sourcePatience')] = { deadlineMs: Number(sourceDeadlineMs) }
