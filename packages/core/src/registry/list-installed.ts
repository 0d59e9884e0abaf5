import { readdir, readFile, realpath } from 'node:fs/promises'
import path from 'node:path'
import type { Dialect } from '../dialect/dialect.ts'
import { findDialect } from '../dialect/find-dialect.ts'
import type { Plugin } from '../plugin/define.ts'
import { loadModule } from './load-module.ts'
import { findModule, resolveModule } from './resolve-module.ts'

/** A plugin package that is installed; `plugins`, `dialect` or `problem` says what came of loading it. */
export interface InstalledPackage {
  /** Name of the package. */
  readonly name: string
  readonly version: string | undefined
  /** Folder of the package. */
  readonly folder: string
  readonly plugins: readonly Plugin[]
  readonly dialect?: Dialect
  readonly problem?: string
}

/** Dialects are known by name: `@millrace/<name>`. */
const dialects: Readonly<Record<string, string>> = { '@millrace/rdi': 'rdi' }

const pluginPackage = /^(?:@millrace\/|millrace-)(?:reader|writer)-/

/**
 * Every installed plugin package that a lookup from these folders can see, by name. Of a package that is installed
 * several times, the one that a lookup would take. Loads them all.
 */
export async function listInstalled(searchFrom: readonly string[]): Promise<InstalledPackage[]> {
  const found = new Map<string, InstalledPackage>()
  for (const folder of new Set(searchFrom.map((one) => path.resolve(one)))) {
    for (const name of await visiblePackages(folder)) {
      if (found.has(name)) continue
      const installed = await inspect(name, folder)
      if (installed !== undefined) found.set(name, installed)
    }
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}

/**
 * A package or file that is named, as `--plugin` does: its plugins, or what is wrong with it. A relative path starts from the
 * first of the folders; packages are looked for from each in turn.
 */
export async function inspectModule(
  specifier: string,
  searchFrom: readonly string[],
): Promise<InstalledPackage> {
  const found = { name: specifier, version: undefined, folder: searchFrom[0] ?? '', plugins: [] }
  const module = findModule(specifier, searchFrom)
  if (module === undefined) return { ...found, problem: 'there is no such plugin module' }
  const { folder } = module
  if ('broken' in module) return { ...found, folder, problem: module.broken }
  return { ...found, folder, ...(await loadModule(module.url, specifier)) }
}

async function visiblePackages(from: string): Promise<string[]> {
  const names: string[] = []
  for (let folder = from; ; folder = path.dirname(folder)) {
    const modules = path.join(folder, 'node_modules')
    const scoped = (await entriesOf(path.join(modules, '@millrace'))).map(
      (name) => `@millrace/${name}`,
    )
    const all = [...scoped, ...(await entriesOf(modules))]
    names.push(...all.filter(isPluginPackage))
    if (path.dirname(folder) === folder) return [...new Set(names)]
  }
}

function isPluginPackage(name: string): boolean {
  return pluginPackage.test(name) || Object.hasOwn(dialects, name)
}

async function entriesOf(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch {
    return []
  }
}

async function inspect(name: string, from: string): Promise<InstalledPackage | undefined> {
  const { version, folder } = await manifestOf(name, from)
  const resolved = resolveModule(name, from)
  if (resolved === undefined) return undefined
  if ('broken' in resolved) return { name, version, folder, plugins: [], problem: resolved.broken }
  const dialectName = dialects[name]
  if (dialectName !== undefined) {
    const found = await findDialect(dialectName, [from])
    const outcome = 'dialect' in found ? { dialect: found.dialect } : { problem: found.problem }
    return { name, version, folder, plugins: [], ...outcome }
  }
  const loaded = await loadModule(resolved.url, name)
  if ('problem' in loaded) return { name, version, folder, plugins: [], problem: loaded.problem }
  return { name, version, folder, plugins: loaded.plugins }
}

async function manifestOf(
  name: string,
  from: string,
): Promise<{ version: string | undefined; folder: string }> {
  for (let folder = from; ; folder = path.dirname(folder)) {
    const home = path.join(folder, 'node_modules', name)
    try {
      const text = await readFile(path.join(home, 'package.json'), 'utf8')
      const { version } = JSON.parse(text) as { version?: unknown }
      const known = typeof version === 'string' ? version : undefined
      return { version: known, folder: await realpath(home) }
    } catch {
      if (path.dirname(folder) === folder) return { version: undefined, folder: home }
    }
  }
}
