/** What `millrace create` can make. */
export const pluginKinds = ['reader', 'writer'] as const
export type PluginKind = (typeof pluginKinds)[number]

/** Languages its sources can have. */
export const pluginLanguages = ['typescript', 'javascript'] as const
export type PluginLanguage = (typeof pluginLanguages)[number]

/** What the templates of a plugin package are filled with. */
export interface PluginPackage {
  readonly kind: PluginKind
  readonly language: PluginLanguage
  /** Its stepType. */
  readonly name: string
  /** Ranges of versions of the packages that it is made with. */
  readonly coreRange: string
  readonly cliRange: string
  /** Range of versions of Node. */
  readonly node: string
}

/** The name under which a job with this stepType finds a package of a third party. */
export function packageNameOf(kind: PluginKind, name: string): string {
  return `millrace-${kind}-${name}`
}

/**
 * What is wrong with a name, or undefined: it has to be a stepType, the end of a package's name and, without hyphens, an
 * identifier.
 */
export function nameMistake(kind: PluginKind, name: string): string | undefined {
  const isName = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/.test(name) && name.length <= maxNameLength
  if (!isName) {
    return `"${name}" is no name for a ${kind}: expected small letters, digits and single hyphens, a letter first, ${maxNameLength} characters at most (such as acme)`
  }
  if (name === kind || name.endsWith(`-${kind}`) || name.startsWith('millrace-'))
    return `"${name}" is no name for a ${kind}: the package becomes ${packageNameOf(kind, name)}; leave out what stands there already`
  return undefined
}

/** Fills the placeholders of a template (`{{name}}`, `{{package}}`, …). */
export function fillTemplate(text: string, plugin: PluginPackage): string {
  const { kind, name, coreRange, cliRange, node } = plugin
  const values: Readonly<Record<string, string>> = {
    name,
    package: packageNameOf(kind, name),
    identifier: name.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase()),
    coreRange,
    cliRange,
    node,
  }
  return text.replaceAll(/\{\{(\w+)\}\}/g, (placeholder, key: string) => values[key] ?? placeholder)
}

/** `1.4.2` becomes `^1.0.0`: any release of the same major version. */
export function majorRange(version: string): string {
  return `^${version.split('.')[0]}.0.0`
}

const maxNameLength = 50
