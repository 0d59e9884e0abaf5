import type { Finding } from '@millrace/core/plugin'
import { nearestName } from '@millrace/core/sql'
import { columnTypeNames, namedFormOf } from '../types/column-form.ts'
import type { MongodbConfig, WrittenColumn } from './mongodb-config.ts'
import { DocumentSyntaxError, parseDocument } from './parse-document.ts'
import { pipelineFindings, strayFindings } from './pipeline-config.ts'
import type { UnclearDigits } from './unclear-digits.ts'

/** How long a server keeps a cursor that nobody reads from unless it is told otherwise (`cursorTimeoutMillis`). */
export const serverCursorTimeoutMs = 600_000

/** What is wrong, or doubtful, in the parameters without asking the server. */
export function validateConfig(config: MongodbConfig): readonly Finding[] {
  const { reference, pipeline } = config
  const findings: Finding[] = []
  if (reference.name === undefined && reference.inline === undefined) {
    const hint = 'Add "datasource" with a name of the data source file, or a URL.'
    findings.push(error(['datasource'], 'no data source is named', hint))
  }
  return [
    ...findings,
    ...(pipeline === undefined ? columnJobFindings(config) : pipelineFindings(pipeline)),
  ]
}

/** Of a job that reads columns of one collection. */
function columnJobFindings(config: MongodbConfig): readonly Finding[] {
  const { collection, written, query, objectIdOutputType = 'hex' } = config
  const findings: Finding[] = []
  findings.push(...strayFindings(config.strayKeys))
  if (collection.name === '') {
    const hint = 'Add "collectionName".'
    findings.push(error(['collectionName'], 'no collection is named', hint))
  }
  if (written.length === 0) {
    const hint =
      'List the fields, or write {"name": "document", "type": "combine"} for the whole document.'
    findings.push(error(['column'], 'no column is named', hint))
  }
  findings.push(...written.flatMap(columnFindings))
  if (query !== undefined) findings.push(...documentFindings('query', query))
  findings.push(...config.unclear.map(unclearFinding), ...hintFindings(config))
  findings.push(...timeoutFindings(config))
  if (!['hex', 'json'].includes(objectIdOutputType.toLowerCase())) {
    const message = `objectIdOutputType ${JSON.stringify(objectIdOutputType)} is not known: ids are written as 24 hexadecimal digits`
    findings.push(warning(['objectIdOutputType'], message, 'Write "hex" or "json".'))
  }
  return findings
}

function columnFindings({ name, typeName, splitter }: WrittenColumn, index: number): Finding[] {
  const path = ['column', index]
  if (name === '') return [error(path, 'the column is blank', 'Remove it.')]
  if (typeName === undefined) return []
  const named = namedFormOf(typeName)
  if (named === undefined) {
    const nearest = nearestName(typeName.toLowerCase(), columnTypeNames)
    const hint =
      nearest === undefined
        ? `The types are ${columnTypeNames.join(', ')}.`
        : `Did you mean ${nearest}?`
    return [error([...path, 'type'], `there is no type ${JSON.stringify(typeName)}`, hint)]
  }
  if (named.form !== 'joined') return []
  const hint = 'Write "splitter": ",", or the type "arrays" for JSON text.'
  if (splitter === undefined) {
    return [error(path, `the array ${JSON.stringify(name)} has no splitter`, hint)]
  }
  if (splitter !== '') return []
  const message = `the splitter of ${JSON.stringify(name)} is empty: elements are joined with nothing between them`
  return [warning([...path, 'splitter'], message, hint)]
}

/** Whether a hint is the keys of an index; else it is its name. */
export function isIndexKeys(hint: string): boolean {
  return hint.startsWith('{')
}

function hintFindings({ hint }: MongodbConfig): Finding[] {
  return hint === undefined || !isIndexKeys(hint) ? [] : documentFindings('hint', hint)
}

function documentFindings(key: 'query' | 'hint', text: string): Finding[] {
  try {
    parseDocument(text)
    return []
  } catch (fault) {
    if (!(fault instanceof DocumentSyntaxError)) throw fault
    return [error([key], `the ${key} cannot be read: ${fault.message}`)]
  }
}

/** Clients cannot set the time; they can only ask for none. */
function timeoutFindings({ cursorTimeoutMs: timeoutMs = -1 }: MongodbConfig): Finding[] {
  if (timeoutMs < 0 || timeoutMs >= serverCursorTimeoutMs) return []
  const message = `cursorTimeoutInMs ${timeoutMs} has no effect: the server keeps cursors for ${serverCursorTimeoutMs}, or for as long as they are read`
  const hint = 'Leave it out, or write -1 for the latter.'
  return [warning(['cursorTimeoutInMs'], message, hint)]
}

function unclearFinding({ path, digits }: UnclearDigits): Finding {
  const message = `${digits} may be a number or a text, which an object in a job file does not tell apart`
  const hint = `Write {"$numberLong": "${digits}"} for the number, or the whole query as a text: "query": "{id: '${digits}'}".`
  return error(path, message, hint)
}

type FindingPath = readonly (string | number)[]

function error(path: FindingPath, message: string, hint?: string): Finding {
  return { severity: 'error', path, message, ...(hint === undefined ? {} : { hint }) }
}

function warning(path: FindingPath, message: string, hint?: string): Finding {
  return { severity: 'warning', path, message, ...(hint === undefined ? {} : { hint }) }
}
