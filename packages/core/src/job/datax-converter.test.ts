import { describe, expect, it } from 'vitest'
import { parseJson } from '../config/parse-json.ts'
import { ProblemList } from '../config/problem-list.ts'
import { convertDataXJob } from './datax-converter.ts'

const reader = { name: 'mysqlreader', parameter: { column: ['id'], password: 'x' } }
const writer = { name: 'rediswriter', parameter: {} }
const limits = { errorLimit: { record: 0 }, speed: { channel: 2 } }

async function convert(job: object, root: object = {}) {
  const value = { job, ...root }
  const problems = new ProblemList(parseJson(JSON.stringify(value), 'job.json'))
  const converted = await convertDataXJob(value, problems)
  const texts = problems.problems.map((one) => `${one.severity} ${one.message}`)
  return { converted, texts, problems: problems.problems }
}

describe('convertDataXJob', () => {
  it('gives steps whose paths point into the file', async () => {
    const transformer = [
      { name: 'dx_substr', parameter: { columnIndex: 1, paras: ['0', 3] } },
      { name: 'dx_filter', parameter: { columnIndex: '0', paras: ['>', '5'] } },
    ]
    const { converted, texts } = await convert({
      content: [{ reader, writer, transformer }],
      setting: limits,
    })
    expect(texts).toEqual([])
    expect(converted).toMatchObject({
      reader: {
        stepType: 'mysqlreader',
        parameter: reader.parameter,
        parameterPath: ['job', 'content', 0, 'reader', 'parameter'],
        stepTypePath: ['job', 'content', 0, 'reader', 'name'],
      },
      writer: { stepType: 'rediswriter' },
      transforms: [
        { name: 'dx_substr', columnIndex: 1, parameters: ['0', '3'] },
        { name: 'dx_filter', columnIndex: 0, parameters: ['>', '5'] },
      ],
      settings: { concurrency: 2, errorLimit: { record: 0 }, timeZone: 'UTC' },
    })
  })

  it('takes byte and record as limits of the whole job', async () => {
    const setting = { ...limits, speed: { byte: '1048576', record: 500, channel: '5' } }
    const { converted } = await convert({ content: [{ reader, writer }], setting })
    expect(converted.settings).toMatchObject({
      concurrency: 5,
      bytesPerSecond: 1_048_576,
      recordsPerSecond: 500,
    })
    const open = await convert({
      content: [{ reader, writer }],
      setting: { ...limits, speed: { byte: -1 } },
    })
    expect(open.converted.settings).not.toHaveProperty('bytesPerSecond')
  })

  it('tolerates any number of dirty records when there is no limit, and says so', async () => {
    for (const errorLimit of [undefined, {}, { record: '', percentage: '' }]) {
      const { converted, texts } = await convert({
        content: [{ reader, writer }],
        setting: { errorLimit },
      })
      expect(converted.settings?.errorLimit).toEqual({})
      expect(texts).toEqual([
        expect.stringMatching(/^warning job\.setting\.errorLimit: is not set: any number/),
      ])
    }
  })

  it('reads the time zone of common', async () => {
    const common = { column: { timeZone: 'GMT+8' } }
    const { converted } = await convert(
      { content: [{ reader, writer }], setting: limits },
      { common },
    )
    expect(converted.settings?.timeZone).toBe('GMT+8')
  })

  it.each<[string, object, object, RegExp]>([
    [
      'several entries',
      {
        content: [
          { reader, writer },
          { reader, writer },
        ],
      },
      {},
      /^error job\.content\[1\]: expected one entry/,
    ],
    ['no entry', { content: [] }, {}, /^error job\.content: expected one entry/],
    ['no content', {}, {}, /^error job\.content: is missing/],
    ['no writer', { content: [{ reader }] }, {}, /^error job\.content\[0\]\.writer: is missing/],
    [
      'core',
      { content: [{ reader, writer }] },
      { core: { transport: {} } },
      /^warning core: has no effect/,
    ],
    [
      'handlers',
      { content: [{ reader, writer }], preHandler: {} },
      {},
      /^warning job\.preHandler: has no effect/,
    ],
    [
      'dry runs',
      { content: [{ reader, writer }], setting: { ...limits, dryRun: 'true' } },
      {},
      /^error job\.setting\.dryRun/,
    ],
    [
      'encrypted values',
      { content: [{ reader: { name: 'x', parameter: { '*password': 'abc' } }, writer }] },
      {},
      /^error job\.content\[0\]\.reader\.parameter\.\*password: values encrypted by DataX/,
    ],
    [
      'a key version',
      { content: [{ reader, writer }], setting: { ...limits, keyVersion: '1.0' } },
      {},
      /^warning job\.setting\.keyVersion/,
    ],
    [
      'a limit of nothing',
      { content: [{ reader, writer }], setting: { ...limits, speed: { byte: 0 } } },
      {},
      /^error job\.setting\.speed\.byte: expected a number above 0/,
    ],
    [
      'a misspelt key',
      { content: [{ reader, writer, transfomer: [] }], setting: limits },
      {},
      /^error job\.content\[0\]\.transfomer: unknown key/,
    ],
    [
      'Groovy',
      { content: [{ reader, writer, transformer: [{ name: 'dx_groovy', parameter: {} }] }] },
      {},
      /^error .*Groovy code is not supported/,
    ],
  ])('reports %s', async (_, job, root, expected) => {
    const { texts } = await convert({ setting: limits, ...job }, root)
    expect(texts).toEqual([expect.stringMatching(expected)])
  })
})
