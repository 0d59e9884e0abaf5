import { previewJob, type JobPreview } from '@millrace/core'
import type { JobFlags } from '../job-options.ts'
import { createLogger, type CliLogger } from '../logger.ts'
import { failWith } from '../render/errors.ts'
import { formatRedisCommand, jsonOfCommand } from '../render/redis-command.ts'
import { listenForStop } from '../stop-signals.ts'
import { loadPlan } from './load-plan.ts'

export interface PreviewFlags extends JobFlags {
  readonly limit: number
  readonly format: 'redis' | 'json'
}

/** `millrace preview`: the commands of the first rows, on stdout; writes nothing. Resolves with the exit code. */
export async function previewCommand(file: string, flags: PreviewFlags): Promise<number> {
  const logger = createLogger(flags.logLevel, (text) => process.stderr.write(text))
  const plan = await loadPlan(file, flags, logger)
  if (plan === undefined) return 2
  const stop = listenForStop(logger)
  try {
    const preview = await previewJob(plan, { logger, signal: stop.signal, limit: flags.limit })
    printCommands(preview, flags.format)
    logOutcome(preview, logger)
    return 0
  } catch (error) {
    return stop.signal.aborted ? stop.exitCode : failWith(error, logger)
  } finally {
    stop.dispose()
  }
}

function printCommands(preview: JobPreview, format: PreviewFlags['format']): void {
  const text =
    format === 'json'
      ? `${JSON.stringify(preview.commands.map(jsonOfCommand), null, 2)}\n`
      : preview.commands.map((command) => `${formatRedisCommand(command)}\n`).join('')
  process.stdout.write(text)
}

function logOutcome(preview: JobPreview, logger: CliLogger): void {
  for (const { code, message } of preview.dirty) logger.warn(`dirty: ${code}: ${message}`)
  logger.info(
    `${preview.recordsRead} rows read, ${preview.recordsFiltered} filtered, ${preview.dirty.length} dirty, ${preview.commands.length} commands; nothing was written`,
  )
}
