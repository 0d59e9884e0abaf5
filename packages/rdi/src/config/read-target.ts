import {
  toDataSource,
  type ConfigPath,
  type DataSourceFields,
  type ProblemList,
} from '@millrace/core/dialect'
import type { DataSource } from '@millrace/core/plugin'
import type { TargetEntry } from './config-schema.ts'

/** What connections of a pipeline are read with. */
export interface ConnectionContext {
  /** Folder that paths of files start from. */
  readonly folder: string
  readonly problems: ProblemList
}

/** The data source of one entry of `targets`; `undefined` when errors were reported. */
export async function readTarget(
  id: string,
  entry: TargetEntry,
  extension: DataSourceFields | undefined,
  context: ConnectionContext,
): Promise<DataSource | undefined> {
  const base = ['targets', id, 'connection']
  const { cacert, cert, key, key_password: passphrase, ...server } = entry.connection
  const tls = definedOnly({ ca: cacert, cert, key, passphrase })
  const missing = (path: string, other: string): void =>
    context.problems.error([...base, path], `needs ${other} beside it`, 'key')
  if (cert !== undefined && key === undefined) missing('cert', 'key')
  if (key !== undefined && cert === undefined) missing('key', 'cert')
  if (passphrase !== undefined && key === undefined) missing('key_password', 'key')
  const fields = { ...server, ...(Object.keys(tls).length === 0 ? {} : { tls }) }
  const tlsPaths = {
    ca: [...base, 'cacert'],
    cert: [...base, 'cert'],
    key: [...base, 'key'],
    passphrase: [...base, 'key_password'],
  }
  return await readConnection(id, { fields, base, tlsPaths }, ['targets', id], {
    ...context,
    extension,
  })
}

/** Fields of a connection as RDI has them, under the names of data sources. */
export interface ConnectionFields {
  readonly fields: DataSourceFields
  readonly base: ConfigPath
  /** Where the fields of `tls` stand in the file. */
  readonly tlsPaths: Readonly<Record<string, ConfigPath>>
}

/**
 * The data source that a connection and its extension make together; fields of the extension win. Problems are reported
 * where their fields stand.
 */
export async function readConnection(
  id: string,
  { fields, base, tlsPaths }: ConnectionFields,
  owner: ConfigPath,
  context: ConnectionContext & { readonly extension: DataSourceFields | undefined },
): Promise<DataSource | undefined> {
  const { extension = {}, problems } = context
  const extensionPath = ['millrace', ...owner]
  if (fields.tls !== undefined && extension.tls !== undefined) {
    problems.error([...extensionPath, 'tls'], 'TLS stands twice: in the connection, too', 'key')
  }
  const placeOf = (path: ConfigPath): ConfigPath => {
    const [key, part] = path
    if (key !== undefined && Object.hasOwn(extension, key)) return [...extensionPath, ...path]
    return (key === 'tls' ? tlsPaths[String(part)] : undefined) ?? [...base, ...path]
  }
  return await toDataSource(
    { ...fields, ...extension },
    {
      name: id,
      folder: context.folder,
      environment: {},
      base: [],
      onProblem: (severity, path, text) => {
        const place = placeOf(path)
        // What could not be filled in has its own error.
        if (problems.hasErrorAt(place)) return
        // A misspelt name of the field has one, too.
        if (path[0] === 'host' && problems.hasErrorWithin(base)) return
        if (severity === 'error') problems.error(place, text)
        else problems.warn(place, text)
      },
    },
  )
}

/** The fields that are there and not blank. */
export function definedOnly<T extends object>(
  fields: T,
): { [key in keyof T]?: NonNullable<T[key]> } {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined && value !== ''),
  ) as { [key in keyof T]?: NonNullable<T[key]> }
}
