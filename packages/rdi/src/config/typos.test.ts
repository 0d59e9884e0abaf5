import { expect, it } from 'vitest'
import { readFiles, secrets, shown } from '../../test-data/pipeline-folder.ts'
import { fullPipeline, typos, type Typo } from '../../test-data/typos.ts'

const files = {
  config: 'config.yaml',
  invoice: 'jobs/invoice.yaml',
  line: 'jobs/line.yml',
} as const

const environment = { ...secrets, CACERT: '' }

async function outcome([file, part, typo]: Typo): Promise<string | undefined> {
  const name = files[file]
  const text: string = fullPipeline[name]
  const right = part.replace('^', '')
  const start = text.indexOf(right)
  if (start < 0) throw new Error(`${JSON.stringify(right)} is not in ${name}`)
  const offset = start + part.indexOf('^')
  const word = part.slice(part.indexOf('^') + 1)
  const broken = text.slice(0, offset) + typo + text.slice(offset + word.length)
  const before = text.slice(0, offset).split('\n')
  const [line, column] = [before.length, (before.at(-1)?.length ?? 0) + 1]
  const { problems } = await readFiles({ ...fullPipeline, [name]: broken }, environment)
  const suggested = word.replace(/: .*/, '')
  const isRight = problems.some(
    (problem) =>
      problem.file === `shop/${name}` &&
      problem.line === line &&
      problem.column === column &&
      problem.hint?.includes(`Did you mean "${suggested}"?`),
  )
  const errors = problems.filter(({ severity }) => severity === 'error')
  if (isRight && errors.length <= 1) return undefined
  const found = (isRight ? errors : problems).map(shown).join('\n    ')
  return `${isRight ? 'more than one error' : 'not found'}: ${typo} at ${name}:${line}:${column}\n    ${found}`
}

it('has nothing to say of the pipeline as it is', async () => {
  const { problems, pipeline } = await readFiles(fullPipeline, environment)
  expect(problems.filter(({ severity }) => severity === 'error').map(shown)).toEqual([])
  expect(pipeline?.jobs.map(({ name }) => name)).toEqual(['invoice', 'line'])
})

it('finds the place of a hundred typos, and what was meant', async () => {
  const outcomes = await Promise.all(typos.map(outcome))
  const missed = outcomes.filter((text) => text?.startsWith('not found'))
  expect(typos.length).toBeGreaterThanOrEqual(100)
  expect(missed.length / typos.length, missed.join('\n')).toBeLessThanOrEqual(0.05)
  const doubled = outcomes.filter((text) => text?.startsWith('more than one'))
  expect(doubled, doubled.join('\n')).toEqual([])
}, 60_000)
