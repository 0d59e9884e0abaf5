import { isRecord } from '../config/config-path.ts'
import { messageOf } from '../config/issue-message.ts'
import { pluginApiVersion } from '../plugin/api-version.ts'
import type { Plugin } from '../plugin/define.ts'
import { manifestFaults } from './manifest-faults.ts'

/** The plugins a module exports, or what is wrong with it. */
export type LoadedModule =
  { readonly plugins: readonly Plugin[] } | { readonly problem: string; readonly hint?: string }

/**
 * Imports a module and takes the plugins it exports: those of an exported list `plugins`, else every exported object
 * that is a plugin. `origin` names the module in messages.
 */
export async function loadModule(url: string, origin: string): Promise<LoadedModule> {
  let exported: Record<string, unknown>
  try {
    exported = (await import(/* @vite-ignore */ url)) as Record<string, unknown>
  } catch (error) {
    return { problem: `the plugin ${origin} cannot be loaded: ${messageOf(error)}` }
  }
  const listed = exported['plugins']
  const candidates = Array.isArray(listed) ? (listed as unknown[]) : Object.values(exported)
  const found = [...new Set(candidates)].filter(looksLikePlugin)
  const foreign = found.find(({ apiVersion }) => apiVersion !== pluginApiVersion)
  if (foreign !== undefined) return versionMismatch(foreign, origin)
  if (found.length === 0) {
    return {
      problem: `${origin} exports no plugin`,
      hint: 'Export what defineReader or defineWriter returns, or a list of them as "plugins".',
    }
  }
  for (const plugin of found) {
    const faults = manifestFaults(plugin)
    if (faults.length > 0) return { problem: `${nameOf(plugin, origin)} has ${faults.join(', ')}` }
  }
  return { plugins: found as unknown as Plugin[] }
}

/** Of what every version of the contract says of a plugin, two tell it from anything else that a module exports. */
function looksLikePlugin(value: unknown): value is Readonly<Record<string, unknown>> {
  if (!isRecord(value)) return false
  return ['apiVersion', 'kind', 'stepType'].filter((name) => name in value).length >= 2
}

/** For messages: nothing is known yet of what it says of itself. */
function nameOf({ kind, stepType }: Readonly<Record<string, unknown>>, origin: string): string {
  const what = typeof kind === 'string' ? kind : 'plugin'
  return typeof stepType === 'string'
    ? `the ${what} ${stepType} of ${origin}`
    : `a ${what} of ${origin}`
}

function versionMismatch(plugin: Readonly<Record<string, unknown>>, origin: string): LoadedModule {
  const { apiVersion } = plugin
  const who = nameOf(plugin, origin)
  const fitting = `plugin API ${pluginApiVersion}`
  if (apiVersion === undefined) {
    const hint = `It has to say which contract it keeps: apiVersion: ${pluginApiVersion}.`
    return { problem: `${who} has no apiVersion, this Millrace has ${fitting}`, hint }
  }
  const problem = `${who} is made for plugin API ${quoted(apiVersion)}, this Millrace has ${fitting}`
  if (/^(?:\.|\/|file:)/.test(origin)) return { problem, hint: `Bring it to ${fitting}.` }
  const other = `a version of ${origin} for it, whose peer dependency is @millrace/core ^${pluginApiVersion}`
  const isNewer = Number(apiVersion) > pluginApiVersion
  const update = `Update Millrace (npm install @millrace/cli@latest), or install ${other}.`
  return { problem, hint: isNewer ? update : `Install ${other}.` }
}

function quoted(apiVersion: unknown): string {
  return typeof apiVersion === 'number' ? String(apiVersion) : JSON.stringify(apiVersion)
}
