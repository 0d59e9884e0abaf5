import { z } from 'zod'
import { quotedBoolean, quotedInteger, quotedNumber } from '../plugin/quoted.ts'
import { commonSchema, pluginsSchema } from './dataworks-schema.ts'

const parameterSchema = z.record(z.string(), z.unknown())

const stepSchema = z.looseObject({
  name: z.string().describe('Name of the plugin: `mysqlreader`, `rediswriter`.'),
  parameter: parameterSchema.nullish().describe('Parameters of the plugin.'),
})

const transformerSchema = z.looseObject({
  name: z.string().describe('`dx_substr`, `dx_pad`, `dx_replace`, `dx_filter` or `dx_digest`.'),
  parameter: z.unknown().describe('`columnIndex` and `paras`.'),
})

/** One entry of `job.content`. */
export const dataXContentSchema = z.looseObject({
  reader: stepSchema.describe('The reader.'),
  writer: stepSchema.describe('The writer.'),
  transformer: z.array(transformerSchema).nullish().describe('Transformers, in order.'),
})

/** `job.setting`. */
export const dataXSettingSchema = z.looseObject({
  speed: z
    .looseObject({
      channel: quotedInteger({ min: 1, max: 1024 })
        .optional()
        .describe('Splits that are read at the same time. Default 3.'),
      byte: quotedInteger({ min: -1 }).optional().describe('Bytes a second, for the whole job.'),
      record: quotedInteger({ min: -1 }).optional().describe('Rows a second, for the whole job.'),
    })
    .nullish()
    .describe('Channels and limits of speed.'),
  errorLimit: z
    .looseObject({
      record: quotedInteger({ min: 0 })
        .optional()
        .describe('Dirty records that are tolerated; one more ends the job.'),
      percentage: quotedNumber({ min: 0, max: 1 })
        .optional()
        .describe('Tolerated part of the rows read, from 0 to 1; checked at the end.'),
    })
    .nullish()
    .describe('How many dirty records are tolerated; any number when it is not set.'),
  keyVersion: z.unknown().optional().describe('Encrypted parameters; not supported.'),
  dryRun: quotedBoolean().optional().describe('Not supported: use `millrace check --connect`.'),
})

/** A job file in the shape of open-source DataX. */
export const dataXJobSchema = z.looseObject({
  job: z
    .looseObject({
      content: z.array(dataXContentSchema).describe('One reader with one writer.'),
      setting: dataXSettingSchema.nullish().describe('Speed and tolerance of errors.'),
      preHandler: z.unknown().optional().describe('Has no effect.'),
      postHandler: z.unknown().optional().describe('Has no effect.'),
    })
    .describe('The whole job.'),
  common: commonSchema.nullish().describe('Settings that all steps share.'),
  core: z.unknown().optional().describe('Has no effect.'),
  entry: z.unknown().optional().describe('Has no effect.'),
  plugins: pluginsSchema.optional(),
})
