import { expect, it } from 'vitest'
import { documentedJobs } from '../../test-data/documented-jobs.ts'
import { musicConfig, readJobText, shown } from '../../test-data/pipeline-folder.ts'

/** All tables are read, so that jobs may name any. */
const config = musicConfig.replace(/ {4}schemas[\s\S]*?(?=targets)/, '')

it.each(documentedJobs)('reads %s', async (_page, text) => {
  const { pipeline, problems } = await readJobText(text, config)
  const warnings = problems.filter(({ message }) => !message.endsWith('cache: has no effect'))
  expect(warnings.map(shown)).toEqual([])
  expect(pipeline?.jobs).toHaveLength(1)
})

it.each(['an expiry from a column', 'several keys'])(
  'says what lacks where %s is shown without a table',
  async (page) => {
    const [, text = ''] = documentedJobs.find(([name]) => name === page) ?? []
    const { pipeline, problems } = await readJobText(text.replace(/^source.*\n/, ''), config)
    expect(pipeline).toBeUndefined()
    expect(problems.map(shown)).toEqual([
      'jobs/job.yaml:1:1 error source: is missing: expected the table that the job is for | Add: source: { table: <name> }, with schema or db.',
    ])
  },
)
