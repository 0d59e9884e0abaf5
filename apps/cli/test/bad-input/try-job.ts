import { randomUUID } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  loadJob,
  previewJob,
  reportedError,
  runJob,
  type JobPlan,
  type LoadJobOptions,
  type Problem,
  type ReportedError,
} from '@millrace/core'
import type { DataSource } from '@millrace/core/plugin'
import { expect } from 'vitest'
import { createLogger } from '../../src/logger.ts'
import { logError } from '../../src/render/errors.ts'
import { formatProblems } from '../../src/render/problems.ts'
import { formatRedisCommand } from '../../src/render/redis-command.ts'
import { formatSummary } from '../../src/render/summary.ts'
import { recognisablePassword } from '../support/clear-error.ts'
import type { MutatedFile } from './mutated-job.ts'

/** Where mutated files are tried. */
export interface TrialPlace {
  /** Holds the job file, its data sources and its dirty file. */
  readonly folder: string
  /** Ports of 127.0.0.1 that jobs may connect to; one that names another place is only checked. */
  readonly ports: ReadonlySet<number>
  readonly loadOptions: LoadJobOptions
}

/** How far a file came. */
export type Outcome = 'refused' | 'planned' | 'failed' | 'complete' | 'stopped'

/** Longer than any job of the corpus takes; one that was made endless is stopped then, as by a signal. */
const runMs = 1000
/** What does not come to an end by itself hangs. */
const hangMs = 30_000

/**
 * Checks, previews and runs a job, and asserts that each of them answers as it should, whatever is in `file`: the job
 * itself, or another file of the folder when `job` names the job's.
 */
export async function tryJob(
  file: MutatedFile,
  place: TrialPlace,
  job: string = file.name,
): Promise<Outcome> {
  const path = join(place.folder, file.name)
  writeFileSync(path, file.bytes)
  try {
    return await withinLimit(tryFile(join(place.folder, job), file, place))
  } finally {
    rmSync(path)
  }
}

async function tryFile(job: string, file: MutatedFile, place: TrialPlace): Promise<Outcome> {
  const { plan, problems } = await loadJob(job, place.loadOptions)
  const shown = formatProblems(problems)
  expectClearText(shown)
  if (isSecretTold(file)) expectAbsent(shown, secret)
  expectPlaces(problems, file)
  const isRefused = problems.some((problem) => problem.severity === 'error')
  expect(plan === undefined, 'a plan, or an error that says why there is none').toBe(isRefused)
  if (plan === undefined) return 'refused'
  if (!mayOpen(plan, place)) return 'planned'
  // A name of its own: what a run that was stopped has left for the next one is no matter here.
  const named = { ...plan, name: `bad-input-${randomUUID()}` }
  await preview(named)
  return await run(named, place)
}

async function preview(plan: JobPlan): Promise<void> {
  const signal = AbortSignal.timeout(runMs)
  try {
    const { commands, dirty } = await previewJob(plan, { logger, signal, limit: 5 })
    for (const command of commands) expect(formatRedisCommand(command)).not.toMatch(/[\n\r]/)
    for (const { code, message } of dirty) expectError({ code, message } as ReportedError)
  } catch (error) {
    if (signal.aborted) return
    expectError(reportedError(error))
  }
}

async function run(plan: JobPlan, place: TrialPlace): Promise<Outcome> {
  const dirtyFile = join(place.folder, 'dirty.jsonl')
  rmSync(dirtyFile, { force: true })
  const report = await runJob(plan, { logger, signal: AbortSignal.timeout(runMs), dirtyFile })
  for (const error of report.errors) expectError(error)
  expectClearText(formatSummary(report))
  const { recordsRead, recordsWritten, recordsFiltered, recordsDirty } = report
  if (report.status === 'complete') {
    expect(report.exitCode).toBe(0)
    expect(recordsWritten + recordsFiltered + recordsDirty).toBe(recordsRead)
  } else if (report.status === 'failed') {
    expect([1, 2, 3]).toContain(report.exitCode)
    expect(report.errors).not.toEqual([])
  }
  return report.status
}

/** Nobody else's server may be reached, and none that takes long to refuse. */
function mayOpen(plan: JobPlan, { ports }: TrialPlace): boolean {
  const isOurs = (source: DataSource): boolean =>
    source.socketPath === undefined &&
    source.cluster === undefined &&
    source.sentinel === undefined &&
    source.hosts.every(({ host, port }) => host === '127.0.0.1' && ports.has(port ?? 0))
  return [...plan.reader.dataSources, ...plan.writer.dataSources].every(isOurs)
}

const logger = createLogger('debug', (text) => {
  expectClearText(text)
  expectAbsent(text, secret)
})

function expectError(error: ReportedError): void {
  const { code, message, hint = '' } = error
  expect(code).toMatch(/^[A-Z][A-Z0-9_]+$/)
  expect(code, message).not.toBe('INTERNAL')
  expect(message.trim()).not.toBe('')
  // A report holds the message as it is.
  expectAbsent(`${message}\n${hint}`, secret)
  logError(error, logger)
}

const hiccups =
  /\n\s+at |Maximum call stack|Cannot read propert|is not a function|is not iterable|\[object |TypeError|RangeError|undefined/
const secret = new RegExp(recognisablePassword)
const control = /[^\P{Cc}\n]|\p{Cs}/u

/** No stack, no words of the runtime, and nothing that a terminal would obey. */
function expectClearText(text: string): void {
  expectAbsent(text, hiccups)
  expectAbsent(text, control)
}

/** Whether everywhere in the file something before the secret tells that it is one; a mutation may have cut that off. */
export function isSecretTold(file: MutatedFile): boolean {
  const parts = textOf(file).split(recognisablePassword)
  return parts.slice(0, -1).every((before) => /password|:\/\//.test(before.slice(-80)))
}

function expectAbsent(text: string, pattern: RegExp): void {
  const at = text.search(pattern)
  if (at < 0) return
  const shown = JSON.stringify(text.slice(Math.max(0, at - 120), at + 80))
  expect.fail(`found ${String(pattern)} in the output: ${shown}`)
}

/** Every problem has a message and a place inside its file. */
function expectPlaces(problems: readonly Problem[], file: MutatedFile): void {
  if (problems.length === 0) return
  const lines = textOf(file).split(/\r\n|\n|\r/)
  for (const { file: named, message, line = 0, column = 0 } of problems) {
    const isInside = column >= 1 && column <= (lines[line - 1]?.length ?? -1) + 1
    if (message.trim() === '' || (basename(named) === file.name && !isInside))
      expect.fail(`a problem without message or place: ${line}:${column} ${message}`)
  }
}

function textOf({ bytes }: MutatedFile): string {
  const [first, second] = bytes
  const encoding =
    first === 0xff && second === 0xfe
      ? 'utf-16le'
      : first === 0xfe && second === 0xff
        ? 'utf-16be'
        : 'utf-8'
  return new TextDecoder(encoding).decode(bytes)
}

async function withinLimit<T>(work: Promise<T>): Promise<T> {
  const ended = new AbortController()
  const limit = sleep(hangMs, undefined, { signal: ended.signal }).then(() => {
    throw new Error(`hangs: no answer within ${hangMs} ms`)
  })
  limit.catch(() => {})
  try {
    return await Promise.race([work, limit])
  } finally {
    ended.abort()
  }
}
