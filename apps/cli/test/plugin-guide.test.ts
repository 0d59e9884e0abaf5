import { spawnSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { afterEach, beforeEach, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const command = path.join(root, 'apps/cli/bin/millrace.js')
let folder = ''

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'millrace-guide-'))
  symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'))
  write('package.json', '{ "type": "module" }')
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

function write(name: string, text: string): void {
  const file = path.join(folder, name)
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, text)
}

/** Writes the files that a page shows, TypeScript also as the JavaScript that `tsc` makes of it. */
function writeFilesOf(page: string): void {
  const text = readFileSync(path.join(root, 'docs/plugins', page), 'utf8')
  for (const [, name = '', code = ''] of text.matchAll(/^```\w+ file=(\S+)\n([\s\S]*?)^```/gm)) {
    write(name, code)
    if (!name.endsWith('.ts')) continue
    const { outputText } = ts.transpileModule(code, {
      compilerOptions: {
        target: ts.ScriptTarget.ES2023,
        module: ts.ModuleKind.ESNext,
        verbatimModuleSyntax: true,
      },
    })
    write(path.join('dist', name.replace(/\.ts$/, '.js')), outputText)
  }
}

function run(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: folder,
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

function passSuite(file: string): void {
  const { stdout } = run('--test', '--test-reporter=tap', file)
  expect(stdout).toMatch(/^# fail 0$/m)
  expect(Number(/^# pass (\d+)$/m.exec(stdout)?.[1])).toBeGreaterThan(10)
}

test('the smallest reader of the guide passes the suite and runs in a job', () => {
  writeFilesOf('first-reader.md')
  passSuite('conformance.test.js')
  expect(run(command, 'run', 'job.json')).toMatchObject({ status: 0, stdout: '1\tAda\n2\tnull\n' })
})

test('the reader of the guide passes the suite and runs in a job', () => {
  writeFilesOf('first-reader.md')
  passSuite('dist/test/conformance.test.js')
  write('sample/people/1.tsv', '1\tAda\t1815-12-10\n2\tGrace\t\\N\n')
  write('sample/people/2.tsv', '9007199254740993\tHedy\t1914-11-09\n4\tonly two cells\n')
  const ran = run(command, 'run', 'sample/job.json', '--plugin', './dist/src/index.js')
  expect(ran.status).toBe(0)
  expect(ran.stdout.split('\n').sort()).toEqual([
    '',
    '1\tAda\t1815-12-10',
    '2\tGrace\tnull',
    '9007199254740993\tHedy\t1914-11-09',
  ])
  expect(ran.stderr).toContain('1 WRONG_COLUMN_COUNT: 2.tsv:2 has 2 cells')
})

test('the writer of the guide passes the suite and runs in a job', () => {
  writeFilesOf('first-writer.md')
  passSuite('dist/test/conformance.test.js')
  mkdirSync(path.join(folder, 'cards'))
  const preview = run(command, 'preview', 'sample/job.json')
  expect(preview.stdout).toContain(String.raw`PUT 1 "{\"id\":\"1\",\"name\":\"Ada\"}"`)
  expect(run(command, 'run', 'sample/job.json').status).toBe(0)
  expect(readdirSync(path.join(folder, 'cards')).sort()).toEqual(['1.json', '2.json'])
})
