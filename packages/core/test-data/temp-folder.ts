import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { onTestFinished } from 'vitest'

/** A folder with the given files (by relative path), removed when the test ends. */
export function temporaryFolder(files: Readonly<Record<string, string | Uint8Array>> = {}): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'millrace-core-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(folder, name)
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, content)
  }
  return folder
}

/** A node_modules package with one module. */
export function packageFiles(
  name: string,
  source: string,
  manifest: Readonly<Record<string, unknown>> = {},
): Record<string, string> {
  const json = JSON.stringify({
    name,
    version: '1.2.3',
    type: 'module',
    exports: './index.js',
    ...manifest,
  })
  return {
    [`node_modules/${name}/package.json`]: json,
    [`node_modules/${name}/index.js`]: source,
  }
}

/**
 * Source of a module with one plugin, written without any library: parameters `datasource`, `table`, `column` and
 * `batchSize`, checked by hand.
 */
export function pluginSource(
  kind: 'reader' | 'writer',
  stepType: string,
  options: { readonly apiVersion?: unknown; readonly accepts?: readonly string[] } = {},
): string {
  return `
const validate = (value) => {
  const issues = []
  const size = value.batchSize
  if (size !== undefined && !/^[1-9][0-9]*$/.test(String(size))) {
    issues.push({
      path: ['batchSize'],
      message: 'expected an integer of at least 1, found ' + JSON.stringify(size),
    })
  }
  return issues.length > 0 ? { issues } : { value: { ...value } }
}
const properties = {
  datasource: { type: 'string' },
  table: { type: 'string' },
  column: { type: 'array', items: { type: 'string' } },
  batchSize: { type: ['number', 'string'] },
  keyIndex: { type: 'number' },
  connection: { type: 'object', properties: { jdbcUrl: {}, username: {}, password: {} } },
}
const input = () => ({ type: 'object', properties })
export const plugin = {
  apiVersion: ${'apiVersion' in options ? JSON.stringify(options.apiVersion) : 1},
  kind: '${kind}',
  stepType: '${stepType}',
  description: 'A ${kind} for tests',
  capabilities: { parallelSplits: false, resumableSplits: false, follow: false, deletes: false },
  config: { '~standard': { version: 1, vendor: 'test', validate, jsonSchema: { input, output: input } } },
  dataSourceTypes: ${JSON.stringify(options.accepts ?? [])},
  dataSources: (config) => [
    ...(config.datasource === undefined ? [] : [{ path: ['datasource'], name: config.datasource }]),
    ...(config.connection === undefined
      ? []
      : [{ path: ['connection', 'jdbcUrl'], inline: config.connection }]),
  ],
  columnNames: (config) => config.column,
  validate: (config, job) =>
    config.keyIndex >= (job?.readerColumns?.length ?? Infinity)
      ? [{ severity: 'error', path: ['keyIndex'], message: 'there is no column ' + config.keyIndex }]
      : [],
  validateDataSource: ({ properties }) =>
    Object.keys(properties).map((name) => ({
      severity: name === 'broken' ? 'error' : 'warning',
      path: [],
      message: 'the property ' + name + ' has no effect',
      hint: 'Take it out.',
    })),
  guarantee: () => ({ isIdempotent: true }),
  open: () => Promise.reject(new Error('not opened in tests')),
}
`
}
