import { previewJob, type JobPreview } from '@millrace/core'
import { refuseFlags, UsageError, type JobFlags } from '../job-options.ts'
import { createLogger, type CliLogger } from '../logger.ts'
import { failWith } from '../render/errors.ts'
import { formatRedisCommand, jsonOfCommand } from '../render/redis-command.ts'
import { listenForStop } from '../stop-signals.ts'
import { loadPlans } from './load-plan.ts'
import { tryJob } from './try-job.ts'

export interface PreviewFlags extends JobFlags {
  /** Default 5. */
  readonly limit?: number
  readonly format: 'redis' | 'json'
  /** One job of an RDI pipeline, and the file with the rows to try it on. */
  readonly jobFile?: string
  readonly input?: string
}

/** `millrace preview`: the commands of the first rows, on stdout; writes nothing. Resolves with the exit code. */
export async function previewCommand(
  file: string | undefined,
  flags: PreviewFlags,
): Promise<number> {
  const logger = createLogger(flags.logLevel, (text) => process.stderr.write(text))
  const { jobFile, input } = flags
  if (jobFile !== undefined || input !== undefined) {
    if (jobFile === undefined || input === undefined || file !== undefined)
      throw new UsageError('--job-file and --input belong together, without a job or folder')
    refuseForGivenRows(flags)
    return await previewGivenRows(jobFile, input, flags, logger)
  }
  if (file === undefined)
    throw new UsageError('preview expects a job file, the folder of a pipeline, or --job-file')
  const loaded = await loadPlans(file, flags, logger)
  if (loaded === undefined) return 2
  const stop = listenForStop(logger)
  try {
    const previews: JobPreview[] = []
    for (const plan of loaded.plans)
      previews.push(
        await previewJob(plan, { logger, signal: stop.signal, limit: flags.limit ?? 5 }),
      )
    printCommands(
      previews.flatMap(({ commands }) => commands),
      flags.format,
    )
    for (const preview of previews) logOutcome(preview, logger)
    return 0
  } catch (error) {
    return stop.signal.aborted ? stop.exitCode : failWith(error, logger)
  } finally {
    stop.dispose()
  }
}

function refuseForGivenRows(flags: PreviewFlags): void {
  const { limit, datasources, set, scheduledAt, name, concurrent } = flags
  refuseFlags(
    {
      '--limit': limit,
      '--datasources': datasources,
      '--set': Object.keys(set).length === 0 ? undefined : set,
      '--scheduled-at': scheduledAt,
      '--name': name,
      '--concurrent': concurrent,
    },
    'with --job-file: every row of --input is tried, and nothing is connected to',
  )
}

async function previewGivenRows(
  jobFile: string,
  input: string,
  flags: PreviewFlags,
  logger: CliLogger,
): Promise<number> {
  const stop = listenForStop(logger)
  try {
    return await tryJob(jobFile, input, flags, { logger, signal: stop.signal })
  } catch (error) {
    if (error instanceof UsageError) throw error
    return stop.signal.aborted ? stop.exitCode : failWith(error, logger)
  } finally {
    stop.dispose()
  }
}

function printCommands(commands: JobPreview['commands'], format: PreviewFlags['format']): void {
  const text =
    format === 'json'
      ? `${JSON.stringify(commands.map(jsonOfCommand), null, 2)}\n`
      : commands.map((command) => `${formatRedisCommand(command)}\n`).join('')
  process.stdout.write(text)
}

function logOutcome(preview: JobPreview, logger: CliLogger): void {
  for (const { code, message } of preview.dirty) logger.warn(`dirty: ${code}: ${message}`)
  logger.info(
    `${preview.recordsRead} rows read, ${preview.recordsFiltered} filtered, ${preview.dirty.length} dirty, ${preview.commands.length} commands; nothing was written`,
  )
}
