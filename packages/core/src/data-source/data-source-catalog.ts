import { isRecord, type ConfigPath } from '../config/config-path.ts'
import type { Problem } from '../config/problem.ts'
import { ProblemList } from '../config/problem-list.ts'
import { suggestKey } from '../config/suggest-key.ts'
import { validateConfig } from '../config/validate-config.ts'
import type { DataSource } from '../plugin/data-source.ts'
import { isConnectionUrl, shownUrl } from './connection-url.ts'
import {
  dataSourceFiles,
  readDataSourceFile,
  type DataSourceFile,
  type DataSourceSearch,
} from './data-source-file.ts'
import { dataSourceSchema, type DataSourceFields } from './data-source-schema.ts'
import { layersOf, type Layer } from './entry-layers.ts'
import type { OnProblem } from './environment-secrets.ts'
import { toDataSource } from './to-data-source.ts'

/** A connection that a step names. */
export interface DataSourceRequest {
  /** Name in a data source file, or a URL. */
  readonly name?: string | undefined
  /** Connection fields that stand in the job. */
  readonly inline?: Readonly<Record<string, unknown>> | undefined
  /** 0 selects `env.prod` of an entry, 1 `env.dev`. */
  readonly environmentType: 0 | 1
  /** Type of an inline connection that does not say it. */
  readonly defaultType?: string | undefined
  /** Where it stands in the job file. */
  readonly path: ConfigPath
}

/** Finds the data sources that a job names, and reads each file of them once. */
export class DataSourceCatalog {
  readonly #search: DataSourceSearch
  readonly #paths: readonly string[]
  readonly #files = new Map<string, DataSourceFile>()
  readonly #problems: Problem[] = []

  constructor(search: DataSourceSearch) {
    this.#search = search
    this.#paths = dataSourceFiles(search)
  }

  /** Problems inside data source files, so far. Those about the job file go to its own list. */
  get problems(): readonly Problem[] {
    return this.#problems
  }

  /** The data source, or `undefined` when something is wrong, which is reported. */
  async resolve(request: DataSourceRequest, job: ProblemList): Promise<DataSource | undefined> {
    const name = request.name?.trim() ?? ''
    if (name === '') return this.#fromInline(request, job)
    return isConnectionUrl(name)
      ? this.#fromUrl(name, request, job)
      : this.#fromFiles(name, request, job)
  }

  async #fromUrl(
    url: string,
    request: DataSourceRequest,
    job: ProblemList,
  ): Promise<DataSource | undefined> {
    return await toDataSource(
      { url },
      {
        name: shownUrl(url),
        folder: this.#search.jobFolder,
        environment: this.#search.environment,
        base: request.path,
        onProblem: (severity, _path, text) => report(job, severity, request.path, text),
      },
    )
  }

  async #fromInline(request: DataSourceRequest, job: ProblemList): Promise<DataSource | undefined> {
    const onProblem: OnProblem = (severity, path, text) => report(job, severity, path, text)
    const inline = request.inline ?? {}
    // The reference points at one field of the connection, or at the object around them all.
    const last = request.path.at(-1) ?? ''
    const base = Object.hasOwn(inline, last) ? request.path.slice(0, -1) : request.path
    const layer = { value: inline, path: base }
    const fields = await validateLayers([layer], job, true)
    if (fields === undefined) return undefined
    const urls = [fields.jdbcUrl ?? fields.url ?? []].flat()
    return await toDataSource(fields, {
      name: urls[0] === undefined ? 'the connection in the job' : shownUrl(urls[0]),
      defaultType: request.defaultType,
      folder: this.#search.jobFolder,
      environment: this.#search.environment,
      base,
      onProblem,
    })
  }

  async #fromFiles(
    name: string,
    request: DataSourceRequest,
    job: ProblemList,
  ): Promise<DataSource | undefined> {
    const known: string[] = []
    for (const path of this.#paths) {
      const file = await this.#read(path)
      // A file that cannot be read may well hold the name: its own error is enough.
      if (file.problems.some((problem) => problem.severity === 'error')) return undefined
      if (Object.hasOwn(file.entries, name)) return this.#fromEntry(file, name, request, job)
      known.push(...Object.keys(file.entries))
    }
    const nearest = suggestKey(name, known)
    const places =
      this.#paths.length > 0
        ? `It was looked for in ${this.#paths.join(', ')}.`
        : 'There is no datasources.yaml or datasources.json beside the job or in the working directory; ' +
          'make one, or name it with --datasources.'
    const shown = shownName(name)
    const hints = [
      ...(nearest === undefined ? [] : [`Did you mean ${JSON.stringify(nearest)}?`]),
      ...(shown === name
        ? []
        : ['A URL begins with the kind of its database, such as postgresql://.']),
      places,
    ]
    const hint = hints.join(' ')
    const message = `there is no data source ${JSON.stringify(shown)}`
    report(job, 'error', request.path, { message, hint })
    return undefined
  }

  async #read(path: string): Promise<DataSourceFile> {
    const known = this.#files.get(path)
    if (known !== undefined) return known
    const file = await readDataSourceFile(path, this.#search.workingFolder)
    this.#files.set(path, file)
    this.#problems.push(...file.problems)
    return file
  }

  async #fromEntry(
    file: DataSourceFile,
    name: string,
    request: DataSourceRequest,
    job: ProblemList,
  ): Promise<DataSource | undefined> {
    const problems = new ProblemList(file.document)
    try {
      const base = ['datasources', name]
      const entry = file.entries[name]
      if (!isRecord(entry)) {
        problems.error(base, 'expected an object with the fields of a data source')
        return undefined
      }
      const layers = layersOf(entry, base, request.environmentType, problems)
      const fields =
        layers === undefined ? undefined : await validateLayers(layers, problems, false)
      if (layers === undefined || fields === undefined) return undefined
      return await toDataSource(fields, {
        name,
        folder: file.folder,
        environment: this.#search.environment,
        base: [],
        onProblem: (severity, path, text) =>
          report(problems, severity, placeOf(layers, base, path), text),
      })
    } finally {
      this.#problems.push(...problems.problems)
      if (problems.hasErrors) {
        const message = `the data source ${JSON.stringify(name)} cannot be used: see ${file.file}`
        report(job, 'error', request.path, { message })
      }
    }
  }
}

function report(
  problems: ProblemList,
  severity: 'error' | 'warning',
  path: ConfigPath,
  text: { readonly message: string; readonly hint?: string },
): void {
  if (severity === 'error') problems.error(path, text)
  else problems.warn(path, text)
}

/** Checks every layer by the schema; later layers win. Keys of inline connections are the plugin's to check. */
async function validateLayers(
  layers: readonly Layer[],
  problems: ProblemList,
  isInline: boolean,
): Promise<DataSourceFields | undefined> {
  let fields: DataSourceFields | undefined = {}
  for (const layer of layers) {
    const validated = await validateConfig(dataSourceSchema, layer.value, problems, {
      base: layer.path,
      isTolerated: () => isInline,
    })
    if (validated === undefined) fields = undefined
    else if (fields !== undefined) fields = { ...fields, ...validated.value }
  }
  return fields !== undefined && !problemsStopIt(problems, isInline) ? fields : undefined
}

/** In a file of its own every error counts; in the job, errors of other parts must not hide this one's. */
function problemsStopIt(problems: ProblemList, isInline: boolean): boolean {
  return !isInline && problems.hasErrors
}

/** Path in the file of a field of the merged entry: that of the last layer that has it. */
function placeOf(layers: readonly Layer[], base: ConfigPath, path: ConfigPath): ConfigPath {
  const [key] = path
  const layer = layers.findLast((one) => key !== undefined && Object.hasOwn(one.value, key))
  return [...(layer?.path ?? base), ...path]
}

/** A name as it may be shown: what looks like a URL without its beginning may hold a password. */
function shownName(name: string): string {
  return name.replace(/^.*@/s, '…@').replace(/\?.*$/s, '?…')
}
