import type { Plugin } from '@millrace/core/plugin'
import { listInstalled } from '@millrace/core'
import { cliFolder } from '../job-options.ts'

interface InstalledPlugin {
  readonly plugin: Plugin
  /** Package and version. */
  readonly origin: string
}

/** `millrace plugins list`: what is installed, one line each. */
export async function listPluginsCommand(): Promise<number> {
  const installed = await installedPlugins()
  if (installed.length === 0) {
    process.stdout.write(
      'no plugins are installed here. For example: npm install @millrace/reader-mysql @millrace/writer-redis\n',
    )
    return 0
  }
  for (const { plugin, origin } of installed) {
    const title = `${plugin.kind.padEnd(6)} ${plugin.stepType.padEnd(12)}`
    process.stdout.write(`${title} ${plugin.description} (${origin})\n`)
  }
  return 0
}

/** `millrace plugins info <stepType>`: parameters and what they do. */
export async function pluginInfoCommand(stepType: string): Promise<number> {
  const found = await findPlugins(stepType)
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
export async function pluginSchemaCommand(stepType: string): Promise<number> {
  const found = await findPlugins(stepType)
  for (const { plugin } of found)
    process.stdout.write(`${JSON.stringify(jsonSchemaOf(plugin), null, 2)}\n`)
  return found.length === 0 ? 2 : 0
}

/** Plugins of all installed packages; a package that cannot be loaded is named on stderr. */
async function installedPlugins(): Promise<readonly InstalledPlugin[]> {
  const packages = await listInstalled([process.cwd(), cliFolder])
  for (const { name, problem } of packages) {
    if (problem !== undefined) process.stderr.write(`warn: ${name}: ${problem}\n`)
  }
  return packages.flatMap(({ name, version, plugins }) =>
    plugins.map((plugin) => ({
      plugin,
      origin: version === undefined ? name : `${name} ${version}`,
    })),
  )
}

async function findPlugins(stepType: string): Promise<readonly InstalledPlugin[]> {
  const installed = await installedPlugins()
  const found = installed.filter(
    ({ plugin }) => plugin.stepType === stepType || plugin.aliases?.includes(stepType) === true,
  )
  if (found.length === 0) {
    const known = [...new Set(installed.map(({ plugin }) => plugin.stepType))].sort().join(', ')
    process.stderr.write(
      `error: no plugin for "${stepType}" is installed here; installed: ${known || 'none'}\n`,
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
