import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../../test-data/temp-folder.ts'
import { loadJob } from './load-job.ts'

const testData = path.join(import.meta.dirname, '../../test-data')
const sample = readFileSync(path.join(testData, 'seed-sample.txt'), 'utf8')

function load(text: string) {
  const folder = temporaryFolder({
    'job.json': text,
    'datasources.json': JSON.stringify({
      datasources: {
        xc_mysql_demo2: { type: 'mysql', host: 'db', user: 'u', database: 'd' },
        cache: { type: 'redis', host: 'cache' },
      },
    }),
  })
  return loadJob('job.json', {
    parameters: {},
    scheduledAt: new Date(),
    plugins: [path.join(testData, 'seed-plugins.ts')],
    usePlugins: true,
    searchFrom: [],
    environment: {},
    workingFolder: folder,
  })
}

it('reports of the documentation sample exactly what is wrong with it', async () => {
  const { plan, problems } = await load(sample)
  expect(plan).toBeUndefined()
  expect(problems.map(({ severity, line, column }) => [severity, line, column])).toEqual([
    ['error', 18, 34],
    ['warning', 34, 37],
    ['error', 36, 30],
    ['warning', 41, 43],
    ['error', 61, 26],
  ])
  expect(problems.map((problem) => problem.message)).toEqual([
    expect.stringMatching(/^steps\[0\]\.parameter\.connection\[0\]\.table: /),
    'steps[1].parameter.keyFieldDelimiter: the delimiter is the text "u0001"',
    'steps[1].parameter.datasource: data source "xc_mysql_demo2" is a mysql, but the redis writer needs redis',
    'steps[1].parameter.writeMode.valueFieldDelimiter: the delimiter is the text "u0001"',
    'steps[1].parameter.column[3].index: there is no column 3',
  ])
})

it('takes the sample after three changes, with the two warnings', async () => {
  const mended = sample
    .replace('"table": []', '"table": ["t"]')
    .replace('"table"\n                ],', '"table", "sex"\n                ],')
    .replace('"datasource":"xc_mysql_demo2"', '"datasource":"cache"')
  const { plan, problems } = await load(mended)
  expect(problems.map((problem) => problem.severity)).toEqual(['warning', 'warning'])
  expect(plan?.settings).toEqual({
    concurrency: 1,
    bytesPerSecond: 12_582_912,
    errorLimit: { record: 0 },
    timeZone: 'UTC',
  })
  expect(plan?.writer.config).toMatchObject({ keyFieldDelimiter: 'u0001' })
})
