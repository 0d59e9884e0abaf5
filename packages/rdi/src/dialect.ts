import { defineDialect } from '@millrace/core/dialect'
import { loadFolder } from './load/load-folder.ts'
import { scaffoldPipeline } from './scaffold/scaffold-pipeline.ts'
import { tryJob } from './trial/try-job.ts'

/** Pipelines of Redis Data Integration: a folder with `config.yaml` and `jobs/*.yaml`. */
export const rdi = defineDialect({
  apiVersion: 1,
  kind: 'dialect',
  name: 'rdi',
  description: 'Runs pipelines of Redis Data Integration: config.yaml and jobs/*.yaml',
  load: loadFolder,
  tryJob,
  scaffold: scaffoldPipeline,
})
