import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { openDialect } from '@millrace/core'
import type { JsonValue } from '@millrace/core/record'
import { loadOptionsOf, UsageError, type JobFlags } from '../job-options.ts'
import type { CliLogger } from '../logger.ts'
import { formatProblems } from '../render/problems.ts'
import { formatRedisCommand, jsonOfCommand } from '../render/redis-command.ts'

export interface TryJobFlags extends JobFlags {
  readonly format: 'redis' | 'json'
}

/** `millrace preview --job-file … --input …`: what one RDI job makes of given rows. Resolves with the exit code. */
export async function tryJob(
  jobFile: string,
  input: string,
  flags: TryJobFlags,
  options: { readonly logger: CliLogger; readonly signal: AbortSignal },
): Promise<number> {
  const file = resolve(jobFile)
  const opened = await openDialect(dirname(file), { ...loadOptionsOf(flags), ...options })
  if ('problem' in opened) {
    process.stderr.write(formatProblems([opened.problem]))
    return 2
  }
  const trial = await opened.dialect.tryJob(file, rowsOf(input), opened.context)
  const { transformation, output, dirty, recordsFiltered } = trial
  if (flags.format === 'json') {
    const outputs = output.map(({ connection, commands }) => ({
      connection,
      commands: commands.map(jsonOfCommand),
    }))
    process.stdout.write(`${JSON.stringify({ transformation, output: outputs }, null, 2)}\n`)
  } else {
    process.stdout.write('# records after the transform\n')
    for (const record of transformation) process.stdout.write(`${JSON.stringify(record)}\n`)
    for (const { connection, commands } of output) {
      process.stdout.write(`# commands to ${connection}\n`)
      for (const command of commands) process.stdout.write(`${formatRedisCommand(command)}\n`)
    }
  }
  for (const { code, message } of dirty) options.logger.warn(`dirty: ${code}: ${message}`)
  options.logger.info(
    `${transformation.length} records, ${recordsFiltered} filtered, ${dirty.length} dirty; nothing was read or written`,
  )
  return 0
}

function rowsOf(input: string): readonly JsonValue[] {
  let parsed: JsonValue
  try {
    parsed = JSON.parse(readFileSync(input, 'utf8')) as JsonValue
  } catch (cause) {
    throw new UsageError(
      `--input ${input}: ${cause instanceof Error ? cause.message : String(cause)}`,
    )
  }
  const rows: readonly JsonValue[] = Array.isArray(parsed) ? parsed : [parsed]
  const wrong = rows.findIndex(
    (row) => typeof row !== 'object' || row === null || Array.isArray(row),
  )
  if (wrong >= 0)
    throw new UsageError(`--input ${input}: row ${wrong + 1} is no object; expected a list of rows`)
  return rows
}
