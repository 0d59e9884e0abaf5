import { isRecord, valueAt, type ProblemList } from '@millrace/core/dialect'

const readTypes = 'Millrace reads mysql, mariadb, postgresql and mongodb.'

const collectors: Readonly<Record<string, string>> = {
  flink: 'sources of type "flink" (Spanner) are not supported',
  riotx: 'sources of type "riotx" (Snowflake) are not supported',
  external: 'sources of type "external" are not supported: Millrace reads the database itself',
}

const databases: Readonly<Record<string, string>> = {
  oracle: 'Oracle is not supported',
  sqlserver: 'SQL Server is not supported',
  spanner: 'Spanner is not supported',
  snowflake: 'Snowflake is not supported',
}

/**
 * Reports what RDI has and Millrace lacks, one error each, and takes it out of `value`, so that its parts are not
 * complained of one by one.
 */
export function takeOutUnsupported(value: unknown, problems: ProblemList): unknown {
  if (!isRecord(value)) return value
  const rest: Record<string, unknown> = { ...value }
  if (rest['secret-providers'] !== undefined) {
    const message = 'secret providers are not supported'
    const hint = 'Put the secrets into environment variables and write ${NAME}.'
    problems.error(['secret-providers'], { message, hint }, 'key')
    delete rest['secret-providers']
  }
  if (!isRecord(rest['sources'])) return rest
  const sources: Record<string, unknown> = { ...rest['sources'] }
  for (const [id, source] of Object.entries(sources)) {
    const type = valueAt(source, ['type'])
    const database = valueAt(source, ['connection', 'type'])
    const collector = textOf(collectors, type)
    const message = collector ?? textOf(databases, database)
    if (message === undefined) continue
    const path = collector === undefined ? ['connection', 'type'] : ['type']
    problems.error(['sources', id, ...path], { message, hint: readTypes })
    delete sources[id]
  }
  rest['sources'] = sources
  return rest
}

function textOf(texts: Readonly<Record<string, string>>, name: unknown): string | undefined {
  return typeof name === 'string' && Object.hasOwn(texts, name) ? texts[name] : undefined
}

/** Brings targets of the older form, whose connection has no object of its own, into the present one. */
export function nestFlatTargets(
  value: unknown,
  onMoved: (id: string, field: 'connection') => void,
): unknown {
  if (!isRecord(value) || !isRecord(value['targets'])) return value
  const targets: Record<string, unknown> = { ...value['targets'] }
  for (const [id, target] of Object.entries(targets)) {
    const isFlat =
      isRecord(target) &&
      target['connection'] === undefined &&
      ['type', 'host', 'port'].some((name) => target[name] !== undefined)
    if (!isFlat) continue
    const { name, ...connection } = target
    targets[id] = { ...(name === undefined ? {} : { name }), connection }
    onMoved(id, 'connection')
  }
  return { ...value, targets }
}
