import type { DataSource } from '../plugin/data-source.ts'

/** What tells a data source apart from others, without its secrets: type, servers, database. */
export function dataSourceIdentity(source: DataSource): unknown {
  return {
    type: source.type,
    hosts: [...source.hosts, ...(source.cluster ?? []), ...(source.sentinel?.nodes ?? [])],
    sentinel: source.sentinel?.name,
    socketPath: source.socketPath,
    database: source.database,
  }
}
