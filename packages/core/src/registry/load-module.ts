import { isRecord } from '../config/config-path.ts'
import { messageOf } from '../config/issue-message.ts'
import { pluginApiVersion } from '../plugin/api-version.ts'
import type { Plugin } from '../plugin/define.ts'

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
  const foreign = found.find((plugin) => plugin.apiVersion !== pluginApiVersion)
  if (foreign !== undefined) return versionMismatch(foreign, origin)
  if (found.length === 0) {
    return {
      problem: `${origin} exports no plugin`,
      hint: 'Export what defineReader or defineWriter returns, or a list of them as "plugins".',
    }
  }
  const incomplete = found.find((plugin) => !isComplete(plugin))
  if (incomplete !== undefined) {
    const problem = `the ${incomplete.kind} ${incomplete.stepType} of ${origin} has no config schema or no open()`
    return { problem }
  }
  return { plugins: found as Plugin[] }
}

interface PluginShape {
  readonly apiVersion?: unknown
  readonly kind: 'reader' | 'writer'
  readonly stepType: string
}

function looksLikePlugin(value: unknown): value is PluginShape {
  return (
    isRecord(value) &&
    (value['kind'] === 'reader' || value['kind'] === 'writer') &&
    typeof value['stepType'] === 'string'
  )
}

function isComplete(plugin: PluginShape): boolean {
  const { config, open } = plugin as unknown as Record<string, unknown>
  const isSchema = (typeof config === 'object' || typeof config === 'function') && config !== null
  return isSchema && '~standard' in config && typeof open === 'function'
}

function versionMismatch(
  { apiVersion, kind, stepType }: PluginShape,
  origin: string,
): LoadedModule {
  const who = `the ${kind} ${stepType} of ${origin}`
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
