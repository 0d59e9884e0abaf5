import { afterAll, beforeAll, test } from 'vitest'
import { dataSourceCorpus, jobOfSources } from './job-corpus.ts'
import { mutatedFile, mutatedJob } from './mutated-job.ts'
import { expectSpread, openTrial, tryFiles, type Trial } from './trial.ts'

let trial: Trial

beforeAll(async () => {
  trial = await openTrial()
})

afterAll(async () => {
  await trial[Symbol.asyncDispose]()
})

const timeout = 3_600_000

test('mutated JSON job files run, or are refused with place and reason', { timeout }, async () => {
  const outcomes = await tryFiles({
    title: 'mutated JSON job files',
    files: mutatedJob(['job.json', 'job.jsonc', 'job']),
    numRuns: 7000,
    makePlace: () => trial.makePlace(),
  })
  expectSpread(outcomes, ['refused', 'failed', 'complete'])
})

test(
  'mutated data source files are used, or refused with place and reason',
  { timeout },
  async () => {
    const jobs = { 'target.json': jobOfSources('target'), 'both.json': jobOfSources('both') }
    for (const job of ['target.json', 'both.json']) {
      const outcomes = await tryFiles({
        title: `mutated data source files of ${job}`,
        files: mutatedFile(dataSourceCorpus(trial.redisPort), [
          'datasources.yaml',
          'datasources.json',
        ]),
        numRuns: 250,
        makePlace: () => trial.makePlace(jobs),
        job,
      })
      expectSpread(outcomes, ['refused', job === 'target.json' ? 'complete' : 'failed'])
    }
  },
)
