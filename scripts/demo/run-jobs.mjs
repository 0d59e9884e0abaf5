import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../workspace/prepare.mjs'
import { runNode } from '../workspace/run-command.mjs'

/** The jobs in examples/shop; the first one is shown with all that the command prints. */
export const jobNames = ['invoices', 'customers', 'invoice-lines', 'spending']

const command = 'apps/cli/bin/millrace.js'

/**
 * Writes the jobs and the data sources they name into a folder of their own.
 *
 * @param {'postgres' | 'mysql'} kind
 * @param {{shop: string, cache: string}} urls
 * @returns {string} the folder
 */
export function writeJobs(kind, urls) {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-demo-'))
  const stepType = kind === 'postgres' ? 'postgresql' : 'mysql'
  for (const name of jobNames) {
    const job = readFileSync(join(root, 'examples/shop', `${name}.json`), 'utf8')
    writeFileSync(
      join(folder, `${name}.json`),
      job.replace('"stepType": "postgresql"', `"stepType": "${stepType}"`),
    )
  }
  const sources = [
    'datasources:',
    `  shop: { type: ${stepType}, url: ${JSON.stringify(urls.shop)} }`,
    `  cache: { type: redis, url: ${JSON.stringify(urls.cache)} }`,
    '',
  ]
  // A given server's URL may hold a password.
  writeFileSync(join(folder, 'datasources.yaml'), sources.join('\n'), { mode: 0o600 })
  return folder
}

/**
 * Runs one job with the command line, as a user would.
 *
 * @param {string} folder as `writeJobs` gives it
 * @param {string} name
 * @param {boolean} show whether its messages are shown
 * @returns {Promise<{recordsWritten: number, elapsedMs: number, rowsPerSecond: number}>} from its report
 * @throws {DemoError} with its messages when it fails
 */
export async function runJob(folder, name, show) {
  const report = join(folder, `${name}.report.json`)
  const sources = join(folder, 'datasources.yaml')
  const args = ['run', join(folder, `${name}.json`), '--datasources', sources, '--report', report]
  const { code, output } = await runNode(join(root, command), [...args, '--progress', 'none'], {
    cwd: root,
    show,
  })
  if (code !== 0)
    throw new DemoError(`the job ${name}.json failed with exit code ${code}\n${output}`.trimEnd())
  return JSON.parse(readFileSync(report, 'utf8'))
}

/**
 * The command a user would type for a job of examples/shop.
 *
 * @param {string} verb
 * @param {string} folder
 * @param {string} name
 */
export function commandFor(verb, folder, name) {
  return `node ${command} ${verb} ${join(folder, name)}.json --datasources ${join(folder, 'datasources.yaml')}`
}

/** What the demo ends with when it cannot go on: a message, no stack. */
export class DemoError extends Error {}
