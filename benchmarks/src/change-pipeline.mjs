import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { measureNode } from './measured-process.mjs'
import { millrace } from './millrace-job.mjs'

/** The stream that the changes go to. */
export const changeStream = 'changes'

/**
 * A pipeline folder in which the changes of one table go to one stream.
 *
 * @typedef {object} ChangePipeline
 * @property {() => Promise<import('./measured-process.mjs').Usage>} catchUp applies everything that is committed, and ends
 * @property {() => {stop: () => Promise<void>}} follow begins a run that goes on until it is stopped
 * @property {() => void} remove
 */

/**
 * @param {import('./sources/source.mjs').LoadedSource} loaded
 * @param {string} targetUrl
 * @param {string} table
 * @returns {ChangePipeline}
 */
export function makeChangePipeline({ source, url }, targetUrl, table) {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
  mkdirSync(join(folder, 'jobs'))
  const from = new URL(url)
  const target = new URL(targetUrl)
  const database = from.pathname.slice(1)
  const isPostgres = source.stepType === 'postgresql'
  const config = {
    sources: {
      shop: {
        type: 'cdc',
        connection: {
          type: source.stepType,
          host: from.hostname,
          port: Number(from.port),
          database,
          user: decodeURIComponent(from.username),
          ...(from.password === '' ? {} : { password: decodeURIComponent(from.password) }),
        },
        tables: { [`${isPostgres ? 'public' : database}.${table}`]: {} },
      },
    },
    targets: {
      target: {
        connection: { type: 'redis', host: target.hostname, port: Number(target.port || '6379') },
      },
    },
  }
  const job = {
    source: { table },
    output: [
      {
        uses: 'redis.write',
        with: {
          data_type: 'stream',
          key: { language: 'jmespath', expression: `\`${changeStream}\`` },
        },
      },
    ],
  }
  // JSON is YAML as well. A given server's URL may hold a password.
  writeFileSync(join(folder, 'config.yaml'), JSON.stringify(config), { mode: 0o600 })
  writeFileSync(join(folder, 'jobs/job.yaml'), JSON.stringify(job))
  const args = [millrace, 'run', folder, '--progress', 'none']
  return {
    catchUp: () => measureNode([...args, '--until-current']),
    follow() {
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] })
      /** @type {string[]} */
      const output = []
      child.stderr.setEncoding('utf8').on('data', (text) => output.push(text))
      const ended = new Promise((resolve) => child.on('close', resolve))
      return {
        async stop() {
          child.kill('SIGTERM')
          const code = await ended
          if (code !== 143) throw new Error(`millrace ended with ${code}: ${output.join('')}`)
        },
      }
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
