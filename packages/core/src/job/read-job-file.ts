import { isRecord } from '../config/config-path.ts'
import type { ConfigDocument } from '../config/config-document.ts'
import { describeValue } from '../config/describe-value.ts'
import type { ProblemList } from '../config/problem-list.ts'
import { suggestKey } from '../config/suggest-key.ts'
import { readDataWorksJob, readLegacyJob } from './dataworks-job.ts'
import { convertDataXJob } from './datax-converter.ts'
import { scheduleClock } from './date-expression.ts'
import type { JobFile } from './job-file.ts'
import { ParameterFiller, type OnParameterProblem } from './substitute-parameters.ts'

const shapeKeys = ['steps', 'configuration', 'job'] as const

/** Values for the parameters of a job file. */
export interface JobParameters {
  /** What `--set` gives, by name. */
  readonly given: Readonly<Record<string, string>>
  readonly scheduledAt: Date
  /** Leaves placeholders without a value as they are, with a warning. */
  readonly allowUnresolved: boolean
}

/**
 * Fills the parameters of a parsed job file and reads it in whatever shape it is: DataWorks' `steps`, its older
 * `configuration`, or DataX's `job.content`. `undefined` when it is none of them, which is reported.
 */
export async function readJobFile(
  document: ConfigDocument,
  parameters: JobParameters,
  problems: ProblemList,
): Promise<JobFile | undefined> {
  const { value } = document
  if (!isRecord(value)) {
    problems.error([], `expected a job, an object with "steps", found ${describeValue(value)}`)
    return undefined
  }
  const filled = fillParameters(value, parameters, document, problems)
  const shapes = shapeKeys.filter((key) => Object.hasOwn(filled, key))
  if (shapes.length > 1) {
    const message = `expected "steps" (DataWorks) or "job" (DataX), found ${shapes.map((key) => `"${key}"`).join(' and ')}`
    problems.error([], message)
    return undefined
  }
  switch (shapes[0]) {
    case 'steps':
      return readDataWorksJob(filled, problems)
    case 'configuration':
      return readLegacyJob(filled, problems)
    case 'job':
      return convertDataXJob(filled, problems)
    case undefined:
      problems.error([], unknownShape(filled))
      return undefined
  }
}

function unknownShape(value: Readonly<Record<string, unknown>>): {
  message: string
  hint?: string
} {
  const message = 'expected a job with "steps" (DataWorks) or "job" (DataX), found neither'
  if (Object.hasOwn(value, 'sources') && Object.hasOwn(value, 'targets')) {
    return { message, hint: 'This looks like the config.yaml of an RDI pipeline: name its folder.' }
  }
  for (const key of Object.keys(value)) {
    const nearest = suggestKey(key, ['steps', 'job'])
    if (nearest !== undefined) return { message, hint: `Did you mean "${nearest}" for "${key}"?` }
  }
  return { message }
}

function fillParameters(
  value: Readonly<Record<string, unknown>>,
  parameters: JobParameters,
  document: ConfigDocument,
  problems: ProblemList,
): Readonly<Record<string, unknown>> {
  const clock = scheduleClock(parameters.scheduledAt, timeZoneOf(value, parameters.given))
  const filler = new ParameterFiller(parameters.given, clock, (severity, [name], text) =>
    problems.append([
      {
        severity,
        message: `${String(name)}: ${text.message}`,
        file: '--set',
        ...(text.hint === undefined ? {} : { hint: text.hint }),
      },
    ]),
  )
  const onProblem: OnParameterProblem = (severity, path, text) => {
    if (severity === 'warning' || parameters.allowUnresolved) problems.warn(path, text)
    else problems.error(path, text)
  }
  const filled = filler.fill(document.value, onProblem) as Readonly<Record<string, unknown>>
  for (const name of filler.unused) {
    const message = `${name}: has no effect: the job has no \${${name}}`
    problems.append([{ severity: 'warning', message, file: '--set' }])
  }
  return filled
}

/** The time zone a job asks for, as far as it can be told before its parameters are filled. */
function timeZoneOf(
  job: Readonly<Record<string, unknown>>,
  given: Readonly<Record<string, string>>,
): string {
  const inside = (value: unknown, ...keys: readonly string[]): unknown =>
    keys.reduce<unknown>(
      (at, key) => (isRecord(at) && Object.hasOwn(at, key) ? at[key] : undefined),
      value,
    )
  const common = ['common', 'column', 'timeZone']
  const zone =
    inside(job, 'setting', ...common) ??
    inside(job, 'configuration', 'setting', ...common) ??
    inside(job, ...common)
  if (typeof zone !== 'string') return 'UTC'
  const name = /^\$\{([^{}]+)\}$/.exec(zone.trim())?.[1]
  if (name === undefined) return zone.trim()
  return Object.hasOwn(given, name) ? (given[name] ?? '').trim() : ''
}
