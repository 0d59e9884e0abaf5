import {
  isRecord,
  suggestKey,
  validateStrictly,
  valueAt,
  type ConfigDocument,
} from '@millrace/core/dialect'
import type { TableJob, TableMatch } from '../model/table-job.ts'
import { checkTarget } from './check-target.ts'
import type { JobContext } from './job-context.ts'
import { jobSchema, type JobFile } from './job-schema.ts'
import { explainJobKey, takeOutOldOutputs, warnOfCaches } from './old-names.ts'
import { readBlocks } from './read-blocks.ts'
import { defaultOutput, readOutput } from './read-output.ts'

/** A job file that was read. */
export interface ReadJob {
  readonly job: TableJob
  readonly document: ConfigDocument
  readonly problems: JobContext['problems']
  /** Whether `source` was read without errors, so that it can be compared with the tables. */
  readonly hasMatch: boolean
}

/** Reads a job file; problems are in `context.problems`. `undefined` when nothing of it fits. */
export async function readJob(name: string, context: JobContext): Promise<ReadJob | undefined> {
  const { document, problems } = context
  const value = withSource(takeOutOldOutputs(document.value, problems), context)
  const validated = await validateStrictly(jobSchema, value, problems, {
    explainKey: explainJobKey,
  })
  warnOfCaches(document.value, problems)
  if (validated === undefined) return undefined
  const file = validated.value
  const { temporal, on_truncate: onTruncate } = file.millrace ?? {}
  const outputs = file.output?.map((entry, index) =>
    readOutput(entry.with ?? {}, ['output', index, 'with'], temporal, context),
  )
  if (valueAt(document.value, ['output']) === undefined) checkTarget('target', [], context)
  if (file.source.row_format === 'data_only') {
    const message = '"data_only" is the old name of "partial"'
    problems.warn(['source', 'row_format'], { message, hint: 'Write row_format: partial.' })
  }
  const job: TableJob = {
    name,
    file: context.fileName,
    match: readMatch(file.source),
    rowFormat: file.source.row_format === 'full' ? 'full' : 'partial',
    blocks: readBlocks(file.transform ?? [], context),
    ...(onTruncate && { onTruncate }),
    outputs: outputs ?? [
      { ...defaultOutput(context), ...(temporal === undefined ? {} : { temporal }) },
    ],
  }
  const parts = ['table', 'schema', 'db', 'server_name', 'case_insensitive']
  const hasMatch =
    isRecord(document.value) &&
    isRecord(document.value['source']) &&
    !['', ...parts].some((part) =>
      problems.hasErrorAt(part === '' ? ['source'] : ['source', part]),
    ) &&
    Object.keys(document.value['source']).every((key) => [...parts, 'row_format'].includes(key))
  return { job, document, problems, hasMatch }
}

/** The value with a `source` in any case, so that the rest is checked where it is missing, too. */
function withSource(value: unknown, { problems }: JobContext): unknown {
  if (!isRecord(value) || value['source'] !== undefined) return value
  const isMisspelt = Object.keys(value).some((key) => suggestKey(key, ['source']) !== undefined)
  if (!isMisspelt) {
    const hint = 'Add: source: { table: <name> }, with schema or db.'
    problems.error(['source'], {
      message: 'is missing: expected the table that the job is for',
      hint,
    })
  }
  return { ...value, source: { table: '*' } }
}

function readMatch(source: JobFile['source']): TableMatch {
  const given = (text: string | undefined): string | undefined => (text === '' ? undefined : text)
  const schema = given(source.schema)
  const db = given(source.db)
  const serverName = given(source.server_name)
  return {
    table: source.table,
    ...(schema === undefined ? {} : { schema }),
    ...(db === undefined ? {} : { db }),
    ...(serverName === undefined ? {} : { serverName }),
    isCaseInsensitive: source.case_insensitive ?? true,
  }
}
