import { rmSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectNoLeak } from '../support/clear-error.ts'
import { JobFolder, type CommandResult } from '../support/job-folder.ts'
import { fuzzParameters } from './fuzz-parameters.ts'
import { mutatedJob, type MutatedFile } from './mutated-job.ts'
import { openTrial, type Trial } from './trial.ts'
import { isSecretTold } from './try-job.ts'

let trial: Trial

beforeAll(async () => {
  trial = await openTrial()
})

afterAll(async () => {
  await trial[Symbol.asyncDispose]()
})

/** Jobs that a mutation has made endless are stopped by a signal then. */
const stopAfterMs = 5000

test('the command refuses or runs mutated job files', { timeout: 3_600_000 }, async () => {
  const folder = new JobFolder(trial.makePlace().folder)
  const { seed, numRuns } = fuzzParameters('mutated job files of the command', 24)
  const files = mutatedJob(['job.json', 'job.jsonc', 'job.yaml'])
  for (const file of fc.sample(files, { seed: seed - 1, numRuns })) {
    if (!isSecretTold(file)) continue
    writeFileSync(folder.pathOf(file.name), file.bytes)
    const results = await Promise.all(
      ['check', 'preview', 'run'].map((command) => runCommand(folder, command, file)),
    )
    for (const result of results) expectAnswer(result)
    const [check, preview] = results
    expect(preview?.exitCode === 2 || check?.exitCode === 0, 'both find the same').toBe(true)
    rmSync(folder.pathOf(file.name))
  }
})

async function runCommand(
  folder: JobFolder,
  command: string,
  { name }: MutatedFile,
): Promise<CommandResult> {
  const flags = command === 'run' ? ['--progress', 'none', '--report', `report-${name}`] : []
  const { child, ended } = folder.start([command, folder.pathOf(name), ...flags])
  const timer = setTimeout(() => child.kill('SIGTERM'), stopAfterMs)
  return await ended.finally(() => clearTimeout(timer))
}

function expectAnswer(result: CommandResult): void {
  const { exitCode, stdout, stderr } = result
  const output = stdout + stderr
  expect([0, 1, 2, 3, 143], output).toContain(exitCode)
  expect(output.trim()).not.toBe('')
  if (exitCode === 2) expect(output).toMatch(/error/)
  expectNoLeak(result)
  expect(stderr).not.toMatch(/Warning:|UnhandledPromise|heap/)
}
