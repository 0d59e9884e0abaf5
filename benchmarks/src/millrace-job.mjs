import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { customerColumns } from './customers.mjs'
import { measureNode } from './measured-process.mjs'

/**
 * @typedef {object} JobSettings
 * @property {string} stepType of the reader
 * @property {string} sourceUrl
 * @property {string} targetUrl
 * @property {string} [table] default: `customers`
 * @property {string} [collection] of MongoDB, instead of a table
 * @property {string} [database] default: that of the URL
 * @property {string} [where]
 * @property {string} [splitPk]
 * @property {readonly (string | {name: string, type: string})[]} [columns] default: those of `customers`
 * @property {string} [keyTemplate] default: `customer:#{id}`
 * @property {number} [channels] default: 1
 * @property {number} [mbps] default: no limit
 * @property {{stepType: string, plugin: string}} [writer] another writer than the one for Redis, and its module
 *
 * @typedef {import('./measured-process.mjs').Usage} Usage
 * @typedef {{recordsWritten: number, bytesRead: number, elapsedMs: number, rowsPerSecond: number, waitReaderMs: number, waitWriterMs: number}} Report
 */

/** The command, as it is built in this checkout. */
export const millrace = fileURLToPath(new URL('../../apps/cli/bin/millrace.js', import.meta.url))

/**
 * The job file of the main job: every row becomes the hash `customer:<id>` with a field for each other column.
 *
 * @param {JobSettings} settings
 */
export function jobFile(settings) {
  const { stepType, table = 'customers', where, splitPk, channels = 1, mbps, writer } = settings
  return {
    type: 'job',
    version: '2.0',
    ...(writer === undefined ? {} : { plugins: [writer.plugin] }),
    steps: [
      {
        stepType,
        category: 'reader',
        name: 'Reader',
        parameter: {
          datasource: 'shop',
          ...(settings.collection === undefined
            ? { table }
            : { collectionName: settings.collection }),
          column: settings.columns ?? customerColumns,
          ...(where === undefined ? {} : { where }),
          ...(splitPk === undefined ? {} : { splitPk }),
        },
      },
      {
        stepType: writer?.stepType ?? 'redis',
        category: 'writer',
        name: 'Writer',
        parameter: {
          datasource: 'cache',
          keyTemplate: settings.keyTemplate ?? 'customer:#{id}',
          writeMode: { type: 'hash', mode: 'row' },
        },
      },
    ],
    setting: {
      errorLimit: { record: '0' },
      speed: {
        concurrent: channels,
        ...(mbps === undefined ? { throttle: false } : { throttle: true, mbps: String(mbps) }),
      },
    },
    order: { hops: [{ from: 'Reader', to: 'Writer' }] },
  }
}

/**
 * Runs the main job with the command line, as a user would, and measures it.
 *
 * @param {JobSettings} settings
 * @param {readonly string[]} [nodeOptions]
 * @returns {Promise<Usage & {report: Report}>}
 * @throws {Error} with the end of its output when it fails
 */
export async function runMillrace(settings, nodeOptions = []) {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
  try {
    const job = join(folder, 'job.json')
    const report = join(folder, 'report.json')
    writeFileSync(job, JSON.stringify(jobFile(settings), null, 2))
    const datasources = {
      shop: {
        type: settings.stepType,
        url: settings.sourceUrl,
        ...(settings.database === undefined ? {} : { database: settings.database }),
      },
      cache: { type: 'redis', url: settings.targetUrl },
    }
    // A given server's URL may hold a password.
    const privately = { mode: 0o600 }
    writeFileSync(join(folder, 'datasources.json'), JSON.stringify({ datasources }), privately)
    const usage = await measureNode([...nodeOptions, millrace, 'run', job, '--report', report])
    return { ...usage, report: JSON.parse(readFileSync(report, 'utf8')) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
