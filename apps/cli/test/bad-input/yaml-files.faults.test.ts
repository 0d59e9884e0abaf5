import { afterAll, beforeAll, test } from 'vitest'
import { mutatedJob } from './mutated-job.ts'
import { expectSpread, openTrial, tryFiles, type Trial } from './trial.ts'

let trial: Trial

beforeAll(async () => {
  trial = await openTrial()
})

afterAll(async () => {
  await trial[Symbol.asyncDispose]()
})

const timeout = 3_600_000

test('mutated YAML job files run, or are refused with place and reason', { timeout }, async () => {
  const outcomes = await tryFiles({
    title: 'mutated YAML job files',
    files: mutatedJob(['job.yaml', 'job.yml']),
    numRuns: 2500,
    makePlace: () => trial.makePlace(),
  })
  expectSpread(outcomes, ['refused', 'failed', 'complete'])
})
