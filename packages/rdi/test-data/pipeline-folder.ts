import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Problem } from '@millrace/core/dialect'
import { onTestFinished } from 'vitest'
import { readPipeline, type ReadPipeline } from '../src/config/read-pipeline.ts'

/** A config with a PostgreSQL source `chinook` and two tables. */
export const musicConfig = `sources:
  chinook:
    type: cdc
    connection:
      type: postgresql
      host: 127.0.0.1
      port: 5432
      database: music
      user: app
      password: \${SOURCE_DB_PASSWORD}
    schemas: [public]
    tables:
      public.invoice: {}
      public.track:
        columns: [id, name]
        keys: [id]
targets:
  target:
    connection:
      type: redis
      host: 127.0.0.1
      port: 6379
      password: \${TARGET_DB_PASSWORD}
processors:
  write_batch_size: 100
  target_data_type: hash
`

/** Variables that `musicConfig` needs. */
export const secrets = { SOURCE_DB_PASSWORD: 'hush-source', TARGET_DB_PASSWORD: 'hush-target' }

/** Files of a pipeline by name: `config.yaml`, `jobs/invoice.yaml`. */
export type PipelineFiles = Readonly<Record<string, string>>

/** Writes the files into a folder of their own, which goes when the test ends. */
export async function pipelineFolder(files: PipelineFiles): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'millrace-rdi-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, name)
    await mkdir(path.dirname(file), { recursive: true })
    await writeFile(file, text)
  }
  return folder
}

/** Reads the files as a pipeline in the folder `shop`. */
export async function readFiles(
  files: PipelineFiles,
  environment: Readonly<Record<string, string>> = secrets,
): Promise<ReadPipeline> {
  const named = Object.entries(files).map(([name, text]) => [`shop/${name}`, text])
  const workingFolder = await pipelineFolder(Object.fromEntries(named) as PipelineFiles)
  return await readPipeline('shop', { environment, workingFolder })
}

/** A job beside `musicConfig`. */
export async function readJobText(text: string, config = musicConfig): Promise<ReadPipeline> {
  return await readFiles({ 'config.yaml': config, 'jobs/job.yaml': text })
}

/** `config.yaml:3:5 error message | hint` */
export function shown({ file, line, column, severity, message, hint }: Problem): string {
  const place = `${file.replace(/^shop\//, '')}:${line}:${column}`
  return [`${place} ${severity} ${message}`, ...(hint === undefined ? [] : [hint])].join(' | ')
}
