import { isRecord, type ConfigPath } from '../config/config-path.ts'
import type { ProblemList } from '../config/problem-list.ts'
import { validateConfig } from '../config/validate-config.ts'
import { commonSchema } from './dataworks-schema.ts'
import { readPluginNames } from './dataworks-job.ts'
import { defaultConcurrency, readTimeZone } from './dataworks-settings.ts'
import { dataXJobSchema, dataXSettingSchema } from './datax-schema.ts'
import type { JobFile, JobFileStep, JobFileTransform } from './job-file.ts'
import type { JobSettings } from './job-plan.ts'
import { readTransform } from './transform-step.ts'

type RawObject = Readonly<Record<string, unknown>>

const contentPath: ConfigPath = ['job', 'content', 0]

/** Reads a job in the shape of open-source DataX (`job.content[0]`) into the common form, and reports what is wrong. */
export async function convertDataXJob(raw: RawObject, problems: ProblemList): Promise<JobFile> {
  await validateConfig(dataXJobSchema, raw, problems, { base: [] })
  const job = isRecord(raw['job']) ? raw['job'] : {}
  const entries: readonly unknown[] = Array.isArray(job['content']) ? job['content'] : []
  if (entries.length > 1) {
    const hint = 'Put each reader with its writer into a file of its own.'
    problems.error(['job', 'content', 1], { message: 'expected one entry, found another', hint })
  }
  if (Array.isArray(job['content']) && entries.length === 0) {
    problems.error(['job', 'content'], 'expected one entry with reader and writer, found none')
  }
  const content = isRecord(entries[0]) ? entries[0] : {}
  reportIgnored(raw, job, problems)
  reportEncrypted(job, problems)
  const reader = convertStep(content, 'reader')
  const writer = convertStep(content, 'writer')
  const settings = convertSettings(raw, job, problems)
  return {
    ...(reader === undefined ? {} : { reader }),
    ...(writer === undefined ? {} : { writer }),
    ...(settings === undefined ? {} : { settings }),
    transforms: await convertTransformers(content['transformer'], problems),
    plugins: readPluginNames(raw),
  }
}

function convertStep(content: RawObject, kind: 'reader' | 'writer'): JobFileStep | undefined {
  const step = content[kind]
  if (!isRecord(step) || typeof step['name'] !== 'string') return undefined
  const path = [...contentPath, kind]
  return {
    kind,
    name: kind,
    stepType: step['name'].trim(),
    parameter: isRecord(step['parameter']) ? step['parameter'] : {},
    path,
    stepTypePath: [...path, 'name'],
    parameterPath: [...path, 'parameter'],
  }
}

async function convertTransformers(
  raw: unknown,
  problems: ProblemList,
): Promise<JobFileTransform[]> {
  const transforms: JobFileTransform[] = []
  if (!Array.isArray(raw)) return transforms
  for (const [index, entry] of (raw as unknown[]).entries()) {
    if (!isRecord(entry) || typeof entry['name'] !== 'string') continue
    const path = [...contentPath, 'transformer', index]
    const transform = await readTransform(
      {
        name: entry['name'],
        parameter: entry['parameter'],
        path,
        namePath: [...path, 'name'],
        parameterPath: [...path, 'parameter'],
      },
      problems,
    )
    if (transform !== undefined) transforms.push(transform)
  }
  return transforms
}

function convertSettings(
  raw: RawObject,
  job: RawObject,
  problems: ProblemList,
): JobSettings | undefined {
  const base = ['job', 'setting']
  const parsed = dataXSettingSchema.safeParse(job['setting'] ?? {})
  const common = commonSchema.nullish().safeParse(raw['common'])
  if (!parsed.success || !common.success) return undefined
  const timeZone = readTimeZone(common.data, problems, ['common'])
  const { channel, byte, record } = parsed.data.speed ?? {}
  const isLimited = (value: number | undefined): value is number => value !== undefined && value > 0
  for (const [key, value] of Object.entries({ byte, record })) {
    if (value !== 0) continue
    const hint = 'Leave it out, or write -1, for no limit.'
    problems.error([...base, 'speed', key], { message: 'expected a number above 0, found 0', hint })
  }
  if (timeZone === undefined || byte === 0 || record === 0) return undefined
  return {
    concurrency: channel ?? defaultConcurrency,
    ...(isLimited(byte) ? { bytesPerSecond: byte } : {}),
    ...(isLimited(record) ? { recordsPerSecond: record } : {}),
    errorLimit: convertErrorLimit(parsed.data.errorLimit ?? {}, problems, [...base, 'errorLimit']),
    timeZone,
  }
}

/** Unset means any number of dirty records, as in DataX; said loudly, since rows may be missing after a success. */
function convertErrorLimit(
  limit: { record?: number | undefined; percentage?: number | undefined },
  problems: ProblemList,
  path: ConfigPath,
): JobSettings['errorLimit'] {
  const { record, percentage } = limit
  if (record === undefined && percentage === undefined) {
    problems.warn(path, {
      message:
        'is not set: any number of rows may be refused and the job still ends as complete, as in DataX',
      hint: 'Add "errorLimit": {"record": 0} to have the first dirty record end the job.',
    })
  }
  return {
    ...(record === undefined ? {} : { record }),
    ...(percentage === undefined ? {} : { percentage }),
  }
}

function reportIgnored(raw: RawObject, job: RawObject, problems: ProblemList): void {
  if (raw['core'] !== undefined) {
    problems.warn(
      ['core'],
      'has no effect: the settings of the DataX engine have no counterpart',
      'key',
    )
  }
  for (const key of ['preHandler', 'postHandler']) {
    if (job[key] !== undefined) {
      problems.warn(['job', key], 'has no effect: handlers of DataX are not run', 'key')
    }
  }
  const setting = isRecord(job['setting']) ? job['setting'] : {}
  if (String(setting['dryRun']).toLowerCase() === 'true') {
    const hint = 'Use "millrace check --connect", and remove dryRun to run the job.'
    problems.error(['job', 'setting', 'dryRun'], { message: 'dry runs are not supported', hint })
  }
}

/** Keys that begin with `*` hold encrypted values, which only the DataX installation can read. */
function reportEncrypted(job: RawObject, problems: ProblemList): void {
  let count = 0
  const walk = (value: unknown, path: ConfigPath): void => {
    if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) walk(item, [...path, index])
      return
    }
    if (!isRecord(value)) return
    for (const [key, child] of Object.entries(value)) {
      const childPath = [...path, key]
      if (key.startsWith('*') && key.length > 1) {
        count += 1
        const hint = `Write ${JSON.stringify(key.slice(1))} with "\${env:NAME}", or name a data source.`
        const message = 'values encrypted by DataX cannot be read'
        problems.error(childPath, { message, hint }, 'key')
      } else walk(child, childPath)
    }
  }
  walk(job, ['job'])
  const setting = isRecord(job['setting']) ? job['setting'] : {}
  const version = setting['keyVersion']
  if (version !== undefined && version !== null && version !== '' && count === 0) {
    problems.warn(
      ['job', 'setting', 'keyVersion'],
      'has no effect: no key holds an encrypted value',
    )
  }
}
