import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { collectExamples, examplesIn } from './collect-examples.mjs'
import { compileExamples } from './compile-examples.mjs'

const fence = '```'
let root = ''

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'millrace-examples-')))
  write('package.json', '{ "type": "module" }')
  write('src/index.ts', `export { double, type Even } from './double.ts'\n`)
  write('node_modules/@types/node/index.d.ts', '')
  write('node_modules/thing/package.json', '{ "name": "thing", "types": "index.d.ts" }')
  write(
    'node_modules/thing/index.d.ts',
    'export type Even = number\nexport declare function double(of: number): Even\n',
  )
})

afterEach(() => rmSync(root, { recursive: true, force: true }))

function write(file: string, text: string): void {
  mkdirSync(dirname(join(root, file)), { recursive: true })
  writeFileSync(join(root, file), text)
}

function comment(code: string): string {
  return `/**\n * Doubles.\n *\n * @example\n * ${fence}ts\n * ${code}\n * ${fence}\n */\n`
}

test('finds the code of doc comments and pages', () => {
  expect(examplesIn(comment('double(2)'), 'a.ts')).toEqual([
    { file: 'a.ts', line: 6, code: 'double(2)\n' },
  ])
  const page = `# Page\n\n${fence}js\nconst a = 1\n\ndouble(a)\n${fence}\n\n${fence}sh\nnpm test\n${fence}\n`
  expect(examplesIn(page, 'page.md')).toEqual([
    { file: 'page.md', line: 4, code: 'const a = 1\n\ndouble(a)\n' },
  ])
})

test('names the place of what does not compile', { timeout: 60_000 }, () => {
  write('src/good.ts', comment('const four: Even = double(2)'))
  write('src/wrong.ts', comment(`double('2')`))
  write('page.md', `${fence}js\nimport { double } from 'thing'\n\nhalve(double(2))\n${fence}\n`)
  const examples = collectExamples(root, ['src', 'page.md'])
  expect(examples).toHaveLength(3)
  expect(compileExamples(root, examples, { thing: 'src/index.ts' })).toEqual([
    `src/wrong.ts:6: Argument of type 'string' is not assignable to parameter of type 'number'.`,
    `page.md:4: Cannot find name 'halve'.`,
  ])
})

test('compiles the files of a page together', { timeout: 60_000 }, () => {
  const wrong = `${fence}ts file=src/wrong.ts\nimport { four } from './four.js'\n\nfour.length\n${fence}\n`
  write(
    'page.md',
    `${fence}ts file=src/four.ts\nexport const four: number = 4\n${fence}\n\n${wrong}`,
  )
  const examples = collectExamples(root, ['page.md'])
  expect(examples.map(({ name }) => name)).toEqual(['src/four.ts', 'src/wrong.ts'])
  expect(compileExamples(root, examples, {})).toEqual([
    `page.md:8: Property 'length' does not exist on type 'number'.`,
  ])
})
