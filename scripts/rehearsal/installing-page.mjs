import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { format } from 'prettier'
import { root } from '../workspace/prepare.mjs'

const page = join(root, 'docs/installing.md')
const begin = '<!-- Measured by `npm run rehearsal -- --write`. -->'
const end = '<!-- End of what is measured. -->'
/** New versions of what we depend on may weigh more before the page is written again. */
const growth = 1.1
const bytesPerMegabyte = 1_000_000

/**
 * Compares an installation with what the docs promise.
 *
 * @param {string} title of the combination
 * @param {{packages: number, bytes: number}} installation
 * @returns {string[]} one line per mistake
 */
export function sizeMistakes(title, { packages, bytes }) {
  const row = readFileSync(page, 'utf8')
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .find((cells) => cells[1] === title)
  if (row === undefined) return [`docs/installing.md has no row "${title}"`]
  const [promisedPackages, promisedBytes] = [
    Number(row[3]),
    Number.parseFloat(row[4] ?? '') * bytesPerMegabyte,
  ]
  const renew = 'make it smaller, or say so: npm run rehearsal -- --write'
  return [
    ...(packages <= promisedPackages * growth
      ? []
      : [`${packages} packages instead of ${promisedPackages}; ${renew}`]),
    ...(bytes <= promisedBytes * growth
      ? []
      : [`${megabytes(bytes)} instead of ${row[4]}; ${renew}`]),
  ]
}

/**
 * @param {readonly import('./rehearsal.mjs').Figures[]} figures
 * @returns {string} a table in Markdown
 */
export function figuresTable(figures) {
  const rows = figures.map(({ title, packages, packageCount, bytes, versionMs, jobMs }) => [
    title,
    packages.map((name) => `\`${name}\``).join(' '),
    packageCount,
    megabytes(bytes),
    `${Math.round(versionMs)} ms`,
    `${Math.round(jobMs)} ms`,
  ])
  const head = ['', 'installed', 'packages', 'size', '`--version`', 'job of 100 rows']
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
}

/**
 * Writes the figures into docs/installing.md.
 *
 * @param {readonly import('./rehearsal.mjs').Figures[]} figures
 */
export async function writeInstallingPage(figures) {
  const text = readFileSync(page, 'utf8')
  const [before] = text.split(begin)
  const [, after] = text.split(end)
  const written = `${before}${begin}\n\n${figuresTable(figures)}\n\n${end}${after}`
  writeFileSync(page, await format(written, { parser: 'markdown', printWidth: 100 }))
}

/** @param {number} bytes */
function megabytes(bytes) {
  return `${(bytes / bytesPerMegabyte).toFixed(1)} MB`
}
