type PluginKind = 'reader' | 'writer'

/** Names of stepTypes by package: `@millrace/reader-postgres` serves `postgresql`, `postgres`, `postgresqlreader`. */
const packages: Readonly<Record<PluginKind, Readonly<Record<string, readonly string[]>>>> = {
  reader: {
    mysql: ['mysql', 'mariadb', 'mysqlreader'],
    postgres: ['postgresql', 'postgres', 'postgresqlreader'],
    mongodb: ['mongodb', 'mongodbreader'],
    stream: ['stream', 'streamreader'],
  },
  writer: {
    redis: ['redis', 'rediswriter'],
    stream: ['stream', 'streamwriter'],
  },
}

/** Every stepType that Millrace's own plugins of this kind serve, whether installed or not. */
export function knownStepTypes(kind: PluginKind): readonly string[] {
  return Object.values(packages[kind]).flat()
}

/** The names under which a plugin may claim a stepType: the one asked for, and those that mean the same. */
export function equalStepTypes(kind: PluginKind, stepType: string): readonly string[] {
  const names = Object.values(packages[kind]).find((list) => list.includes(stepType))
  return names === undefined ? [stepType] : [stepType, ...names.filter((name) => name !== stepType)]
}

const packageFragment = /^[a-z0-9][a-z0-9._-]*$/

/** Packages that may hold the plugin, in the order in which they are looked up. */
export function packageNames(kind: PluginKind, stepType: string): readonly string[] {
  const own = Object.entries(packages[kind]).find(([, names]) => names.includes(stepType))?.[0]
  const withoutSuffix = stepType.endsWith(kind) ? stepType.slice(0, -kind.length) : stepType
  const fragments = new Set([own ?? stepType, stepType, withoutSuffix])
  const usable = [...fragments].filter((fragment) => packageFragment.test(fragment))
  return ['@millrace/', 'millrace-'].flatMap((scope) =>
    usable.map((fragment) => `${scope}${kind}-${fragment}`),
  )
}
