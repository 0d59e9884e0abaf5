import { parseArgs } from 'node:util'

/** The parts of the benchmark, in the order they run. */
export const sectionNames = /** @type {const} */ ([
  'postgres',
  'mariadb',
  'mongodb',
  'mongodb-memory',
  'checkpoint',
  'startup',
  'throttle',
  'memory',
  'pipeline',
  'changes',
  'expressions',
])

/**
 * @typedef {typeof sectionNames[number]} SectionName
 *
 * @typedef {object} BenchOptions
 * @property {number} rows in the table that is moved
 * @property {number} runs of each tool
 * @property {readonly SectionName[]} sections
 * @property {boolean} profile prints where the CPU of Millrace goes, and measures nothing else
 * @property {number} channels of Millrace
 * @property {boolean} build whether packages are installed and compiled first
 * @property {boolean} quick whether it only shows that everything works
 * @property {boolean} save whether benchmarks/RESULTS.md is written
 */

export const usage = `npm run bench -- [options]
  --rows <n>        rows of the table (1000000)
  --runs <n>        runs of each tool (5)
  --only <part>     ${sectionNames.join(', ')}; may be repeated
  --channels <n>    channels of Millrace (1)
  --quick           50,000 rows, 2 runs, nothing saved: to see that everything works
  --profile         where the CPU of Millrace goes, by function
  --no-build        measures what is compiled already
  --no-save         leaves benchmarks/RESULTS.md as it is`

/** What is wrong with the options, for the user. */
export class OptionError extends Error {}

/**
 * @param {readonly string[]} argv
 * @returns {BenchOptions | undefined} undefined when help was asked for
 * @throws {OptionError}
 */
export function parseOptions(argv) {
  const values = readFlags(argv)
  if (values.help) return undefined
  const quick = values.quick === true
  return {
    quick,
    rows: count('rows', values.rows ?? (quick ? '50000' : '1000000')),
    runs: count('runs', values.runs ?? (quick ? '2' : '5')),
    sections: values.only === undefined ? sectionNames : values.only.map(sectionName),
    profile: values.profile === true,
    channels: count('channels', values.channels ?? '1'),
    build: values['no-build'] !== true,
    save: !quick && values['no-save'] !== true,
  }
}

/** @param {readonly string[]} argv */
function readFlags(argv) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        rows: { type: 'string' },
        runs: { type: 'string' },
        only: { type: 'string', multiple: true },
        channels: { type: 'string' },
        quick: { type: 'boolean' },
        profile: { type: 'boolean' },
        'no-build': { type: 'boolean' },
        'no-save': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values
  } catch (error) {
    throw new OptionError(`${/** @type {Error} */ (error).message}\n\n${usage}`)
  }
}

/**
 * @param {string} flag
 * @param {string} text
 */
function count(flag, text) {
  if (!/^[1-9]\d{0,8}$/.test(text)) {
    throw new OptionError(`--${flag} is a whole number of at least 1, not "${text}"`)
  }
  return Number(text)
}

/** @param {string} text */
function sectionName(text) {
  const found = sectionNames.find((name) => name === text)
  if (found !== undefined) return found
  throw new OptionError(`--only is one of ${sectionNames.join(', ')}, not "${text}"`)
}
