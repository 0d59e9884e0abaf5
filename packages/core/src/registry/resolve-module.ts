import { existsSync, statSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { moduleResolve } from 'import-meta-resolve'

/** Where a module is, or why it cannot be loaded although it is there. `undefined`: it is not there. */
export type ResolvedModule = { readonly url: string } | { readonly broken: string } | undefined

// Run from TypeScript source, Millrace takes the source of its workspace's packages too; from a build, their builds.
const runsFromSource = import.meta.url.endsWith('.ts')
const conditions = new Set([...(runsFromSource ? ['@millrace/source'] : []), 'node', 'import'])

/**
 * Finds a module as `import` in a file of `folder` would: a package, a path relative to the folder (`./reader.js`), an
 * absolute path or a `file:` URL.
 */
export function resolveModule(specifier: string, folder: string): ResolvedModule {
  if (specifier.trim() === '') return undefined
  if (isPath(specifier)) return resolvePath(specifier, folder)
  const parent = pathToFileURL(path.join(path.resolve(folder), 'millrace.js'))
  try {
    const url = moduleResolve(specifier, parent, conditions)
    return url.protocol === 'file:' ? { url: url.href } : undefined
  } catch (error) {
    return brokenPackage(error)
  }
}

/** What the first of the folders gives from which the module can be seen, with that folder. */
export function findModule(
  specifier: string,
  folders: readonly string[],
): (NonNullable<ResolvedModule> & { readonly folder: string }) | undefined {
  for (const folder of new Set(folders)) {
    const resolved = resolveModule(specifier, folder)
    if (resolved !== undefined) return { ...resolved, folder }
  }
  return undefined
}

function isPath(specifier: string): boolean {
  return (
    /^\.{1,2}(?:[/\\]|$)/.test(specifier) || /^file:/i.test(specifier) || path.isAbsolute(specifier)
  )
}

function resolvePath(specifier: string, folder: string): ResolvedModule {
  let file: string
  try {
    file = /^file:/i.test(specifier) ? fileURLToPath(specifier) : path.resolve(folder, specifier)
  } catch {
    return undefined
  }
  if (!existsSync(file)) return undefined
  if (!statSync(file).isDirectory()) return { url: pathToFileURL(file).href }
  const index = ['index.js', 'index.mjs', 'dist/index.js'].map((name) => path.join(file, name))
  const found = index.find((name) => existsSync(name))
  if (found !== undefined) return { url: pathToFileURL(found).href }
  return { broken: `the folder ${file} has no index.js` }
}

/** A package whose folder is there but whose file is not: mostly one that was not built. */
function brokenPackage(error: unknown): ResolvedModule {
  const { code, message } = error as { code?: string; message?: string }
  if (code === 'ERR_MODULE_NOT_FOUND') {
    const file = /Cannot find module '([^']+)'/.exec(message ?? '')?.[1]
    return file === undefined ? undefined : { broken: `its file ${file} is missing` }
  }
  if (code === 'ERR_INVALID_MODULE_SPECIFIER') return undefined
  return { broken: message ?? String(error) }
}
