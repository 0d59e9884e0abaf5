import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { measureNode } from './measured-process.mjs'
import { millrace } from './millrace-job.mjs'

/**
 * @typedef {object} PipelineSettings
 * @property {string} [sourceUrl] of a PostgreSQL database
 * @property {object} [connection] of the source, where it is none of PostgreSQL
 * @property {string} targetUrl
 * @property {string} table in the schema `public`, or with its database
 * @property {number} [channels] default: 4, RDI's own
 */

/**
 * Runs the snapshot of an RDI pipeline over one table, without any job file, as a user would, and measures it.
 *
 * @param {PipelineSettings} settings
 * @returns {Promise<import('./measured-process.mjs').Usage & {report: import('./millrace-job.mjs').Report}>}
 */
export async function runPipeline(settings) {
  const { targetUrl, channels = 4 } = settings
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
  try {
    const target = new URL(targetUrl)
    const config = {
      sources: {
        shop: { type: 'cdc', ...sourceOf(settings) },
      },
      targets: {
        target: {
          connection: { type: 'redis', host: target.hostname, port: Number(target.port || '6379') },
        },
      },
      processors: { initial_sync_processes: channels },
    }
    // JSON is YAML as well. A given server's URL may hold a password.
    writeFileSync(join(folder, 'config.yaml'), JSON.stringify(config, null, 2), { mode: 0o600 })
    const report = join(folder, 'report.json')
    const args = [millrace, 'run', folder, '--snapshot-only', '--report', report]
    const usage = await measureNode(args)
    return { ...usage, report: JSON.parse(readFileSync(report, 'utf8')) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** @param {PipelineSettings} settings */
function sourceOf({ sourceUrl = '', connection, table }) {
  if (connection !== undefined) return { connection, tables: { [table]: {} } }
  const { hostname, port, pathname, username, password } = new URL(sourceUrl)
  return {
    connection: {
      type: 'postgresql',
      host: hostname,
      port: Number(port || '5432'),
      database: pathname.slice(1),
      user: decodeURIComponent(username),
      ...(password === '' ? {} : { password: decodeURIComponent(password) }),
    },
    schemas: ['public'],
    tables: { [`public.${table}`]: {} },
  }
}
