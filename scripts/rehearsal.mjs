// A release up to its publication: versions, build, tarballs, installed with npm and run on real servers. Prints what is wrong
// and what the installations weigh; `--write` puts the figures into docs/installing.md.
import { parseArgs } from 'node:util'
import { combinations } from './rehearsal/combinations.mjs'
import { figuresTable, writeInstallingPage } from './rehearsal/installing-page.mjs'
import { Rehearsal, rehearsalChecks } from './rehearsal/rehearsal.mjs'
import { RehearsalError } from './rehearsal/release-copy.mjs'

const print = (/** @type {string} */ line) => console.log(line)

/** @param {boolean} write */
async function rehearse(write) {
  const start = performance.now()
  const rehearsal = await Rehearsal.prepare(print)
  try {
    // The page is what the checks compare with.
    if (write) await writeInstallingPage(await figuresOf(rehearsal))
    const failed = await runChecks(rehearsal)
    print(`\n${figuresTable(await figuresOf(rehearsal))}`)
    print(`\nafter ${Math.round((performance.now() - start) / 1000)} s`)
    return failed
  } finally {
    await rehearsal.dispose()
  }
}

/** @param {Rehearsal} rehearsal */
async function figuresOf(rehearsal) {
  const figures = []
  for (const combination of combinations) figures.push(await rehearsal.figures(combination))
  return figures
}

/** @param {Rehearsal} rehearsal */
async function runChecks(rehearsal) {
  let failed = 0
  for (const { title, run } of rehearsalChecks) {
    const mistakes = await run(rehearsal)
    print(`${mistakes.length === 0 ? 'ok    ' : 'FAILED'} ${title}`)
    for (const mistake of mistakes) print(`       ${mistake}`)
    failed += mistakes.length === 0 ? 0 : 1
  }
  return failed
}

try {
  const { values } = parseArgs({ options: { write: { type: 'boolean', default: false } } })
  process.exitCode = (await rehearse(values.write)) === 0 ? 0 : 1
} catch (error) {
  if (!(error instanceof RehearsalError)) throw error
  console.error(error.message)
  process.exitCode = 1
}
