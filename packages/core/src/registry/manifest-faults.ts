import { isRecord } from '../config/config-path.ts'
import { pluginApiVersion } from '../plugin/api-version.ts'

const capabilitiesOf = {
  reader: ['parallelSplits', 'resumableSplits', 'follow'],
  writer: ['deletes'],
} as const

/** Methods that a plugin may do without; what stands in their place has to be one. */
const optionalMethods = ['dataSources', 'validate', 'validateDataSource', 'columnNames', 'identity']

/**
 * What a plugin lacks of what it has to say of itself, each to be read behind "it has": `no open()`. Empty for one that keeps the
 * contract of `ReaderPlugin` or `WriterPlugin`.
 */
export function manifestFaults(plugin: Readonly<Record<string, unknown>>): readonly string[] {
  const { apiVersion, kind, stepType, aliases, description, config, dataSourceTypes } = plugin
  const isMissing = (name: string) => typeof plugin[name] !== 'function'
  const methods = kind === 'writer' ? ['open', 'guarantee'] : ['open']
  const given = optionalMethods.filter((name) => plugin[name] !== undefined)
  return [
    ...(apiVersion === pluginApiVersion ? [] : [`no apiVersion: ${pluginApiVersion}`]),
    ...(isKind(kind) ? [] : ['no kind that is "reader" or "writer"']),
    ...(isName(stepType) ? [] : ['no stepType of small letters, digits and hyphens']),
    ...(aliases === undefined || isListOf(aliases, isName)
      ? []
      : ['aliases that are no list of names of small letters, digits and hyphens']),
    ...(isText(description) ? [] : ['no description']),
    ...(isKind(kind) ? capabilityFaults(kind, plugin['capabilities']) : []),
    ...(isSchema(config) ? [] : ['no config schema']),
    ...(dataSourceTypes === undefined || isListOf(dataSourceTypes, isText)
      ? []
      : ['dataSourceTypes that are no list of names']),
    ...methods.filter(isMissing).map((name) => `no ${name}()`),
    ...given.filter(isMissing).map((name) => `something else than a function as ${name}`),
  ]
}

function capabilityFaults(kind: 'reader' | 'writer', capabilities: unknown): readonly string[] {
  if (!isRecord(capabilities)) return ['no capabilities']
  return capabilitiesOf[kind]
    .filter((name) => typeof capabilities[name] !== 'boolean')
    .map((name) => `no capabilities.${name} that is true or false`)
}

function isKind(value: unknown): value is 'reader' | 'writer' {
  return value === 'reader' || value === 'writer'
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && /^[a-z0-9-]+$/.test(value)
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value.trim() !== ''
}

function isListOf(value: unknown, isFitting: (member: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(isFitting)
}

/** Some libraries make schemas that are functions. */
function isSchema(value: unknown): boolean {
  const canHold = (typeof value === 'object' && value !== null) || typeof value === 'function'
  return canHold && '~standard' in value
}
