import path from 'node:path'
import {
  parseConfig,
  ProblemList,
  readTextFile,
  type DialectContext,
  type DialectFolder,
  type LoadedPipeline,
} from '@millrace/core/dialect'
import { configFileName } from '../config/read-config.ts'
import { readPipeline } from '../config/read-pipeline.ts'
import type { Pipeline } from '../model/pipeline.ts'
import { planPipeline } from './plan-pipeline.ts'

/** Reads the folder of a pipeline into a plan for every source and target. Opens no connection. */
export async function loadFolder(
  folder: DialectFolder,
  context: DialectContext,
): Promise<LoadedPipeline> {
  const { environment } = context
  const { pipeline, problems } = await readPipeline(folder.shown, { environment })
  if (pipeline === undefined) return { problems }
  const list = await problemsOfConfig(folder, pipeline)
  list.append(problems)
  const plans = await planPipeline(pipeline, { folder, context, problems: list })
  if (!list.hasErrors && plans.length === 0)
    list.error(['sources'], 'nothing is read: no source is active, or no table has an output')
  return { problems: list.problems, ...(list.hasErrors ? {} : { plans }) }
}

/** Plugins find things wrong at the places of `config.yaml`, which was read without errors. */
async function problemsOfConfig(folder: DialectFolder, pipeline: Pipeline): Promise<ProblemList> {
  const shown = path.join(folder.shown, configFileName)
  const read = await readTextFile(path.join(pipeline.folder, configFileName), shown)
  return new ProblemList(await parseConfig('text' in read ? read.text : '', shown))
}
