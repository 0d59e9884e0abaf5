import fc from 'fast-check'
import { expect, it } from 'vitest'
import { readFiles, secrets } from '../../test-data/pipeline-folder.ts'
import { fullPipeline } from '../../test-data/typos.ts'

const names = Object.keys(fullPipeline) as (keyof typeof fullPipeline)[]

/** What a file looks like while somebody edits it: lines gone, twice, shifted, or with another value. */
const edit = fc.record({
  name: fc.constantFrom(...names),
  line: fc.nat(100),
  how: fc.constantFrom('gone', 'twice', 'shifted', 'null', 'list', 'number', 'garbled'),
  noise: fc.string({ maxLength: 8 }),
})

type Edit = typeof edit extends fc.Arbitrary<infer T> ? T : never

function edited(text: string, { line, how, noise }: Omit<Edit, 'name'>): string {
  const lines = text.split('\n')
  const index = line % lines.length
  const old = lines[index] ?? ''
  const value = { null: 'null', list: '[a, 1, {b: c}]', number: '-7.5', garbled: noise }
  const by =
    how === 'gone'
      ? []
      : how === 'twice'
        ? [old, old]
        : how === 'shifted'
          ? [`  ${old}`]
          : [old.replace(/: .*|:$/, () => `: ${value[how]}`)]
  return lines.toSpliced(index, 1, ...by).join('\n')
}

it('throws for no file, and has a place for everything wrong in one', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 4 }), async (edits) => {
      const files: Record<string, string> = { ...fullPipeline }
      for (const { name, ...how } of edits) files[name] = edited(files[name] ?? '', how)
      const { pipeline, problems } = await readFiles(files, { ...secrets, CACERT: '' })
      const errors = problems.filter(({ severity }) => severity === 'error')
      expect(pipeline === undefined).toBe(errors.length > 0)
      for (const { file, line, column } of problems) {
        expect(file).toMatch(/^shop\/(config.yaml|jobs\/)/)
        expect(line).toBeGreaterThan(0)
        expect(column).toBeGreaterThan(0)
      }
    }),
    { numRuns: 150 },
  )
}, 60_000)
