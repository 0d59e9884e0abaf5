import type { ConfigPath, DataSourceFields, Environment, ProblemList } from '@millrace/core/dialect'
import type { SourceEntry } from './source-schema.ts'
import { definedOnly } from './read-target.ts'

/** Debezium's names for the fields of TLS, of its connectors for PostgreSQL and for MySQL. */
const fieldNames: Readonly<Record<string, string>> = {
  'database.sslrootcert': 'ca',
  'database.sslcert': 'cert',
  'database.sslkey': 'key',
  'database.sslpassword': 'passphrase',
  'database.ssl.truststore': 'ca',
  'database.ssl.truststore.password': 'caPassphrase',
  'database.ssl.keystore': 'cert',
  'database.ssl.keystore.password': 'passphrase',
}
const modeNames = ['database.sslmode', 'database.ssl.mode']

const connectors = (name: string) => (name.includes('.ssl.') ? 'MySQL, MariaDB' : 'PostgreSQL')

/** The settings of TLS with their meaning, for the reference. */
export const tlsMeanings: Readonly<Record<string, string>> = Object.fromEntries(
  [...modeNames, ...Object.keys(fieldNames)].map((name) => {
    const field = fieldNames[name]
    const what =
      field === undefined
        ? 'Whether the connection is encrypted, and the server proves who it is'
        : `Stands for \`tls.${field}\` of a data source`
    return [name, `${what} (${connectors(name)}).`]
  }),
)

/** Variables that RDI takes a source's certificates from, whatever `config.yaml` says. */
const variables = {
  ca: 'SOURCE_DB_CACERT',
  cert: 'SOURCE_DB_CERT',
  key: 'SOURCE_DB_KEY',
  passphrase: 'SOURCE_DB_KEY_PASSWORD',
} as const

/** Whether a setting of `advanced.source` is one of TLS. */
export function isTlsName(name: string): boolean {
  return Object.hasOwn(fieldNames, name) || modeNames.includes(name)
}

/** TLS of a source: what `advanced.source` says, else the variables of the environment that RDI knows. */
export function readSourceTls(
  entry: SourceEntry,
  base: ConfigPath,
  environment: Environment,
  problems: ProblemList,
): { tls: DataSourceFields['tls']; tlsPaths: Readonly<Record<string, ConfigPath>> } {
  const fields: Record<string, string> = {}
  const tlsPaths: Record<string, ConfigPath> = {}
  let mode: Mode | undefined
  for (const [name, value] of Object.entries(entry.advanced?.source ?? {})) {
    const path = [...base, 'advanced', 'source', name]
    const field = Object.hasOwn(fieldNames, name) ? fieldNames[name] : undefined
    if (field !== undefined) {
      fields[field] = String(value)
      tlsPaths[field] = path
    } else if (modeNames.includes(name)) mode = readMode(String(value), path, problems)
  }
  if (mode === 'off') return { tls: undefined, tlsPaths }
  if (Object.keys(fields).length === 0) {
    const fromEnvironment = Object.entries(variables).map(([key, name]) => [key, environment[name]])
    Object.assign(fields, definedOnly(Object.fromEntries(fromEnvironment) as object))
  }
  if (Object.keys(fields).length === 0 && mode === undefined) return { tls: undefined, tlsPaths }
  // As libpq does: without certificates to trust, "require" only encrypts.
  const rejectUnauthorized = mode !== 'encrypted' || fields['ca'] !== undefined
  return { tls: { ...fields, rejectUnauthorized }, tlsPaths }
}

type Mode = 'off' | 'encrypted' | 'verified'

const modes: Readonly<Record<string, Mode>> = {
  disable: 'off',
  disabled: 'off',
  require: 'encrypted',
  required: 'encrypted',
  'verify-ca': 'verified',
  'verify-full': 'verified',
  'verify-identity': 'verified',
}

function readMode(value: string, path: ConfigPath, problems: ProblemList): Mode | undefined {
  const name = value.toLowerCase().replaceAll('_', '-')
  const mode = Object.hasOwn(modes, name) ? modes[name] : undefined
  if (mode !== undefined) return mode
  if (['allow', 'prefer', 'preferred'].includes(name)) {
    const hint = 'Use "require" for a connection with TLS.'
    problems.warn(path, { message: 'has no effect: TLS is not tried unless it is asked for', hint })
    return undefined
  }
  const expected = 'disable, require, verify-ca or verify-full'
  problems.error(path, `expected ${expected}, found ${JSON.stringify(value)}`)
  return undefined
}
