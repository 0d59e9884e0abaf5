import { messageOf } from '../config/issue-message.ts'
import { isRecord } from '../config/config-path.ts'
import { pluginApiVersion } from '../plugin/api-version.ts'
import { findModule } from '../registry/resolve-module.ts'
import type { Dialect } from './dialect.ts'

/** A dialect, or why there is none. */
export type DialectLookup =
  { readonly dialect: Dialect } | { readonly problem: string; readonly hint: string }

/** Looks for the package `@millrace/<name>` from every folder in turn. */
export async function findDialect(
  name: string,
  folders: readonly string[],
): Promise<DialectLookup> {
  const packageName = `@millrace/${name}`
  const again = `Install it again: npm install ${packageName}`
  const found = findModule(packageName, folders)
  if (found === undefined) {
    return {
      problem: `this is a pipeline of the dialect ${JSON.stringify(name)}, whose package is not installed`,
      hint: `Install it: npm install ${packageName}`,
    }
  }
  if ('broken' in found)
    return { problem: `${packageName} cannot be loaded: ${found.broken}`, hint: again }
  try {
    const exported = Object.values((await import(/* @vite-ignore */ found.url)) as object)
    const dialect = exported.find((value) => isRecord(value) && value['kind'] === 'dialect')
    if (isRecord(dialect) && dialect['apiVersion'] === pluginApiVersion)
      return { dialect: dialect as unknown as Dialect }
    const problem = `${packageName} has no dialect for the API ${pluginApiVersion} of this Millrace`
    return { problem, hint: `Install a version that fits: npm install ${packageName}@latest` }
  } catch (error) {
    return { problem: `${packageName} cannot be loaded: ${messageOf(error)}`, hint: again }
  }
}
