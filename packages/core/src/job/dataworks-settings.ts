import type { z } from 'zod'
import type { ConfigPath } from '../config/config-path.ts'
import { describeValue } from '../config/describe-value.ts'
import type { ProblemList } from '../config/problem-list.ts'
import { dataWorksSettingSchema, type commonSchema } from './dataworks-schema.ts'
import type { JobSettings } from './job-plan.ts'
import { isTimeZone } from './time-zone.ts'

/** Channels of a job that does not say how many. */
export const defaultConcurrency = 3

/** Bytes a second of one `mbps`. */
export const bytesPerMbps = 1_048_576

type Setting = z.output<typeof dataWorksSettingSchema>

/**
 * `setting` of the DataWorks shape as settings of the plan. A wrong type in it is reported by the schema of the whole
 * file; here, what contradicts itself. `undefined` when something is wrong.
 */
export function readDataWorksSettings(
  raw: unknown,
  problems: ProblemList,
  base: ConfigPath,
): JobSettings | undefined {
  const parsed = dataWorksSettingSchema.safeParse(raw ?? {})
  if (!parsed.success) return undefined
  const setting = parsed.data
  warnOfIgnored(setting, problems, base)
  const errorLimit = readErrorLimit(setting.errorLimit ?? {}, problems, [...base, 'errorLimit'])
  const speed = readSpeed(setting.speed ?? {}, problems, [...base, 'speed'])
  const timeZone = readTimeZone(setting.common, problems, [...base, 'common'])
  if (speed === undefined || timeZone === undefined || errorLimit === undefined) return undefined
  return { ...speed, errorLimit, timeZone }
}

function warnOfIgnored(setting: Setting, problems: ProblemList, base: ConfigPath): void {
  if (setting.executeMode === 'distribute') {
    problems.warn([...base, 'executeMode'], 'has no effect: a job runs in one process')
  }
  if (setting.failoverEnable === true) {
    const hint = 'After a failure, run the job again.'
    problems.warn([...base, 'failoverEnable'], { message: 'has no effect', hint })
  }
}

/** Unset means none tolerated, as DataWorks' strategy `ZeroTolerance`, its default. */
function readErrorLimit(
  limit: NonNullable<Setting['errorLimit']>,
  problems: ProblemList,
  base: ConfigPath,
): JobSettings['errorLimit'] | undefined {
  const { record, percentage, strategy } = limit
  const both = {
    ...(record === undefined ? {} : { record }),
    ...(percentage === undefined ? {} : { percentage }),
  }
  const isSet = record !== undefined || percentage !== undefined
  switch (strategy) {
    case 'Ignore':
      if (isSet) {
        const message = '"Ignore" tolerates any number of dirty records; the limits have no effect'
        problems.warn([...base, 'strategy'], message)
      }
      return {}
    case 'ZeroTolerance':
      if ((record ?? 0) > 0 || (percentage ?? 0) > 0) {
        const hint = 'Use "Tolerance" to have the limit apply.'
        const message = '"ZeroTolerance" tolerates no dirty record; the limits have no effect'
        problems.warn([...base, 'strategy'], { message, hint })
      }
      return { record: 0 }
    case 'Tolerance':
      if (isSet) return both
      problems.error([...base, 'strategy'], {
        message: '"Tolerance" needs a limit, found none',
        hint: 'Add "record": the number of dirty records that are tolerated.',
      })
      return undefined
    case undefined:
      return isSet ? both : { record: 0 }
    default:
      return strategy satisfies never
  }
}

function readSpeed(
  speed: NonNullable<Setting['speed']>,
  problems: ProblemList,
  base: ConfigPath,
): Omit<JobSettings, 'errorLimit' | 'timeZone'> | undefined {
  const { throttle, mbps, record } = speed
  const concurrency = speed.concurrent ?? defaultConcurrency
  if (throttle !== true) {
    const unused = mbps === undefined ? 'record' : 'mbps'
    if (throttle === undefined && (mbps ?? record) !== undefined) {
      const hint = 'Add "throttle": true to limit the speed.'
      problems.warn([...base, unused], { message: 'has no effect without throttle', hint })
    }
    return { concurrency }
  }
  const hint = 'Give mbps (1 is 1,048,576 bytes a second), or set throttle to false.'
  if (mbps === undefined && record === undefined) {
    problems.error([...base, 'throttle'], { message: 'is true, but there is no mbps', hint })
    return undefined
  }
  if (mbps === 0 || record === 0) {
    const key = mbps === 0 ? 'mbps' : 'record'
    problems.error([...base, key], { message: 'expected a number above 0, found 0', hint })
    return undefined
  }
  return {
    concurrency,
    ...(mbps === undefined ? {} : { bytesPerSecond: Math.max(1, Math.round(mbps * bytesPerMbps)) }),
    ...(record === undefined ? {} : { recordsPerSecond: record }),
  }
}

/** `common.column.timeZone`, checked; UTC when it is not set. `undefined` when there is no such zone. */
export function readTimeZone(
  common: z.output<typeof commonSchema> | null | undefined,
  problems: ProblemList,
  base: ConfigPath,
): string | undefined {
  const timeZone = common?.column?.timeZone?.trim() ?? ''
  if (timeZone === '') return 'UTC'
  if (isTimeZone(timeZone)) return timeZone
  problems.error([...base, 'column', 'timeZone'], {
    message: `there is no time zone ${describeValue(timeZone)}`,
    hint: 'Give an IANA name such as Asia/Shanghai, or an offset such as GMT+8.',
  })
  return undefined
}
