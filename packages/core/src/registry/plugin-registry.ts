import type { Plugin } from '../plugin/define.ts'
import type { ReaderPlugin } from '../plugin/reader.ts'
import type { WriterPlugin } from '../plugin/writer.ts'
import { suggestKey } from '../config/suggest-key.ts'
import { loadModule, type LoadedModule } from './load-module.ts'
import { findModule } from './resolve-module.ts'
import { equalStepTypes, knownStepTypes, packageNames } from './step-type-aliases.ts'

/** A plugin with the package or path that it came from. */
export interface FoundPlugin<P extends Plugin = Plugin> {
  readonly plugin: P
  readonly origin: string
}

/** Why there is no plugin. */
export interface PluginLookupProblem {
  readonly problem: string
  readonly hint?: string
}

/** What a lookup gives. */
export type PluginLookup<P extends Plugin> = FoundPlugin<P> | PluginLookupProblem

type PluginOfKind = {
  // oxlint-disable-next-line typescript/no-explicit-any -- the variance slot of the registry
  reader: ReaderPlugin<any>
  // oxlint-disable-next-line typescript/no-explicit-any -- the variance slot of the registry
  writer: WriterPlugin<any>
}

/**
 * Finds plugins by stepType: among modules that were added, then in the packages `@millrace/reader-<stepType>` and
 * `millrace-reader-<stepType>` (`writer` for writers), each looked for from every folder in turn.
 */
export class PluginRegistry {
  readonly #folders: readonly string[]
  readonly #added: FoundPlugin[] = []
  readonly #addedUrls = new Set<string>()

  /** `folders`: the job file's, the working directory, the command's own place. */
  constructor(folders: readonly string[]) {
    this.#folders = [...new Set(folders)]
  }

  /**
   * Loads a module that a job or flag names and offers its plugins first. `folder` is what a relative path starts
   * from; packages are looked for in the registry's folders too. Returns what is wrong, if anything.
   */
  async add(specifier: string, folder: string): Promise<PluginLookupProblem | undefined> {
    const found = findModule(specifier, [folder, ...this.#folders])
    if (found === undefined) return missingModule(specifier, folder)
    if ('broken' in found) return brokenModule(specifier, found.broken)
    if (this.#addedUrls.has(found.url)) return undefined
    this.#addedUrls.add(found.url)
    const loaded = await loadModule(found.url, specifier)
    if ('problem' in loaded) return loaded
    for (const plugin of loaded.plugins) this.#added.push({ plugin, origin: specifier })
    return undefined
  }

  /** The plugin that serves a stepType, or why there is none. */
  async find<K extends 'reader' | 'writer'>(
    kind: K,
    stepType: string,
  ): Promise<PluginLookup<PluginOfKind[K]>> {
    const wanted = equalStepTypes(kind, stepType)
    const claims = (found: FoundPlugin): found is FoundPlugin<PluginOfKind[K]> =>
      found.plugin.kind === kind &&
      [found.plugin.stepType, ...(found.plugin.aliases ?? [])].some((name) => wanted.includes(name))
    const added = this.#added.filter(claims)
    if (added.length > 0) return single(kind, stepType, added)
    const loaded = await this.#loadPackages(packageNames(kind, stepType))
    const found = loaded.flatMap((one) => ('problem' in one ? [] : one)).filter(claims)
    if (found.length > 0) return single(kind, stepType, found)
    return loaded.find((one) => 'problem' in one) ?? this.#missing(kind, stepType)
  }

  async #loadPackages(
    names: readonly string[],
  ): Promise<readonly (FoundPlugin[] | PluginLookupProblem)[]> {
    const loaded: (FoundPlugin[] | PluginLookupProblem)[] = []
    for (const name of names) {
      const found = findModule(name, this.#folders)
      if (found === undefined) continue
      if ('broken' in found) {
        loaded.push(brokenModule(name, found.broken))
        continue
      }
      const module: LoadedModule = await loadModule(found.url, name)
      if ('problem' in module) loaded.push(module)
      else loaded.push(module.plugins.map((plugin) => ({ plugin, origin: name })))
    }
    return loaded
  }

  #missing(kind: 'reader' | 'writer', stepType: string): PluginLookupProblem {
    const problem = `no ${kind} for the stepType ${JSON.stringify(stepType)} is installed`
    const [name] = packageNames(kind, stepType)
    const known = knownStepTypes(kind)
    if (known.includes(stepType)) return { problem, hint: `Install it: npm install ${name}` }
    const added = this.#added.filter((one) => one.plugin.kind === kind)
    const names = [...known, ...added.map((one) => one.plugin.stepType)]
    const nearest = suggestKey(stepType, names)
    if (nearest !== undefined) {
      const [nearestName] = packageNames(kind, nearest)
      const install = known.includes(nearest) ? ` (npm install ${nearestName})` : ''
      return { problem, hint: `Did you mean ${JSON.stringify(nearest)}?${install}` }
    }
    const other = kind === 'reader' ? 'writer' : 'reader'
    if (knownStepTypes(other).includes(stepType)) {
      return { problem, hint: `${JSON.stringify(stepType)} is a ${other}.` }
    }
    const install =
      name === undefined
        ? ''
        : ` Install one: npm install ${name.replace('@millrace/', 'millrace-')}`
    return { problem, hint: `Millrace's own are ${known.join(', ')}.${install}` }
  }
}

function single<P extends Plugin>(
  kind: string,
  stepType: string,
  found: readonly FoundPlugin<P>[],
): PluginLookup<P> {
  const [first, second] = found
  if (first !== undefined && second === undefined) return first
  const origins = [...new Set(found.map((one) => one.origin))].join(' and ')
  return {
    problem: `two ${kind}s claim the stepType ${JSON.stringify(stepType)}: they come from ${origins}`,
    hint: 'Uninstall one of them, or take it out of "plugins".',
  }
}

function missingModule(specifier: string, folder: string): PluginLookupProblem {
  const isPackage = !/^[./]|^file:/.test(specifier)
  const hint = isPackage
    ? `Install it: npm install ${specifier}`
    : `It was looked for from ${folder}.`
  return { problem: `there is no plugin module ${JSON.stringify(specifier)}`, hint }
}

function brokenModule(name: string, reason: string): PluginLookupProblem {
  const hint = 'Install it again, or build it when it is a package of your own.'
  return { problem: `the plugin ${name} cannot be loaded: ${reason}`, hint }
}
