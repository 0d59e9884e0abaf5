import { existsSync } from 'node:fs'
import path from 'node:path'
import type { ConfigDocument } from '../config/config-document.ts'
import { isRecord } from '../config/config-path.ts'
import { parseConfig } from '../config/parse-config.ts'
import type { Problem } from '../config/problem.ts'
import { ProblemList } from '../config/problem-list.ts'
import { readTextFile } from '../config/read-text-file.ts'
import type { Environment } from './environment-secrets.ts'

/** Where files of data sources are looked for. */
export interface DataSourceSearch {
  /** What `--datasources` names. */
  readonly file?: string | undefined
  readonly jobFolder: string
  readonly workingFolder: string
  readonly environment: Environment
}

/** A file of data sources. */
export interface DataSourceFile {
  /** Path as it is shown. */
  readonly file: string
  readonly folder: string
  readonly document: ConfigDocument
  /** What was found wrong with the file as a whole. */
  readonly problems: readonly Problem[]
  /** The entries by name; empty when the file is broken. */
  readonly entries: Readonly<Record<string, unknown>>
}

const fileNames = ['datasources.yaml', 'datasources.yml', 'datasources.json']

/**
 * The files that name data sources, in the order in which they are searched: `--datasources`, beside the job, in the
 * working directory, `MILLRACE_DATASOURCES`. The first two places and the last must exist when they are named.
 */
export function dataSourceFiles(search: DataSourceSearch): readonly string[] {
  const files: string[] = []
  const add = (file: string): void => {
    const isKnown = files.some((other) => path.resolve(other) === path.resolve(file))
    if (!isKnown) files.push(file)
  }
  if (search.file !== undefined) add(search.file)
  for (const folder of [search.jobFolder, search.workingFolder]) {
    for (const name of fileNames) {
      const file = path.join(folder, name)
      if (existsSync(file)) add(relativeIfInside(file, search.workingFolder))
    }
  }
  const named = search.environment['MILLRACE_DATASOURCES']
  if (named !== undefined && named.trim() !== '') add(named)
  return files
}

function relativeIfInside(file: string, folder: string): string {
  const relative = path.relative(folder, file)
  return relative.startsWith('..') || path.isAbsolute(relative) ? file : relative
}

/** Reads a file of data sources. Never throws: what is wrong is in `problems`. */
export async function readDataSourceFile(
  file: string,
  workingFolder: string,
): Promise<DataSourceFile> {
  const absolute = path.resolve(workingFolder, file)
  const folder = path.dirname(absolute)
  const read = await readTextFile(absolute, file)
  if ('problem' in read) {
    const document = await parseConfig('{}', 'empty.json')
    return { file, folder, document, problems: [read.problem], entries: {} }
  }
  const document = await parseConfig(read.text, file)
  const list = new ProblemList(document)
  list.append(document.problems)
  const entries = list.hasErrors ? {} : entriesOf(document.value, list)
  return { file, folder, document, problems: list.problems, entries }
}

function entriesOf(value: unknown, problems: ProblemList): Readonly<Record<string, unknown>> {
  const entries = isRecord(value) ? value['datasources'] : undefined
  if (isRecord(entries)) return entries
  problems.error([], {
    message: 'expected a key "datasources" with the data sources by name',
    hint: 'Write: datasources: { shop: { type: mysql, host: 127.0.0.1, user: app } }',
  })
  return {}
}
