import { z } from 'zod'
import { defineReader, defineWriter, type Finding } from '../src/plugin/index.ts'
import {
  normalizeRelational,
  relationalColumnNames,
  relationalDataSources,
  relationalParameters,
  validateRelational,
} from '../src/sql/index.ts'

const notOpened = () => Promise.reject(new Error('not opened in tests'))

/** A reader with the parameters and findings of the relational readers, which opens nothing. */
export const sampleReader = defineReader({
  apiVersion: 1,
  kind: 'reader',
  stepType: 'mysql',
  description: 'The mysql reader, as far as a job file is concerned',
  capabilities: { parallelSplits: true, resumableSplits: true, follow: false },
  config: z
    .looseObject(relationalParameters)
    .transform((parameters) => normalizeRelational(parameters, 'mysql')),
  dataSourceTypes: ['mysql'],
  dataSources: relationalDataSources,
  validate: validateRelational,
  columnNames: relationalColumnNames,
  open: notOpened,
})

const text = () => z.string().optional()

/** A writer that finds what the redis writer finds in the sample: delimiters and column indexes. */
export const sampleWriter = defineWriter({
  apiVersion: 1,
  kind: 'writer',
  stepType: 'redis',
  description: 'The redis writer, as far as the sample is concerned',
  capabilities: { deletes: true },
  config: z.looseObject({
    expireTime: z.looseObject({ seconds: text() }).optional(),
    keyFieldDelimiter: text(),
    dateFormat: text(),
    datasource: z.string(),
    writeMode: z
      .looseObject({ type: text(), mode: text(), valueFieldDelimiter: text() })
      .optional(),
    keyIndexes: z.array(z.number()),
    batchSize: text(),
    column: z.array(z.looseObject({ name: z.string(), index: z.string() })).optional(),
  }),
  dataSourceTypes: ['redis'],
  dataSources: (config) => [{ path: ['datasource'], name: config.datasource }],
  validate(config, job) {
    const findings: Finding[] = []
    const literal = (value: string | undefined, path: readonly string[]): void => {
      if (value !== 'u0001') return
      const message = 'the delimiter is the text "u0001"'
      findings.push({ severity: 'warning', path, message, hint: 'Did you mean "\\u0001"?' })
    }
    literal(config.keyFieldDelimiter, ['keyFieldDelimiter'])
    literal(config.writeMode?.valueFieldDelimiter, ['writeMode', 'valueFieldDelimiter'])
    for (const [index, column] of (config.column ?? []).entries()) {
      if (Number(column.index) < (job.readerColumns?.length ?? Infinity)) continue
      const message = `there is no column ${column.index}`
      findings.push({ severity: 'error', path: ['column', index, 'index'], message })
    }
    return findings
  },
  guarantee: () => ({ isIdempotent: true }),
  open: notOpened,
})
