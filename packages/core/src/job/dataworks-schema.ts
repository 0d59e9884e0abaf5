import { z } from 'zod'
import { quotedBoolean, quotedInteger, quotedNumber } from '../plugin/quoted.ts'

/** Modules that bring plugins: an extension that both shapes have. */
export const pluginsSchema = z
  .array(z.string())
  .describe('Modules with readers or writers: packages, or paths relative to the job file.')

const strategies = ['Ignore', 'Tolerance', 'ZeroTolerance'] as const

const strategySchema = z.union([z.string(), z.null()]).transform((value, context) => {
  const text = value?.trim() ?? ''
  if (text === '') return undefined
  const strategy = strategies.find((name) => name.toLowerCase() === text.toLowerCase())
  if (strategy !== undefined) return strategy
  const message = `expected "Ignore", "Tolerance" or "ZeroTolerance", found ${JSON.stringify(value)}`
  context.addIssue({ code: 'custom', message })
  return z.NEVER
})

/** `setting.errorLimit` of both shapes; the strategy is DataWorks' own. */
export const errorLimitSchema = z.looseObject({
  record: quotedInteger({ min: 0 })
    .optional()
    .describe('Dirty records that are tolerated; one more ends the job.'),
  percentage: quotedNumber({ min: 0, max: 1 })
    .optional()
    .describe('Tolerated part of the rows read, from 0 to 1; checked at the end.'),
  strategy: strategySchema
    .optional()
    .describe('`ZeroTolerance` (default), `Tolerance` (up to `record`), or `Ignore` (any number).'),
})

const speedSchema = z.looseObject({
  throttle: quotedBoolean().optional().describe('Whether `mbps` and `record` limit the speed.'),
  concurrent: quotedInteger({ min: 1, max: 32 })
    .optional()
    .describe('Channels: splits that are read at the same time, 1 to 32. Default 3.'),
  mbps: quotedNumber({ min: 0 })
    .optional()
    .describe('Limit for the whole job; 1 mbps is 1,048,576 bytes a second.'),
  record: quotedInteger({ min: 0 })
    .optional()
    .describe('Limit for the whole job, in rows a second.'),
  dmu: z.unknown().optional().describe('Resource unit of older jobs; has no effect.'),
})

/** `common` of both shapes. */
export const commonSchema = z.looseObject({
  column: z
    .looseObject({
      timeZone: z
        .string()
        .nullish()
        .describe('Zone in which instants become text: an IANA name or `GMT+8`. Default UTC.'),
    })
    .nullish()
    .describe('How columns become text.'),
})

/** `setting` of the DataWorks shape. */
export const dataWorksSettingSchema = z.looseObject({
  errorLimit: errorLimitSchema.nullish().describe('How many dirty records are tolerated.'),
  speed: speedSchema.nullish().describe('Channels and limits of speed.'),
  common: commonSchema.nullish().describe('Settings that all steps share.'),
  executeMode: z.unknown().optional().describe('`distribute` has no effect: a job is one process.'),
  jvmOption: z.unknown().optional().describe('Has no effect.'),
  jvmMemory: z.unknown().optional().describe('Has no effect.'),
  failoverEnable: quotedBoolean().optional().describe('Has no effect.'),
})

const parameterSchema = z.record(z.string(), z.unknown())

/** One entry of `steps`. */
export const dataWorksStepSchema = z.looseObject({
  stepType: z.string().nullish().describe('Name of the plugin: `mysql`, `postgresql`, `redis`.'),
  category: z.enum(['reader', 'writer', 'processor']).describe('What the step does.'),
  name: z.string().nullish().describe('Name that `order.hops` refers to.'),
  parameter: parameterSchema.nullish().describe('Parameters of the plugin.'),
  copies: z.unknown().optional().describe('Written by the wizard; has no effect.'),
  gui: z.unknown().optional().describe('Written by the wizard; has no effect.'),
})

const hopSchema = z.looseObject({
  from: z.string().describe('Name of a step.'),
  to: z.string().describe('Name of the step after it.'),
  gui: z.unknown().optional().describe('Written by the wizard; has no effect.'),
})

/** `order`. */
export const dataWorksOrderSchema = z.looseObject({
  hops: z.array(hopSchema).nullish().describe('Which step hands its rows to which.'),
})

const versionSchema = z.union([z.string(), z.number()])

/** A job file in the shape of DataWorks. */
export const dataWorksJobSchema = z.looseObject({
  type: z.literal('job').optional().describe('Always `job`.'),
  version: versionSchema.optional().describe('`2.0`.'),
  steps: z.array(dataWorksStepSchema).describe('One reader, one writer, and processors.'),
  setting: dataWorksSettingSchema.nullish().describe('Speed, tolerance of errors, time zone.'),
  order: dataWorksOrderSchema.nullish().describe('Order of the steps; implied when missing.'),
  extend: z.unknown().optional().describe('Kept by the DataWorks console; has no effect.'),
  plugins: pluginsSchema.optional(),
})

const legacyStepSchema = z.looseObject({
  plugin: z.string().describe('Name of the plugin.'),
  parameter: parameterSchema.nullish().describe('Parameters of the plugin.'),
})

/** A job file in the older shape of DataWorks, version 1.0. */
export const legacyJobSchema = z.looseObject({
  type: z.literal('job').optional().describe('Always `job`.'),
  version: versionSchema.optional().describe('`1.0`.'),
  configuration: z
    .looseObject({
      reader: legacyStepSchema.describe('The reader.'),
      writer: legacyStepSchema.describe('The writer.'),
      setting: dataWorksSettingSchema.nullish().describe('Speed, tolerance of errors, time zone.'),
    })
    .describe('The whole job.'),
  extend: z.unknown().optional().describe('Kept by the DataWorks console; has no effect.'),
  plugins: pluginsSchema.optional(),
})
