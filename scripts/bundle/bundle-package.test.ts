import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { bundleWorkspace } from './bundle-workspace.mjs'

let root = ''

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'millrace-bundle-'))
  write('pnpm-lock.yaml', '')
  write('scripts/bundle/settings.mjs', '')
  write('packages/core/package.json', JSON.stringify(manifest))
  write('packages/core/src/index.ts', `export { Fault } from './fault.ts'\nexport * from 'zod'\n`)
  write('packages/core/src/plugin/index.ts', `export { Fault } from '../fault.ts'\n`)
  write('packages/core/src/fault.ts', `export class Fault extends Error {}\n`)
  writeDependency('zod', { license: 'MIT License, zod' })
})

afterEach(() => rmSync(root, { recursive: true, force: true }))

const manifest = {
  name: '@millrace/core',
  type: 'module',
  exports: {
    '.': { '@millrace/source': './src/index.ts', default: './dist/index.js' },
    './plugin': { '@millrace/source': './src/plugin/index.ts', default: './dist/plugin/index.js' },
    './package.json': './package.json',
  },
  dependencies: { pg: '^8.0.0', zod: '^4.0.0' },
}

const dist = (name: string) => join(root, 'packages/core/dist', name)

function write(file: string, text: string): void {
  mkdirSync(dirname(join(root, file)), { recursive: true })
  writeFileSync(join(root, file), text)
}

function writeDependency(name: string, { license }: { license?: string }): void {
  const folder = `packages/core/node_modules/${name}`
  write(`${folder}/package.json`, JSON.stringify({ name, type: 'module', main: 'index.js' }))
  write(`${folder}/index.js`, `export const from = '${name}'\n`)
  if (license !== undefined) write(`${folder}/LICENSE.md`, license)
}

async function load(name: string): Promise<Record<string, unknown>> {
  return (await import(/* @vite-ignore */ pathToFileURL(dist(name)).href)) as Record<
    string,
    unknown
  >
}

test('takes in what is inlined with its license, and has every class once', async () => {
  expect(await bundleWorkspace(root)).toEqual(['packages/core'])
  const [index, plugin] = [await load('index.js'), await load('plugin/index.js')]
  expect(index['from']).toBe('zod')
  expect(index['Fault']).toBe(plugin['Fault'])
  expect(readFileSync(dist('THIRD-PARTY-NOTICES.txt'), 'utf8')).toContain('MIT License, zod')
})

test('leaves other dependencies to be imported', async () => {
  write('packages/core/src/index.ts', `export { Client } from 'pg'\n`)
  await bundleWorkspace(root)
  expect(readFileSync(dist('index.js'), 'utf8')).toMatch(/from ["']pg["']/)
  expect(existsSync(dist('THIRD-PARTY-NOTICES.txt'))).toBe(false)
})

test('works again only when sources or bundles have changed', async () => {
  await bundleWorkspace(root)
  expect(await bundleWorkspace(root)).toEqual([])
  write('packages/core/src/fault.ts', `export class Fault extends TypeError {}\n`)
  expect(await bundleWorkspace(root)).toEqual(['packages/core'])
  writeFileSync(dist('index.js'), `export * from './fault.js'\n`)
  expect(await bundleWorkspace(root)).toEqual(['packages/core'])
  expect(readFileSync(dist('index.js'), 'utf8')).toContain('zod')
  rmSync(dist('plugin/index.js'))
  expect(await bundleWorkspace(root)).toEqual(['packages/core'])
})

test('removes JavaScript of earlier builds, and leaves declarations', async () => {
  write('packages/core/dist/job/old.js', '')
  write('packages/core/dist/job/old.js.map', '')
  write('packages/core/dist/job/old.d.ts', '')
  await bundleWorkspace(root)
  expect(existsSync(dist('job/old.js'))).toBe(false)
  expect(existsSync(dist('job/old.js.map'))).toBe(false)
  expect(existsSync(dist('job/old.d.ts'))).toBe(true)
})

test('refuses to take in what was not meant to be, or has no license', async () => {
  writeDependency('left-pad', { license: 'WTFPL' })
  write('packages/core/src/index.ts', `export * from 'left-pad'\n`)
  await expect(bundleWorkspace(root)).rejects.toThrow(/left-pad would be bundled/)
  rmSync(join(root, 'packages/core/node_modules/zod/LICENSE.md'))
  write('packages/core/src/index.ts', `export * from 'zod'\n`)
  await expect(bundleWorkspace(root)).rejects.toThrow(/zod is bundled, but brings no license/)
})

test('bundles only the packages that are named', async () => {
  expect(await bundleWorkspace(root, ['packages/other'])).toEqual([])
  expect(existsSync(dist('index.js'))).toBe(false)
})
