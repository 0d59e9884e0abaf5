import { afterAll, beforeAll, expect, test } from 'vitest'
import { dataSourceCorpus, jobOfSources } from './job-corpus.ts'
import { mutatedFile, mutatedJob } from './mutated-job.ts'
import { openTrial, tryFiles, type Trial } from './trial.ts'

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
  // Mutations that all break the files alike would try very little.
  for (const outcome of ['refused', 'failed', 'complete'] as const)
    expect(outcomes.get(outcome), outcome).toBeGreaterThan(200)
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
      const outcome = job === 'target.json' ? 'complete' : 'failed'
      expect(outcomes.get(outcome), outcome).toBeGreaterThan(5)
      expect(outcomes.get('refused')).toBeGreaterThan(50)
    }
  },
)
