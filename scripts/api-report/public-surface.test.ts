import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { publicSurfaces } from './public-surface.mjs'

let folder = ''

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'millrace-surface-')))
  write('package.json', '{ "type": "module" }')
  write('dist/cell.d.ts', `/** One value. */\nexport type Cell = string | null\n`)
  write('dist/record.d.ts', `export type { Cell } from './cell.ts'\n`)
  write(
    'dist/hidden.d.ts',
    `import type { Deep } from './deep.ts'\nexport interface Hidden { deep: Deep }\n`,
  )
  write('dist/deep.d.ts', `export interface Deep { depth: number }\n`)
  write(
    'dist/plugin.d.ts',
    `import type { Cell } from './cell.ts'
import type { Hidden } from './hidden.ts'
export * as other from 'other'
/** Reads. */
export interface Reader {
  /** A cell. */
  read(from: Hidden): Cell
}
export declare const limit: number
`,
  )
  write('node_modules/other/index.d.ts', `export declare const foreign: string\n`)
  write('node_modules/other/package.json', '{ "name": "other", "types": "index.d.ts" }')
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

function write(file: string, text: string): void {
  mkdirSync(dirname(join(folder, file)), { recursive: true })
  writeFileSync(join(folder, file), text)
}

function surfaceOf(name: string): string | undefined {
  const entryPoints = ['plugin', 'record'].map((one) => {
    return { name: one, file: join(folder, 'dist', `${one}.d.ts`) }
  })
  return publicSurfaces(entryPoints, join(folder, 'dist')).get(name)
}

test('lists what is exported, and what it names that nobody can import', () => {
  expect(surfaceOf('plugin')).toBe(`# plugin

export interface Reader {
    read(from: Hidden): Cell;
}

export declare const limit: number;

other: of other

# named above, and not exported

export interface Deep {
    depth: number;
}

export interface Hidden {
    deep: Deep;
}
`)
  expect(surfaceOf('record')).toBe('# record\n\nexport type Cell = string | null;\n')
})

test('is the same after a change of a comment, and another after one of a hidden type', () => {
  const before = surfaceOf('plugin')
  write('dist/deep.d.ts', `/** Deep. */\nexport interface Deep { depth: number }\n`)
  expect(surfaceOf('plugin')).toBe(before)
  write('dist/deep.d.ts', `export interface Deep { depth: string }\n`)
  expect(surfaceOf('plugin')).not.toBe(before)
})

test('says so when there is no build', () => {
  rmSync(join(folder, 'dist/plugin.d.ts'))
  expect(() => surfaceOf('plugin')).toThrow(/is no module: build first/)
})
