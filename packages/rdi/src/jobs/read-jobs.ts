import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { parseConfig, readTextFile, type Problem } from '@millrace/core/dialect'
import { CleanProblemList, type HiddenValues } from '../config/hidden-values.ts'
import type { PipelineFolder } from '../config/read-config.ts'
import type { PipelineSettings } from '../model/pipeline.ts'
import { readJob, type ReadJob } from './read-job.ts'

/** Folder of the job files in that of the pipeline. */
export const jobsFolderName = 'jobs'

/** What was found in `jobs`. */
export interface ReadJobs {
  readonly jobs: readonly ReadJob[]
  /** Of all files, in their order. To be asked for when all checks are done. */
  problems(): readonly Problem[]
}

/** What jobs are read with. */
export interface JobsContext {
  readonly settings: PipelineSettings
  readonly targetNames: readonly string[] | undefined
  /** Values of `config.yaml` that no message may show. */
  readonly hiddenValues: HiddenValues
}

/** Reads every `.yaml` and `.yml` of the folder `jobs`, in the order of their names. */
export async function readJobs(folder: PipelineFolder, config: JobsContext): Promise<ReadJobs> {
  const listed = await listFiles(folder)
  if ('problem' in listed) return { jobs: [], problems: () => [listed.problem] }
  const jobs: ReadJob[] = []
  const lists: { readonly problems: readonly Problem[] }[] = []
  const names = new Map<string, string>()
  for (const base of listed.files) {
    const fileName = `${jobsFolderName}/${base}`
    const shown = path.join(folder.shown, jobsFolderName, base)
    const name = base.replace(/\.ya?ml$/i, '')
    const other = names.get(name)
    if (other !== undefined) {
      const message = `there is a job of the same name already: ${other}`
      lists.push({ problems: [{ severity: 'error', message, file: shown, hint: 'Rename one.' }] })
    }
    names.set(name, fileName)
    const read = await readTextFile(path.join(folder.absolute, jobsFolderName, base), shown)
    if ('problem' in read) {
      lists.push({ problems: [read.problem] })
      continue
    }
    const document = await parseConfig(read.text, shown)
    const problems = new CleanProblemList(document, config.hiddenValues)
    lists.push(problems)
    problems.append(document.problems)
    if (document.value === undefined) continue
    const job = await readJob(name, { ...config, document, problems, fileName })
    if (job !== undefined) jobs.push(job)
  }
  return { jobs, problems: () => lists.flatMap((list) => list.problems) }
}

async function listFiles(
  folder: PipelineFolder,
): Promise<{ readonly files: readonly string[] } | { readonly problem: Problem }> {
  try {
    const entries = await readdir(path.join(folder.absolute, jobsFolderName))
    const files = entries.filter((name) => !name.startsWith('.') && /\.ya?ml$/i.test(name))
    return { files: files.sort() }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return { files: [] }
    const file = path.join(folder.shown, jobsFolderName)
    const message =
      code === 'ENOTDIR'
        ? 'expected a folder with jobs, found a file'
        : `the folder cannot be read: ${code ?? String(error)}`
    return { problem: { severity: 'error', message, file } }
  }
}
