/** A column of the stream reader. */
export type StreamColumn = 'long' | 'string' | 'double' | 'date' | 'bool' | 'bytes'

/** Parameters of a step. */
export type Parameters = Readonly<Record<string, unknown>>

/** What differs from job to job. */
export interface JobParts {
  readonly reader: { readonly stepType: string; readonly parameter: Parameters }
  /** Parameters of the Redis writer, over `{"datasource": "r", "keyIndexes": 0}`; undefined removes one. */
  readonly writer?: Parameters
  /** Over no dirty records, one channel, no throttle, time zone Asia/Shanghai. */
  readonly setting?: Parameters
}

/** A reader step of the rows given here, the columns in their order. */
export function streamRows(
  types: readonly StreamColumn[],
  rows: readonly (readonly unknown[])[],
): JobParts['reader'] {
  return { stepType: 'stream', parameter: { column: types.map((type) => ({ type })), rows } }
}

/** A job in the DataWorks shape that writes to the Redis data source `r`. */
export function redisJob(parts: JobParts): Record<string, unknown> {
  return {
    type: 'job',
    version: '2.0',
    steps: [
      { ...parts.reader, category: 'reader', name: 'Reader' },
      {
        stepType: 'redis',
        category: 'writer',
        name: 'Writer',
        parameter: { datasource: 'r', keyIndexes: 0, ...parts.writer },
      },
    ],
    setting: {
      errorLimit: { record: '0' },
      speed: { throttle: false, concurrent: 1 },
      common: { column: { timeZone: 'Asia/Shanghai' } },
      ...parts.setting,
    },
    order: { hops: [{ from: 'Reader', to: 'Writer' }] },
  }
}
