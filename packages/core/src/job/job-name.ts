import { createHash } from 'node:crypto'
import path from 'node:path'
import { isRecord } from '../config/config-path.ts'
import { dataSourceIdentity } from '../data-source/data-source-identity.ts'
import type { DataSource } from '../plugin/data-source.ts'

/** One side of a job, as its name sees it. */
export interface NamedSide {
  readonly stepType: string
  readonly dataSources: readonly DataSource[]
  /** Parameters as written in the file, so that a date in them does not change the name from day to day. */
  readonly parameter: unknown
}

/** Parameters that say what is read or where it is written. */
const objectKeys = [
  'table',
  'querySql',
  'collectionName',
  'collection',
  'selectDatabase',
  'database',
] as const

/**
 * The name of a job that has none: the base name of its file and 8 hexadecimal digits of where it reads and writes
 * (types, hosts, databases, tables; no secrets).
 */
export function jobName(file: string, reader: NamedSide, writer: NamedSide): string {
  const base = path.basename(file).replace(/\.(?:jsonc?|ya?ml)$/i, '')
  const identity = JSON.stringify([sideIdentity(reader), sideIdentity(writer)])
  const digits = createHash('sha256').update(identity).digest('hex').slice(0, 8)
  return `${base.replaceAll(/[{}\s\p{Cc}]+/gu, '-')}-${digits}`
}

function sideIdentity(side: NamedSide): unknown {
  return [side.stepType, side.dataSources.map(dataSourceIdentity), objectsOf(side.parameter)]
}

function objectsOf(parameter: unknown): unknown {
  if (!isRecord(parameter)) return []
  const connections = parameter['connection']
  const places = [parameter, ...(Array.isArray(connections) ? (connections as unknown[]) : [])]
  return places.filter(isRecord).map((place) => objectKeys.map((key) => place[key] ?? null))
}

/** What is wrong with a name given by `--name`; `undefined` when nothing is. */
export function jobNameProblem(name: string): string | undefined {
  if (name.trim() === '') return 'expected a name, found a blank'
  if (name.length > 200) return 'expected a name of at most 200 characters'
  return /[{}\p{Cc}]/u.test(name)
    ? 'expected a name without braces, line ends and control characters'
    : undefined
}
