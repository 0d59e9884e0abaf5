import type { ProblemText, UnknownKey } from '@millrace/core/dialect'

/** Names that people or other tools use, with what they may stand for here. */
const otherNames: Readonly<Record<string, readonly string[]>> = {
  username: ['user'],
  pass: ['password'],
  passwd: ['password'],
  pwd: ['password'],
  db: ['database'],
  dbname: ['database'],
  hostname: ['host'],
  server: ['host', 'server_name'],
  source_name: ['server_name'],
  ca: ['cacert'],
  ca_cert: ['cacert'],
  schema: ['schemas'],
  database: ['databases', 'db'],
  collection: ['table'],
  ttl: ['expire'],
  type: ['data_type'],
  fields: ['mapping'],
  command: ['cmd'],
  arguments: ['args'],
  lang: ['language'],
  expr: ['expression'],
  query: ['snapshot_sql'],
  from: ['from_field', 'source'],
  to: ['to_field'],
  name: ['field'],
  outputs: ['output'],
  max_length: ['max_len'],
  maxlen: ['max_len'],
}

/** The known name for one that is spelt quite differently, for `explainKey` of `validateStrictly`. */
export function explainOtherName({ key, known, nearest }: UnknownKey): ProblemText | undefined {
  if (nearest !== undefined || !Object.hasOwn(otherNames, key)) return undefined
  const meant = otherNames[key]?.find((name) => known.includes(name))
  return meant === undefined
    ? undefined
    : { message: 'unknown key', hint: `Did you mean ${JSON.stringify(meant)}?` }
}
