import type { Plugin } from '@millrace/core/plugin'
import { inspectModule, listInstalled, type InstalledPackage } from '@millrace/core'
import { cliFolder } from '../job-options.ts'

interface InstalledPlugin {
  readonly plugin: Plugin
  /** Package and version. */
  readonly origin: string
}

/** What `millrace plugins` looks at besides packages that are found by their names. */
export interface PluginsFlags {
  /** Packages or files with plugins. */
  readonly plugin: readonly string[]
}

/** `millrace plugins list`: what is installed, one line each. */
export async function listPluginsCommand(flags: PluginsFlags): Promise<number> {
  const packages = await installedPackages(flags)
  const installed = pluginsOf(packages)
  const dialects = packages.filter(({ dialect }) => dialect !== undefined)
  if (installed.length + dialects.length === 0) {
    process.stdout.write(
      'no plugins are installed here. For example: npm install @millrace/reader-mysql @millrace/writer-redis\n',
    )
    return 0
  }
  for (const { plugin, origin } of installed) {
    const title = `${plugin.kind.padEnd(6)} ${plugin.stepType.padEnd(12)}`
    process.stdout.write(`${title} ${plugin.description} (${origin})\n`)
  }
  for (const found of dialects) {
    const { name = '', description = '' } = found.dialect ?? {}
    process.stdout.write(`dialect ${name.padEnd(11)} ${description} (${originOf(found)})\n`)
  }
  const named = packages.filter(({ name }) => flags.plugin.includes(name))
  return named.some(({ problem }) => problem !== undefined) ? 2 : 0
}

/** `millrace plugins info <stepType>`: parameters and what they do. */
export async function pluginInfoCommand(stepType: string, flags: PluginsFlags): Promise<number> {
  const found = await findPlugins(stepType, flags)
  for (const { plugin, origin } of found) {
    process.stdout.write(`${plugin.kind} ${plugin.stepType} (${origin})\n${plugin.description}\n`)
    if (plugin.aliases !== undefined && plugin.aliases.length > 0) {
      process.stdout.write(`also known as: ${plugin.aliases.join(', ')}\n`)
    }
    process.stdout.write('parameters:\n')
    for (const [name, description] of parametersOf(plugin)) {
      process.stdout.write(`  ${name.padEnd(20)} ${description}\n`)
    }
    process.stdout.write('\n')
  }
  return found.length === 0 ? 2 : 0
}

/** `millrace plugins schema <stepType>`: the JSON Schema of the parameters. */
export async function pluginSchemaCommand(stepType: string, flags: PluginsFlags): Promise<number> {
  const found = await findPlugins(stepType, flags)
  for (const { plugin } of found)
    process.stdout.write(`${JSON.stringify(jsonSchemaOf(plugin), null, 2)}\n`)
  return found.length === 0 ? 2 : 0
}

/** Packages that are named, and all installed ones; one that cannot be loaded is named on stderr. */
async function installedPackages({ plugin }: PluginsFlags): Promise<readonly InstalledPackage[]> {
  const folders = [process.cwd(), cliFolder]
  const named = await Promise.all(plugin.map((module) => inspectModule(module, folders)))
  const names = new Set(plugin)
  const installed = (await listInstalled(folders)).filter(({ name }) => !names.has(name))
  const packages = [...named, ...installed]
  for (const found of packages) {
    const { name, problem } = found
    const severity = named.includes(found) ? 'error' : 'warn'
    if (problem !== undefined) process.stderr.write(`${severity}: ${name}: ${problem}\n`)
  }
  return packages
}

function pluginsOf(packages: readonly InstalledPackage[]): readonly InstalledPlugin[] {
  return packages.flatMap((found) =>
    found.plugins.map((plugin) => ({ plugin, origin: originOf(found) })),
  )
}

function originOf({ name, version }: InstalledPackage): string {
  return version === undefined ? name : `${name} ${version}`
}

async function findPlugins(
  stepType: string,
  flags: PluginsFlags,
): Promise<readonly InstalledPlugin[]> {
  const packages = await installedPackages(flags)
  const installed = pluginsOf(packages)
  const found = installed.filter(
    ({ plugin }) => plugin.stepType === stepType || plugin.aliases?.includes(stepType) === true,
  )
  // What is missing may be in a module that was named and could not be loaded: that was said.
  const hasFailed = packages.some(
    ({ name, problem }) => problem !== undefined && flags.plugin.includes(name),
  )
  if (found.length === 0 && !hasFailed) {
    const known = [...new Set(installed.map(({ plugin }) => plugin.stepType))].sort().join(', ')
    process.stderr.write(
      `error: no plugin for "${stepType}" is installed here; installed: ${known || 'none'}; --plugin <module> names a package or file of another name\n`,
    )
  }
  return found
}

function jsonSchemaOf(plugin: Plugin): Record<string, unknown> {
  return plugin.config['~standard'].jsonSchema.input({ target: 'draft-2020-12' })
}

function parametersOf(plugin: Plugin): [string, string][] {
  const properties = jsonSchemaOf(plugin)['properties']
  if (typeof properties !== 'object' || properties === null) return []
  return Object.entries(properties).map(([name, schema]: [string, unknown]) => {
    const isDescribed = typeof schema === 'object' && schema !== null && 'description' in schema
    return [name, isDescribed ? String(schema.description) : '']
  })
}
