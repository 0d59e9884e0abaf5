import { isRecord } from '../config/config-path.ts'
import { messageOf } from '../config/issue-message.ts'
import type { Plugin } from '../plugin/define.ts'

/** Version of the plugin contract that this Millrace speaks. */
export const pluginApiVersion = 1

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
  readonly apiVersion: unknown
  readonly kind: 'reader' | 'writer'
  readonly stepType: string
}

function looksLikePlugin(value: unknown): value is PluginShape {
  return (
    isRecord(value) &&
    (value['kind'] === 'reader' || value['kind'] === 'writer') &&
    typeof value['stepType'] === 'string' &&
    'apiVersion' in value
  )
}

function isComplete(plugin: PluginShape): boolean {
  const { config, open } = plugin as unknown as Record<string, unknown>
  const isSchema = (typeof config === 'object' || typeof config === 'function') && config !== null
  return isSchema && '~standard' in config && typeof open === 'function'
}

function versionMismatch(plugin: PluginShape, origin: string): LoadedModule {
  const version = String(plugin.apiVersion)
  const isNewer = Number(version) > pluginApiVersion
  return {
    problem: `the ${plugin.kind} ${plugin.stepType} of ${origin} is made for plugin API ${version}, this Millrace has ${pluginApiVersion}`,
    hint: isNewer
      ? `Update Millrace, or install a version of ${origin} for plugin API ${pluginApiVersion}.`
      : `Install a version of ${origin} for plugin API ${pluginApiVersion}.`,
  }
}
