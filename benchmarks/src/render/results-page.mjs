import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { runToEnd } from '../measured-process.mjs'
import { markdownTable, textTable } from './text-table.mjs'

/**
 * A part of the benchmark as it is kept.
 *
 * @typedef {import('../sections/section.mjs').SectionResult & {
 *   date: string, command: string, commit: string, machine: string, load: string, redis: string
 * }} KeptSection
 */

const resultsFile = new URL('../../results.json', import.meta.url)
const pageFile = new URL('../../RESULTS.md', import.meta.url)
const prettier = new URL('../../../node_modules/prettier/bin/prettier.cjs', import.meta.url)

/**
 * @param {import('../sections/section.mjs').SectionResult} result
 * @returns {string[]} lines for a terminal
 */
export function sectionLines({ title, notes, table, targets }) {
  return [
    '',
    title,
    ...notes.map((note) => `  ${note}`),
    '',
    ...textTable(table),
    ...(targets.length === 0 ? [] : ['', ...textTable(targetTable(targets))]),
  ]
}

/**
 * Keeps the results of this run beside those of parts that did not run, and writes the page anew.
 *
 * @param {Readonly<Record<string, KeptSection>>} results by name of the part
 */
export async function saveResults(results) {
  const kept = existsSync(resultsFile) ? JSON.parse(readFileSync(resultsFile, 'utf8')) : {}
  const all = { ...kept, ...results }
  writeFileSync(resultsFile, `${JSON.stringify(all, null, 2)}\n`)
  writeFileSync(pageFile, `${resultsPage(all).join('\n')}\n`)
  const files = [prettier, '--write', resultsFile, pageFile]
  const args = files.map((file) => (typeof file === 'string' ? file : fileURLToPath(file)))
  await runToEnd({ command: process.execPath, args })
}

/**
 * @param {Readonly<Record<string, KeptSection>>} sections
 * @returns {string[]}
 */
function resultsPage(sections) {
  return [
    '# Results',
    '',
    'Written by `npm run bench`; what is measured, and how, stands in [README.md](README.md).',
    'Figures of one machine say little: the ratios are what counts.',
    ...Object.values(sections).flatMap(sectionPage),
  ]
}

/** @param {KeptSection} section */
function sectionPage(section) {
  const { title, notes, table, targets, date, command, commit, machine, load, redis } = section
  return [
    '',
    `## ${title}`,
    '',
    ...notes,
    '',
    ...markdownTable(table),
    '',
    ...(targets.length === 0 ? [] : [...markdownTable(targetTable(targets)), '']),
    `${date}, commit ${commit}, \`${command}\`; Redis ${redis}; ${machine}; load before the start ${load}.`,
  ]
}

/** @param {readonly import('../sections/section.mjs').Target[]} targets */
function targetTable(targets) {
  const rows = targets.map(({ what, asked, measured, passed }) => [
    what,
    asked,
    measured,
    passed ? 'pass' : 'MISS',
  ])
  return [['target', 'asked', 'measured', ''], ...rows]
}
