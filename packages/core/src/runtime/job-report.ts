import { randomUUID } from 'node:crypto'
import type { Problem } from '../config/problem.ts'
import { exitCodeOf, type ErrorCode } from '../plugin/error-codes.ts'
import { noCounts, type JobCounts } from './job-counts.ts'
import type { TableNumbers } from './table-counts.ts'

/** One error of a run, as the message showed it. */
export interface ReportedError {
  readonly code: ErrorCode
  readonly message: string
  readonly hint?: string
}

/** What `--report` writes: the outcome of one run. */
export interface JobReport extends JobCounts {
  readonly status: 'complete' | 'failed' | 'stopped'
  /** `OK`, `STOPPED`, or the code of the first error. */
  readonly code: ErrorCode | 'OK' | 'STOPPED'
  readonly exitCode: number
  readonly job: string
  /** Names this run, also in the dirty file. */
  readonly run: string
  readonly startedAt: string
  readonly endedAt: string
  /** What a repeat of this job can do to the target. */
  readonly guarantee: 'at-least-once' | 'exactly-once'
  readonly guaranteeNote: string
  readonly consistency: 'one-snapshot' | 'per-split' | 'unknown'
  readonly elapsedMs: number
  /** Rows read per second, over the time rows were flowing. */
  readonly rowsPerSecond: number
  readonly waitReaderMs: number
  readonly waitWriterMs: number
  readonly splits: { readonly total: number; readonly done: number }
  /** Label of the position the run went on from; null when it began at the beginning. */
  readonly resumedFrom: string | null
  /** Dirty records by reason code, most frequent first. */
  readonly dirtyReasons: readonly {
    readonly code: string
    readonly count: number
    readonly reason: string
  }[]
  readonly dirtyFile: string | null
  readonly errors: readonly ReportedError[]
  /** What has to be known of the outcome besides: where a new snapshot was taken, what it could not see. */
  readonly notes?: readonly string[]
  /** The same counts over all runs that resumed one another. */
  readonly total: JobCounts
  /** By table: the rows that were there, and what changed in them, in this run. */
  readonly tables?: readonly TableNumbers[]
  /** Of a pipeline that has several sources or targets: the report of each job. */
  readonly jobs?: readonly JobReport[]
}

/** The report of a job that could not begin because its files or flags are wrong. */
export function reportOfProblems(job: string, problems: readonly Problem[]): JobReport {
  const now = new Date().toISOString()
  const errors = problems.filter(({ severity }) => severity === 'error').map(reportedProblem)
  return {
    status: 'failed',
    code: 'CONFIG_INVALID',
    exitCode: exitCodeOf('CONFIG_INVALID'),
    job,
    run: randomUUID(),
    startedAt: now,
    endedAt: now,
    guarantee: 'at-least-once',
    guaranteeNote: 'nothing was read or written',
    consistency: 'unknown',
    ...noCounts,
    elapsedMs: 0,
    rowsPerSecond: 0,
    waitReaderMs: 0,
    waitWriterMs: 0,
    splits: { total: 0, done: 0 },
    resumedFrom: null,
    dirtyReasons: [],
    dirtyFile: null,
    errors,
    total: noCounts,
  }
}

function reportedProblem({ file, line, column, message, hint }: Problem): ReportedError {
  const place = line === undefined ? file : `${file}:${line}:${column ?? 1}`
  return {
    code: 'CONFIG_INVALID',
    message: `${place}: ${message}`,
    ...(hint === undefined ? {} : { hint }),
  }
}

const count = { type: 'integer', minimum: 0 } as const
const countProperties = {
  recordsRead: count,
  recordsWritten: count,
  recordsFiltered: count,
  recordsDirty: count,
  bytesRead: count,
  bytesWritten: count,
} as const

/** JSON Schema of {@link JobReport}. */
export const jobReportSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Millrace job report',
  type: 'object',
  properties: {
    status: { enum: ['complete', 'failed', 'stopped'] },
    code: { type: 'string', description: 'OK, STOPPED, or the code of the first error' },
    exitCode: count,
    job: { type: 'string' },
    run: { type: 'string' },
    startedAt: { type: 'string', format: 'date-time' },
    endedAt: { type: 'string', format: 'date-time' },
    guarantee: { enum: ['at-least-once', 'exactly-once'] },
    guaranteeNote: { type: 'string' },
    consistency: { enum: ['one-snapshot', 'per-split', 'unknown'] },
    ...countProperties,
    elapsedMs: { type: 'number' },
    rowsPerSecond: { type: 'number' },
    waitReaderMs: { type: 'number', description: 'summed over channels' },
    waitWriterMs: { type: 'number', description: 'summed over channels' },
    splits: { type: 'object', properties: { total: count, done: count } },
    resumedFrom: { type: ['string', 'null'] },
    dirtyReasons: {
      type: 'array',
      items: {
        type: 'object',
        properties: { code: { type: 'string' }, count, reason: { type: 'string' } },
      },
    },
    dirtyFile: { type: ['string', 'null'] },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          code: { type: 'string' },
          message: { type: 'string' },
          hint: { type: 'string' },
        },
        required: ['code', 'message'],
      },
    },
    notes: {
      type: 'array',
      items: { type: 'string' },
      description: 'what has to be known besides, such as what a new snapshot could not see',
    },
    total: { type: 'object', properties: countProperties },
    tables: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          table: { type: 'string' },
          phase: { enum: ['snapshot', 'changes'] },
          ...countProperties,
        },
      },
      description: 'by table: the rows that were there, and what changed in them',
    },
    jobs: {
      type: 'array',
      items: { $ref: '#' },
      description: 'of a pipeline with several sources or targets: the report of each job',
    },
  },
  required: [
    'status',
    'code',
    'exitCode',
    'job',
    'run',
    ...Object.keys(countProperties),
    'errors',
    'total',
  ],
} as const
