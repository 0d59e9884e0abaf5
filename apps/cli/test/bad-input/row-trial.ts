import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { loadJob, previewJob, runJob, type JobPlan } from '@millrace/core'
import type { Cell } from '@millrace/core/record'
import { Redis } from 'ioredis'
import { expect } from 'vitest'
import { loadOptionsOf } from '../../src/job-options.ts'
import { formatRedisCommand } from '../../src/render/redis-command.ts'
import { makeJobFolder, type JobFolder } from '../support/job-folder.ts'
import { redisJob, type JobParts } from '../support/jobs.ts'
import { startPrivateRedis, type PrivateRedis } from '../support/private-redis.ts'
import { columnNames, type RandomRow } from './random-rows.ts'
import { PlainRedis, readContent } from './redis-content.ts'
import type { WriteVariant } from './write-variants.ts'

const logger = { debug: () => {}, info: () => {}, warn: () => {} }
const { signal } = new AbortController()
const dirtyFile = 'dirty.jsonl'

/** A Redis to write random rows to, as jobs do. */
export class RowTrial implements AsyncDisposable {
  readonly #redis: PrivateRedis
  readonly #replayed: Redis
  readonly #folder: JobFolder

  constructor(redis: PrivateRedis, folder: JobFolder) {
    this.#redis = redis
    this.#replayed = new Redis(redis.port, { db: 1 })
    this.#folder = folder
  }

  /** The job that reads with `reader` and writes as `variant` says. */
  async planOf(variant: WriteVariant, reader: JobParts['reader']): Promise<JobPlan> {
    const setting = { errorLimit: { strategy: 'Ignore' }, speed: { concurrent: 1 } }
    const writer = { keyIndexes: undefined, ...variant.writer }
    const file = this.#folder.write('job.json', redisJob({ reader, writer, setting }))
    const flags = { set: {}, plugin: [], plugins: true, logLevel: 'info' as const }
    const options = { ...loadOptionsOf(flags), workingFolder: this.#folder.path }
    const { plan, problems } = await loadJob(file, options)
    expect(problems.filter(({ severity }) => severity === 'error')).toEqual([])
    if (plan === undefined) throw new Error('no plan')
    // A name of its own: no run goes on where another one has ended.
    return { ...plan, name: `bad-input-${randomUUID()}` }
  }

  /**
   * Previews and runs a job that reads these rows, and compares commands, dirty records, counts and what then stands in
   * Redis with a plain Redis. `isReplayed`: also has `redis-cli` run what preview prints.
   */
  async expectRows(
    plan: JobPlan,
    variant: WriteVariant,
    rows: readonly RandomRow[],
    isReplayed: boolean,
  ): Promise<void> {
    await this.#redis.clear()
    const expected = rows.map((row) => variant.expect(row))
    const model = new PlainRedis()
    for (const one of expected) if ('command' in one) model.run(one.command)
    const { content } = model
    const dirty = rows.filter((_, at) => 'codes' in (expected[at] ?? {}))
    const codes = expected.flatMap((one) => ('codes' in one ? [one.codes] : []))

    const preview = await previewJob(plan, { logger, signal, limit: rows.length })
    expectCodes(preview.dirty, codes)
    if (isReplayed) {
      await this.#replay(preview.commands.map(formatRedisCommand))
      expect(await readContent(this.#replayed)).toEqual(content)
    }
    rmSync(this.#folder.pathOf(dirtyFile), { force: true })
    const report = await runJob(plan, {
      logger,
      signal,
      dirtyFile: this.#folder.pathOf(dirtyFile),
    })
    expect(report).toMatchObject({
      status: 'complete',
      errors: [],
      recordsRead: rows.length,
      recordsWritten: rows.length - dirty.length,
      recordsFiltered: 0,
      recordsDirty: dirty.length,
    })
    expect(await readContent(this.#redis.client)).toEqual(content)
    this.#expectDirtyFile(dirty, codes)
    if (variant.expires === true) await this.#expectExpiries([...content.keys()])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#replayed.disconnect()
    this.#folder.remove()
    await this.#redis[Symbol.asyncDispose]()
  }

  #expectDirtyFile(rows: readonly RandomRow[], codes: readonly (readonly string[])[]): void {
    const records = this.#folder.exists(dirtyFile)
      ? (this.#folder.readLines(dirtyFile) as { code: string; row: unknown }[])
      : []
    expectCodes(records, codes)
    for (const [at, { row }] of records.entries()) {
      const cells = columnNames.flatMap((name, index): [string, unknown][] => {
        const cell = rows[at]?.[index]
        return cell === undefined ? [] : [[name, cellInFile(cell)]]
      })
      expect(row).toEqual(Object.fromEntries(cells))
    }
  }

  async #expectExpiries(keys: readonly string[]): Promise<void> {
    const { client } = this.#redis
    const seconds = await Promise.all(keys.map((key) => client.ttl(Buffer.from(key, 'latin1'))))
    for (const [at, left] of seconds.entries()) expect(left, keys[at]).toBeGreaterThan(0)
  }

  async #replay(lines: readonly string[]): Promise<void> {
    const cli = spawn('redis-cli', ['-p', String(this.#redis.port), '-n', '1'])
    let answers = ''
    cli.stdout.setEncoding('utf8').on('data', (chunk: string) => (answers += chunk))
    cli.stdin.end(`${lines.join('\n')}\n`)
    await once(cli, 'close')
    expect(answers).not.toMatch(/^\(error\)|Invalid argument|^ERR/m)
  }
}

/** Starts the Redis. `dataSources` are named by the readers of the jobs. */
export async function openRowTrial(
  dataSources: Readonly<Record<string, unknown>> = {},
): Promise<RowTrial> {
  const redis = await startPrivateRedis()
  return new RowTrial(
    redis,
    makeJobFolder({ r: { type: 'redis', url: redis.url }, ...dataSources }),
  )
}

/** Each row is dirty for a reason that applies to it. */
function expectCodes(
  found: readonly { readonly code: string }[],
  expected: readonly (readonly string[])[],
): void {
  expect(found).toHaveLength(expected.length)
  for (const [at, { code }] of found.entries()) expect(expected[at]).toContain(code)
}

function cellInFile(cell: Exclude<Cell, undefined>): unknown {
  if (cell instanceof Uint8Array) return { $bytes: Buffer.from(cell).toString('base64') }
  return typeof cell === 'bigint' ? String(cell) : cell
}
