import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect } from 'vitest'
import { loadOptionsOf } from '../../src/job-options.ts'
import { recognisablePassword } from '../support/clear-error.ts'
import { startPrivateRedis } from '../support/private-redis.ts'
import { dataSourceOf, makeMysqlDatabase, makePostgresDatabase } from '../support/test-database.ts'
import { fuzzParameters } from './fuzz-parameters.ts'
import type { MutatedFile } from './mutated-job.ts'
import { tryJob, type Outcome, type TrialPlace } from './try-job.ts'
import { startWatchdog } from './watchdog.ts'

/** Servers for jobs of the corpus. */
export interface Trial extends AsyncDisposable {
  readonly redisPort: number
  /** Makes a folder with the data sources of the corpus and these files. */
  makePlace(files?: Readonly<Record<string, unknown>>): TrialPlace
}

/** Starts a Redis that wants a password, and makes a database on each of the test servers. */
export async function openTrial(): Promise<Trial> {
  const redis = await startPrivateRedis(
    ['--requirepass', recognisablePassword],
    recognisablePassword,
  )
  const mysql = await makeMysqlDatabase()
  await mysql.execute(
    'CREATE TABLE demo (id int PRIMARY KEY, value varchar(20), `table` int, sex varchar(10))',
    "INSERT INTO demo VALUES (1, 'John', 18, 'male'), (2, 'Zoë', 33, NULL)",
    'CREATE TABLE Invoice (InvoiceId int PRIMARY KEY, CustomerId int, InvoiceDate datetime, BillingCountry varchar(40), Total decimal(10, 2))',
    "INSERT INTO Invoice VALUES (1, 7, '2026-02-02 03:04:05', 'Österreich', '1.50')",
  )
  const postgres = await makePostgresDatabase()
  await postgres.execute(
    'CREATE TABLE customers (id bigint PRIMARY KEY, name text, email text, country text, phone text, created_at timestamptz)',
    "INSERT INTO customers VALUES (1, 'Zoë', NULL, 'AT', '', now()), (9007199254740993, '😀', 'x', '', NULL, NULL)",
  )
  const target = {
    type: 'redis',
    host: '127.0.0.1',
    port: redis.port,
    password: recognisablePassword,
  }
  const closed = { host: '127.0.0.1', port: 1, user: 'app', password: recognisablePassword }
  const dataSources = {
    r: target,
    cache: target,
    xc_mysql_demo2: dataSourceOf('mysql', mysql),
    'chinook-mysql': dataSourceOf('mysql', mysql),
    shop: dataSourceOf('postgresql', postgres),
    'chinook-postgres': { type: 'postgresql', ...closed, database: 'chinook' },
  }
  const serverPorts = [mysql, postgres].map(({ url }) => Number(new URL(url).port))
  const ports = new Set([1, redis.port, ...serverPorts])
  const folders: string[] = []
  return {
    redisPort: redis.port,
    makePlace(files = { 'datasources.json': { datasources: dataSources } }) {
      const folder = mkdtempSync(join(tmpdir(), 'millrace-bad-input-'))
      folders.push(folder)
      for (const [name, content] of Object.entries(files))
        writeFileSync(join(folder, name), JSON.stringify(content))
      const flags = { set: {}, plugin: [], plugins: true, logLevel: 'info' as const }
      const loadOptions = { ...loadOptionsOf(flags), workingFolder: folder }
      return { folder, ports, loadOptions }
    },
    async [Symbol.asyncDispose]() {
      for (const folder of folders) rmSync(folder, { recursive: true, force: true })
      await mysql[Symbol.asyncDispose]()
      await postgres[Symbol.asyncDispose]()
      await redis[Symbol.asyncDispose]()
    },
  }
}

/** What is tried. */
export interface TrialRun {
  readonly title: string
  readonly files: fc.Arbitrary<MutatedFile>
  readonly numRuns: number
  /** Makes a place for each lane. */
  makePlace(): TrialPlace
  /** Name of the job file in the place's folder; absent: the mutated file is the job. */
  readonly job?: string
}

/** Asserts that all of these came about now and then: mutations that end all files alike would try very little. */
export function expectSpread(
  outcomes: ReadonlyMap<Outcome, number>,
  expected: readonly Outcome[],
): void {
  const total = [...outcomes.values()].reduce((sum, count) => sum + count, 0)
  for (const outcome of expected)
    expect(outcomes.get(outcome), outcome).toBeGreaterThan(total * leastShare)
}

const leastShare = 0.02

/** Files that are tried at the same time, since much of a run is waiting for servers. */
const lanes = 3

/** Tries mutated files. Returns how many of them came how far. */
export async function tryFiles(run: TrialRun): Promise<ReadonlyMap<Outcome, number>> {
  const outcomes = new Map<Outcome, number>()
  const { seed, numRuns } = fuzzParameters(run.title, run.numRuns)
  using watchdog = startWatchdog()
  const tryLane = async (lane: number): Promise<void> => {
    const place = run.makePlace()
    const property = fc.asyncProperty(run.files, async (file) => {
      watchdog.feed(join(place.folder, file.name))
      const outcome = await tryJob(file, place, run.job)
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    })
    await fc.assert(property, { seed: seed + lane, numRuns: Math.ceil(numRuns / lanes) })
  }
  await Promise.all(Array.from({ length: lanes }, (_, lane) => tryLane(lane)))
  return outcomes
}
