import { join } from 'node:path'
import { describeSource, openDialect } from '@millrace/core'
import { loadOptionsOf, UsageError, type ConnectionFlags } from '../job-options.ts'
import { createLogger } from '../logger.ts'
import { failWith } from '../render/errors.ts'
import { formatProblems } from '../render/problems.ts'
import { listenForStop } from '../stop-signals.ts'
import { writeNewFiles } from '../new-files.ts'

export interface InitFlags extends ConnectionFlags {
  /** Kind of database: `postgresql`, `mysql`, … */
  readonly db: string
  readonly dir: string
  readonly schema: readonly string[]
}

/** `millrace init`: writes the folder of a pipeline for the tables of a live database. Resolves with the exit code. */
export async function initCommand(url: string, flags: InitFlags): Promise<number> {
  const logger = createLogger(flags.logLevel, (text) => process.stderr.write(text))
  const stop = listenForStop(logger)
  const options = { ...loadOptionsOf(flags), logger, signal: stop.signal }
  try {
    const opened = await openDialect(process.cwd(), options)
    if ('problem' in opened) return refuse([opened.problem])
    const request = { stepType: flags.db, dataSource: url, namespaces: flags.schema }
    const source = await describeSource(request, options)
    if ('problems' in source) return refuse(source.problems)
    const files = opened.dialect.scaffold(source)
    writeNewFiles(flags.dir, files)
    process.stdout.write(nextSteps(flags.dir, Object.keys(files), source.tables.length))
    return 0
  } catch (error) {
    if (error instanceof UsageError) throw error
    return stop.signal.aborted ? stop.exitCode : failWith(error, logger)
  } finally {
    stop.dispose()
  }
}

function refuse(problems: Parameters<typeof formatProblems>[0]): number {
  process.stderr.write(formatProblems(problems))
  return 2
}

function nextSteps(folder: string, names: readonly string[], tableCount: number): string {
  const files = names.map((name) => `  ${join(folder, name)}`).join('\n')
  return `${tableCount} tables\n${files}\nNext:
  set the variables that config.yaml names (SOURCE_DB_PASSWORD, …)
  millrace check ${folder} --connect
  millrace preview ${folder}
  millrace run ${folder} --snapshot-only
`
}
