import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { fillTemplate, majorRange, nameMistake } from '../src/plugin-package.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const command = path.join(root, 'apps/cli/bin/millrace.js')
let folder = ''

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'millrace-create-'))
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

function run(file: string, args: readonly string[], cwd: string) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [file, ...args], {
    cwd,
    encoding: 'utf8',
  })
  return { status, stdout, stderr, output: stdout + stderr }
}

const millrace = (args: readonly string[], cwd = folder) => run(command, args, cwd)

/** What an editor does with the types in the comments of plain JavaScript. */
const checkJavaScript = [
  '--noEmit --allowJs --checkJs --strict --skipLibCheck --module nodenext --target es2023',
  `--types node --typeRoots ${path.join(root, 'node_modules/@types')}`,
  'src/index.js test/conformance.test.js',
].flatMap((flags) => flags.split(' '))

/** What npm would have installed: the packages of the workspace. */
function linkDependencies(home: string): void {
  const modules = path.join(home, 'node_modules')
  mkdirSync(path.join(modules, '@millrace'), { recursive: true })
  mkdirSync(path.join(modules, '@types'))
  const { devDependencies } = readManifest(home)
  for (const name of Object.keys(devDependencies)) {
    const place = name === 'zod' ? 'packages/core/node_modules/zod' : `node_modules/${name}`
    symlinkSync(path.join(root, place), path.join(modules, name))
  }
}

function readManifest(home: string) {
  return JSON.parse(readFileSync(path.join(home, 'package.json'), 'utf8')) as {
    name: string
    devDependencies: Record<string, string>
  }
}

describe.each([
  ['reader', 'typescript'],
  ['reader', 'javascript'],
  ['writer', 'typescript'],
  ['writer', 'javascript'],
] as const)('millrace create %s --language %s', (kind, language) => {
  const home = () => path.join(folder, `millrace-${kind}-acme-db`)

  function create(): void {
    const created = millrace(['create', kind, 'acme-db', '--language', language])
    expect(created).toMatchObject({ status: 0, stdout: expect.stringContaining('npm install') })
    linkDependencies(home())
    const compiler = path.join(root, 'node_modules/typescript/bin/tsc')
    const flags = language === 'javascript' ? checkJavaScript : []
    expect(run(compiler, flags, home())).toMatchObject({ status: 0, output: '' })
  }

  test('makes a package that builds and passes the suite', () => {
    create()
    const suite =
      language === 'javascript' ? 'test/conformance.test.js' : 'dist/test/conformance.test.js'
    const tested = run('--test', ['--test-reporter=tap', suite], home())
    expect(tested.output).toMatch(/^# fail 0$/m)
    expect(tested.status).toBe(0)
    const passed = Number(/^# pass (\d+)$/m.exec(tested.output)?.[1])
    expect(passed).toBeGreaterThan(10)
  })

  test('makes a package with a job that runs', () => {
    create()
    const ran = millrace(['run', 'sample/job.json', '--progress', 'none'], home())
    expect(ran).toMatchObject({ status: 0 })
    if (kind === 'reader') {
      expect(ran.stdout).toBe('1\tAda\tLondon\n2\tGrace\tnull\n9007199254740993\tHedy\tVienna\n')
    } else {
      const written = readFileSync(path.join(home(), 'people.jsonl'), 'utf8')
      expect(written).toBe('["1","Ada"]\n["2","Grace"]\n')
    }
  })

  test('makes files without placeholders, in the form of Prettier', () => {
    millrace(['create', kind, 'acme-db', '--language', language])
    const prettier = path.join(root, 'node_modules/prettier/bin/prettier.cjs')
    const style = ['--config', path.join(root, '.prettierrc'), '--ignore-path', 'none', '--check']
    expect(run(prettier, [...style, '.'], home())).toMatchObject({ status: 0 })
    expect(readManifest(home()).name).toBe(`millrace-${kind}-acme-db`)
    for (const file of ['package.json', 'README.md', 'sample/job.json', '.gitignore'])
      expect(readFileSync(path.join(home(), file), 'utf8')).not.toContain('{{')
  })
})

test('writes nothing where something is', () => {
  mkdirSync(path.join(folder, 'mine'))
  writeFileSync(path.join(folder, 'mine/notes.txt'), 'dear')
  expect(millrace(['create', 'reader', 'acme', '--dir', 'mine'])).toMatchObject({
    status: 2,
    stderr: 'error: mine is not empty: name a new folder with --dir\n',
  })
  expect(existsSync(path.join(folder, 'mine/package.json'))).toBe(false)
})

test.each([
  '',
  'Acme',
  '1st',
  'a_b',
  'a--b',
  '-a',
  '../a',
  'a'.repeat(51),
  'acme-reader',
  'reader',
  'millrace-acme',
])('refuses the name "%s"', (name) => {
  expect(nameMistake('reader', name)).toMatch(/is no name for a reader/)
  expect(millrace(['create', 'reader', '--', name])).toMatchObject({ status: 2, stdout: '' })
})

test('refuses the name of a reader that Millrace has', () => {
  expect(millrace(['create', 'reader', 'mariadb'])).toMatchObject({
    status: 2,
    stderr: `error: "mariadb" is a reader of Millrace's own: a job could not tell the two apart\n`,
  })
})

test('fills templates', () => {
  const plugin = {
    kind: 'writer',
    language: 'typescript',
    name: 'acme-db',
    coreRange: majorRange('1.4.2'),
    cliRange: majorRange('0.0.0'),
    node: '>=20',
  } as const
  expect(
    fillTemplate('{{identifier}} {{package}} {{coreRange}} {{cliRange}} {{other}} #{id}', plugin),
  ).toBe('acmeDb millrace-writer-acme-db ^1.0.0 ^0.0.0 {{other}} #{id}')
})
