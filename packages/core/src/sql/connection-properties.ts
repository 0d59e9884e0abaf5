import { didYouMean } from '../config/suggest-key.ts'
import type { Finding } from '../plugin/context.ts'
import type { DataSource } from '../plugin/data-source.ts'

/** What a reader makes of the properties of a data source, which are named as JDBC names them. */
export interface KnownProperties {
  /** Read by the reader. */
  readonly read: readonly string[]
  /** Change nothing here, and nobody misses them: the reason, and the names. */
  readonly withoutEffect: Readonly<Record<string, readonly string[]>>
  /** Have no effect, and something else does the same: what that is, and the names. */
  readonly instead: Readonly<Record<string, readonly string[]>>
}

/** The kind of a store is told by what is in it. */
const storeTypes = ['trustCertificateKeyStoreType', 'clientCertificateKeyStoreType']
const loginNames = ['user', 'username', 'password']
/** What stands behind an "&" of a password that is not encoded must not be shown. */
const plainName = /^[a-z][\w.-]*$/i

/** A warning for every property that nobody reads. The values are never shown: there may be secrets among them. */
export function propertyFindings(
  { properties }: DataSource,
  { read, withoutEffect, instead }: KnownProperties,
): readonly Finding[] {
  const quiet = new Set([...read, ...storeTypes, ...Object.values(withoutEffect).flat()])
  return Object.entries(properties)
    .filter(([name]) => !quiet.has(name))
    .map(([name, value]): Finding => {
      if (value === '' || !plainName.test(name)) return nameless
      const hint =
        insteadOf(name, instead) ??
        didYouMean(name, read) ??
        'Take it out; the README of the reader lists the properties that are read.'
      const message = `the property ${JSON.stringify(name)} has no effect`
      return { severity: 'warning', message, hint, path: [] }
    })
}

const nameless: Finding = {
  severity: 'warning',
  message: 'there is a property without a value, or with a name that no property has',
  hint: 'Write & inside of values of a URL as %26.',
  path: [],
}

function insteadOf(name: string, instead: KnownProperties['instead']): string | undefined {
  if (/^(?:ssl|tls)/i.test(name)) return 'Say it by the tls of the data source.'
  if (loginNames.includes(name)) return `Write it as a field of the data source: ${name}.`
  return Object.entries(instead).find(([, names]) => names.includes(name))?.[0]
}

/** A property as a number above 0; `undefined` where it is none. */
export function positiveProperty(
  { properties }: Pick<DataSource, 'properties'>,
  ...names: readonly string[]
): number | undefined {
  return names.map((name) => Number(properties[name])).find((value) => value > 0)
}
