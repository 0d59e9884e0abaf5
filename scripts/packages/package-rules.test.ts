import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { changesetEntries, checkChangesets } from './changeset-rules.mjs'
import { checkPackages, packageName } from './package-rules.mjs'
import { importedBy, readPackages } from './workspace-packages.mjs'

let root = ''

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'millrace-rules-'))
  writePackage('packages/core', { name: '@millrace/core' })
  writePackage('packages/writer-toy', {
    name: '@millrace/writer-toy',
    peerDependencies: { '@millrace/core': 'workspace:^' },
  })
  write('packages/writer-toy/tsconfig.json', '{"references": [{"path": "../core"}]}')
  write(
    '.changeset/first.md',
    `---\n'@millrace/core': minor\n"@millrace/writer-toy": minor\n---\n\nFirst.\n`,
  )
})

afterEach(() => rmSync(root, { recursive: true, force: true }))

function write(file: string, text: string): void {
  mkdirSync(dirname(join(root, file)), { recursive: true })
  writeFileSync(join(root, file), text)
}

function writePackage(folder: string, own: Record<string, unknown>): void {
  const manifest = {
    version: '0.0.0',
    description: 'A toy',
    license: 'Apache-2.0',
    type: 'module',
    engines: { node: '>=20.19.0' },
    files: ['dist', '!dist/.tsbuildinfo', 'src', '!src/**/*.test.ts', 'CHANGELOG.md'],
    exports: { '.': { '@millrace/source': './src/index.ts', default: './dist/index.js' } },
    repository: { directory: folder },
    publishConfig: { access: 'public' },
    ...own,
  }
  write(`${folder}/package.json`, JSON.stringify(manifest))
  write(`${folder}/README.md`, '# Toy\n')
  write(`${folder}/tsconfig.json`, '{"references": []}')
  write(`${folder}/src/index.ts`, 'export {}\n')
  write(`${folder}/dist/index.js`, 'export {}\n')
}

function mistakes(): string[] {
  const packages = readPackages(root)
  return [...checkPackages({ root, packages, built: true }), ...checkChangesets(root, packages)]
}

test('finds nothing in packages that are as they should be', () => {
  expect(mistakes()).toEqual([])
})

test('finds a missing README, and an exported file that was not built', () => {
  rmSync(join(root, 'packages/core/README.md'))
  rmSync(join(root, 'packages/core/dist/index.js'))
  expect(mistakes()).toEqual([
    'packages/core: has no README.md',
    'packages/core: exports or bin name ./dist/index.js, which is not there',
  ])
})

test('finds references that differ from the dependencies', () => {
  write('packages/writer-toy/tsconfig.json', '{"references": []}')
  write('packages/core/tsconfig.json', '{"references": [{"path": "../writer-toy"}]}')
  expect(mistakes()).toEqual([
    'packages/core: tsconfig.json references packages/writer-toy, on which package.json does not depend',
    'packages/writer-toy: tsconfig.json does not reference packages/core, on which package.json depends',
  ])
})

test('finds relative imports of what stands in another package', () => {
  write('packages/core/src/record/row.ts', "import { x } from '../index.ts'\n")
  write(
    'packages/writer-toy/src/output/text.ts',
    "import { row } from '../../../core/src/record/row.ts'\nexport * from '../index.ts'\nawait import('../../../../scripts/x.mjs')\n",
  )
  const why = 'what stands outside of the package is imported by the name of its package'
  expect(mistakes()).toEqual([
    `packages/writer-toy: packages/writer-toy/src/output/text.ts imports ../../../core/src/record/row.ts: ${why}`,
    `packages/writer-toy: packages/writer-toy/src/output/text.ts imports ../../../../scripts/x.mjs: ${why}`,
  ])
})

test('finds what a plugin may not import', () => {
  write(
    'packages/writer-toy/src/index.ts',
    `import { runJob } from '@millrace/core'\nimport type { Cell } from '@millrace/core/record'\nimport pg from 'pg'\n`,
  )
  expect(mistakes()).toEqual([
    'packages/writer-toy: packages/writer-toy/src/index.ts imports @millrace/core: a plugin imports only @millrace/core/plugin, /record and /sql',
    'packages/writer-toy: packages/writer-toy/src/index.ts imports pg, which is no dependency',
  ])
})

test('finds a plugin that brings its own core, or asks for exactly one', () => {
  writePackage('packages/writer-toy', {
    name: '@millrace/writer-toy',
    peerDependencies: { '@millrace/core': 'workspace:*' },
    dependencies: { '@millrace/core': 'workspace:^' },
  })
  write('packages/writer-toy/tsconfig.json', '{"references": [{"path": "../core"}]}')
  expect(mistakes()).toEqual([
    'packages/writer-toy: the range of its peerDependency @millrace/core is not "workspace:^"',
    'packages/writer-toy: @millrace/core is a dependency; it has to be a peerDependency alone',
  ])
})

test('lets what is bundled be a development dependency', () => {
  writePackage('packages/core', {
    name: '@millrace/core',
    devDependencies: { zod: '^4.0.0', ioredis: '^6.0.0' },
  })
  write('packages/core/src/index.ts', `export { z } from 'zod'\nexport { Redis } from 'ioredis'\n`)
  expect(mistakes()).toEqual([
    'packages/core: packages/core/src/index.ts imports ioredis, which is no dependency',
  ])
})

test('finds a package that imports a plugin', () => {
  write('packages/core/src/index.ts', `export const load = () => import('@millrace/writer-toy')\n`)
  expect(mistakes()).toEqual([
    'packages/core: packages/core/src/index.ts imports @millrace/writer-toy: plugins are resolved by stepType at run time, never imported',
    'packages/core: packages/core/src/index.ts imports @millrace/writer-toy, which is no dependency',
  ])
})

test('finds a dialect that imports more than the contract', () => {
  writePackage('packages/rdi', {
    name: '@millrace/rdi',
    peerDependencies: { '@millrace/core': 'workspace:^' },
  })
  write('packages/rdi/tsconfig.json', '{"references": [{"path": "../core"}]}')
  write('.changeset/rdi.md', `---\n'@millrace/rdi': minor\n---\n\nFirst.\n`)
  write(
    'packages/rdi/src/index.ts',
    `export { a } from '@millrace/core/sql'\nexport { b } from '@millrace/core/dialect'\n`,
  )
  expect(mistakes()).toEqual([
    'packages/rdi: packages/rdi/src/index.ts imports @millrace/core/sql: a dialect imports only @millrace/core/plugin, /record and /dialect',
  ])
})

test('finds a package without a changeset, and a changeset without a package', () => {
  write('.changeset/first.md', `---\n'@millrace/core': minor\n'@millrace/gone': huge\n---\n`)
  expect(mistakes()).toEqual([
    '.changeset/first.md: there is no package @millrace/gone',
    '.changeset/first.md: @millrace/gone: "huge" is none of major, minor, patch',
    'packages/writer-toy: no changeset names @millrace/writer-toy (npx changeset)',
  ])
})

test('reads the imports of a file', () => {
  const text = `import a from 'a'
import type { B } from "b/c"
import 'side-effect'
import {
  many,
  lines,
} from '@scope/many'
export * from './own.ts'
export const text = "from 'nowhere'"
const late = await import('late')
`
  expect(importedBy(text)).toEqual(['a', 'b/c', 'side-effect', '@scope/many', './own.ts', 'late'])
  expect(packageName('@scope/many/deep')).toBe('@scope/many')
  expect(packageName('b/c')).toBe('b')
})

test('reads the front matter of a changeset alone', () => {
  expect(changesetEntries(`---\n"@a/b": patch\n---\n\nc: minor\n`)).toEqual([
    { name: '@a/b', level: 'patch' },
  ])
})
