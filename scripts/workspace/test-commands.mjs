import { randomInt } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compile, prepareInstall, root } from './prepare.mjs'
import { runNode } from './run-command.mjs'
import { closingLine, readCounts, sumCounts } from './test-counts.mjs'

/**
 * @typedef {import('./test-counts.mjs').TestCounts} TestCounts
 * @typedef {(line: string) => void} Print
 */

const nightlyRounds = 5
/** Properties of bad input get this many times the cases they have by day. */
const nightlyFuzzFactor = 3

/**
 * `npm test`: format, types, lint, packages, then unit and integration tests. All of them run, whatever fails.
 *
 * @param {readonly string[]} args passed on to vitest
 * @param {Print} print
 * @returns {Promise<number>} exit code
 */
export async function testAll(args, print) {
  await prepareInstall(print)
  const checks = await runChecks(print)
  print('tests')
  return close([checks, await runVitest(['unit', 'integration'], args)], print)
}

/**
 * `npm run test:faults`: kills and failovers.
 *
 * @param {readonly string[]} args passed on to vitest
 * @param {Print} print
 * @returns {Promise<number>} exit code
 */
export async function testFaults(args, print) {
  await prepareInstall(print)
  print('fault tests')
  // One file at a time: what is killed and cut off should be busy with nothing but its own load.
  return close([await runVitest(['faults'], ['--maxWorkers=1', ...args])], print)
}

/**
 * `npm run test:nightly`: every test several times, each round in another random order (vitest prints the seed), with other
 * bad input (those tests print theirs) and loops at their full length.
 *
 * @param {readonly string[]} args passed on to vitest
 * @param {Print} print
 * @returns {Promise<number>} exit code
 */
export async function testNightly(args, print) {
  await prepareInstall(print)
  const rounds = []
  for (let round = 1; round <= nightlyRounds; round += 1) {
    print(`round ${round} of ${nightlyRounds}, in random order`)
    const shuffled = ['--sequence.shuffle.files', '--sequence.shuffle.tests', ...args]
    const env = { ...nightlyFuzz(), MILLRACE_TEST_LONG: '1' }
    rounds.push(await runVitest(['unit', 'integration', 'faults'], shuffled, env))
  }
  return close(rounds, print)
}

/** @returns {Record<string, string>} a seed of its own, unless the environment names one to repeat */
function nightlyFuzz() {
  const {
    MILLRACE_FUZZ_SEED = String(randomInt(2 ** 31 - 1)),
    MILLRACE_FUZZ_FACTOR = String(nightlyFuzzFactor),
  } = process.env
  return { MILLRACE_FUZZ_SEED, MILLRACE_FUZZ_FACTOR }
}

/**
 * Runs vitest with its usual output.
 *
 * @param {readonly string[]} projects of vitest.config.ts
 * @param {readonly string[]} args
 * @param {Readonly<Record<string, string>>} [env] beside the environment of this process
 * @returns {Promise<TestCounts>}
 */
export async function runVitest(projects, args, env = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-tests-'))
  const report = join(folder, 'report.json')
  try {
    const { code } = await runNode(
      join(root, 'node_modules/vitest/vitest.mjs'),
      [
        'run',
        ...projects.map((project) => `--project=${project}`),
        '--reporter=default',
        '--reporter=json',
        `--outputFile.json=${report}`,
        ...args,
      ],
      { cwd: root, env, show: true },
    )
    return readCounts(report, code)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * The checks that need no server; each counts as one test.
 *
 * @param {Print} print
 * @returns {Promise<TestCounts>}
 */
async function runChecks(print) {
  const bin = join(root, 'node_modules')
  const prettier = [
    '--check',
    '--cache',
    '--cache-location',
    '.cache/prettier',
    '--log-level',
    'warn',
    '.',
  ]
  const counts = { passed: 0, failed: 0, skipped: 0 }
  /**
   * @param {string} title
   * @param {() => ReturnType<typeof compile>} run
   */
  const check = async (title, run) => {
    const begunMs = performance.now()
    const { code, output } = await run()
    const seconds = ((performance.now() - begunMs) / 1000).toFixed(1)
    print(`${title}: ${code === 0 ? 'ok' : 'FAILED'} (${seconds} s)`)
    if (code !== 0) print(output.trimEnd())
    counts[code === 0 ? 'passed' : 'failed'] += 1
  }
  const options = { cwd: root }
  await Promise.all([
    check('format', () => runNode(join(bin, 'prettier/bin/prettier.cjs'), [...prettier], options)),
    (async () => {
      await check('types', compile)
      const compiler = join(bin, 'typescript/bin/tsc')
      await check('types of scripts', () => runNode(compiler, ['-p', 'scripts'], options))
      const tests = 'tsconfig.tests.json'
      await check('types of tests', () => runNode(compiler, ['-p', tests], options))
      // Type-aware rules read the declarations that the compiler has just written.
      await check('lint', () => runNode(join(bin, 'oxlint/bin/oxlint'), ['--type-aware'], options))
      await check('packages', () => runNode(join(root, 'scripts/check-packages.mjs'), [], options))
      const reference = join(root, 'scripts/generate-reference.mjs')
      await check('reference pages', () => runNode(reference, ['--check'], options))
      const apiReport = join(root, 'scripts/api-report.mjs')
      const docExamples = join(root, 'scripts/doc-examples.mjs')
      await check('examples in the docs', () => runNode(docExamples, [], options))
      await check('public surface', () => runNode(apiReport, ['--check'], options))
    })(),
  ])
  return counts
}

/**
 * Prints the closing line. With MILLRACE_TEST_COUNTS set to a file, the numbers go there and the line is worded
 * differently: whoever set it closes with a sum of several commands.
 *
 * @param {readonly TestCounts[]} all
 * @param {Print} print
 * @returns {number} exit code
 */
function close(all, print) {
  const counts = sumCounts(all)
  const file = process.env['MILLRACE_TEST_COUNTS']
  if (file === undefined) {
    print(closingLine(counts))
  } else {
    writeFileSync(file, `${JSON.stringify(counts)}\n`)
    print(`so far: ${counts.passed} good, ${counts.failed} bad`)
  }
  return counts.failed === 0 ? 0 : 1
}
