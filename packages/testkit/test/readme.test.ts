import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { readerCases, writerCases } from '../src/index.ts'

const pathOf = (name: string) => fileURLToPath(new URL(name, import.meta.url))

test.each(['lines-reader.test.mjs', 'lines-writer.test.ts'])(
  'the README shows %s as it is',
  async (name) => {
    const readme = await readFile(pathOf('../README.md'), 'utf8')
    const example = await readFile(pathOf(`examples/${name}`), 'utf8')
    const blocks = [...readme.matchAll(/```\w+\n([\s\S]*?)```/g)].map(([, code]) => code)
    expect(blocks).toContain(example)
  },
)

test('the README names every promise', async () => {
  const readme = (await readFile(pathOf('../README.md'), 'utf8')).replaceAll(/\s+/g, ' ')
  const promises = [...readerCases, ...writerCases].map(({ promise }) => promise)
  expect(promises.filter((promise) => !readme.includes(promise))).toEqual([])
})

/** What the runner says in the end. */
async function runOfNode(file: string): Promise<string> {
  // A process that is under a runner itself reports to that one.
  const env = { ...process.env, NODE_OPTIONS: '', NODE_TEST_CONTEXT: undefined }
  const run = promisify(execFile)(
    process.execPath,
    ['--test', '--test-reporter=tap', pathOf(`examples/${file}`)],
    { env },
  )
  return await run.then(
    ({ stdout }) => stdout,
    (error: { stdout: string }) => error.stdout,
  )
}

test('the suite runs under the runner of Node, for a plugin in plain JavaScript', async () => {
  const output = await runOfNode('lines-reader.test.mjs')
  expect(output).toMatch(/^# fail 0$/m)
  const [passed, skipped] = ['pass', 'skipped'].map((word) =>
    Number(new RegExp(`^# ${word} (\\d+)$`, 'm').exec(output)?.[1]),
  )
  expect(passed).toBeGreaterThan(25)
  expect(skipped).toBeGreaterThan(25)
  expect(output).toContain('(skipped: it reads a file, which is one table) # SKIP')
})
