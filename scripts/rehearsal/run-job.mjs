import { randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { requireFrom } from '../demo/shop-database.mjs'
import { rowCount, rows, rowsFile } from './combinations.mjs'
import { millrace } from './install.mjs'
import { makeSourceTable } from './source-table.mjs'

/**
 * @typedef {import('./combinations.mjs').Combination} Combination
 * @typedef {import('./install.mjs').Installation} Installation
 * @typedef {Partial<Record<string, string>>} ServerUrls
 */

const shownMistakes = 3

/**
 * What came of a job that was run several times.
 *
 * @typedef {object} JobOutcome
 * @property {string[]} mistakes one line each
 * @property {number[]} elapsedMs of each run, the start of Node included
 */

/**
 * Runs a job of 100 rows with an installed command on real servers, and looks at what stands in Redis afterwards.
 *
 * @param {Installation} installation
 * @param {Combination} combination
 * @param {ServerUrls} urls
 * @param {number} runs
 * @returns {Promise<JobOutcome>}
 */
export async function runInstalledJob(installation, { server, reader }, urls, runs) {
  const source = server && (await makeSourceTable(server, urls[server] ?? ''))
  const { Redis } = requireFrom('packages/writer-redis', 'ioredis')
  const redis = new Redis(urls['redis'] ?? '', { maxRetriesPerRequest: 1 })
  const name = `rehearsal-${randomUUID()}`
  try {
    const step = reader(source?.table ?? '')
    if (source === undefined) writeRowsFile(installation.folder)
    writeJob(installation.folder, step, name, { type: step.stepType, url: source?.url }, urls)
    const elapsedMs = []
    for (let run = 0; run < runs; run += 1) {
      const begunMs = performance.now()
      const { code, output } = await millrace(installation, runArguments(name))
      elapsedMs.push(performance.now() - begunMs)
      if (code !== 0)
        return { mistakes: [`the job ended with exit code ${code}:\n${output}`], elapsedMs }
    }
    return {
      mistakes: [...reportMistakes(installation), ...(await rowMistakes(redis, name))],
      elapsedMs,
    }
  } finally {
    await redis.del(`millrace:{${name}}`, ...rows.map(([id]) => `${name}:${id}`))
    redis.disconnect()
    await source?.drop()
  }
}

/**
 * Checks that a job whose reader is not installed is answered with the command that installs it.
 *
 * @param {Installation} installation
 * @param {Combination} combination
 * @returns {Promise<string[]>} one line per mistake
 */
export async function checkMissingReader(installation, { missing }) {
  const parameter = { datasource: 'source', table: 'customers', column: ['id'] }
  const url = `${missing.stepType}://127.0.0.1:1/none`
  const step = { stepType: missing.stepType, parameter }
  writeJob(installation.folder, step, 'missing', { type: missing.stepType, url }, {}, 'missing')
  const { code, output } = await millrace(installation, ['check', 'missing.json'])
  return [
    ...(code === 2 ? [] : [`the job ended with exit code ${code}, not 2`]),
    ...(output.includes(missing.install) ? [] : [`nothing says "${missing.install}":\n${output}`]),
  ]
}

/** @param {string} folder */
function writeRowsFile(folder) {
  writeFileSync(join(folder, rowsFile), rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
}

/** @param {string} name of the job */
function runArguments(name) {
  return ['run', 'job.json', '--name', name, '--report', 'report.json', '--progress', 'none']
}

/**
 * @param {string} folder
 * @param {{stepType: string, parameter: Record<string, unknown>}} reader
 * @param {string} prefix of the keys
 * @param {{type: string, url: string | undefined}} source
 * @param {ServerUrls} urls
 * @param {string} [file] its name without extension
 */
function writeJob(folder, reader, prefix, source, urls, file = 'job') {
  const writer = {
    stepType: 'redis',
    category: 'writer',
    name: 'Writer',
    parameter: {
      datasource: 'target',
      keyTemplate: `${prefix}:#{id}`,
      writeMode: { type: 'hash', mode: 'row' },
    },
  }
  const job = {
    type: 'job',
    version: '2.0',
    steps: [{ ...reader, category: 'reader', name: 'Reader' }, writer],
    setting: { errorLimit: { record: '0' }, speed: { throttle: false, concurrent: 2 } },
    order: { hops: [{ from: 'Reader', to: 'Writer' }] },
  }
  const target = { type: 'redis', url: urls['redis'] ?? 'redis://127.0.0.1:1/0' }
  const datasources = source.url === undefined ? { target } : { source, target }
  writeFileSync(join(folder, `${file}.json`), JSON.stringify(job))
  // A given server's URL may hold a password.
  writeFileSync(join(folder, 'datasources.json'), JSON.stringify({ datasources }), { mode: 0o600 })
}

/** @param {Installation} installation */
function reportMistakes({ folder }) {
  const { status, recordsRead, recordsWritten } = JSON.parse(
    readFileSync(join(folder, 'report.json'), 'utf8'),
  )
  const isWhole = status === 'complete' && recordsRead === rowCount && recordsWritten === rowCount
  return isWhole
    ? []
    : [`the report says ${status}, ${recordsRead} read, ${recordsWritten} written`]
}

/**
 * @param {any} redis
 * @param {string} name
 */
async function rowMistakes(redis, name) {
  const mistakes = []
  for (const [id, customer, balance] of rows) {
    const found = JSON.stringify(await redis.hgetall(`${name}:${id}`))
    const expected = JSON.stringify({ name: customer, balance })
    if (found !== expected) mistakes.push(`${name}:${id} holds ${found}, not ${expected}`)
  }
  return mistakes.slice(0, shownMistakes)
}
