import { fileURLToPath } from 'node:url'
import { isAbsolute, resolve } from 'node:path'
import { Option, type Command } from 'commander'
import type { LoadJobOptions } from '@millrace/core'
import { logLevels, type LogLevel } from './logger.ts'

/** Flags of every command that opens connections. */
export interface ConnectionFlags {
  readonly datasources?: string
  readonly plugin: readonly string[]
  /** False with `--no-plugins`. */
  readonly plugins: boolean
  readonly logLevel: LogLevel
}

/** Flags of every command that reads a job file. */
export interface JobFlags extends ConnectionFlags {
  readonly set: Readonly<Record<string, string>>
  readonly scheduledAt?: Date
  readonly name?: string
  readonly concurrent?: number
}

/** Adds the flags of {@link ConnectionFlags} to a command. */
export function addConnectionFlags(command: Command): Command {
  return command
    .option(
      '--datasources <file>',
      'connections by name (default: datasources.yaml or .json beside the job)',
    )
    .addOption(pluginOption())
    .option('--no-plugins', 'load no plugin that the job names itself')
    .addOption(
      new Option('--log-level <level>', 'least level of messages')
        .choices(logLevels)
        .default('info'),
    )
}

/** Adds the flags of {@link JobFlags} to a command. */
export function addJobFlags(command: Command): Command {
  return addConnectionFlags(command)
    .option(
      '--set <name=value>',
      'value for ${name} in the job; may be repeated',
      collectSetting,
      {},
    )
    .option(
      '--scheduled-at <time>',
      'ISO time for $[yyyymmdd] and $bizdate (default: now)',
      parseTime,
    )
    .option(
      '--name <name>',
      'name of the job (default: file name and 8 hex digits of source and target)',
    )
    .option('--concurrent <n>', 'channels, in place of setting.speed.concurrent', parseCount)
}

/** A flag that would be parsed and ignored is a mistake. */
export function refuseFlags(flags: Readonly<Record<string, unknown>>, reason: string): void {
  const [name] = Object.entries(flags).find(([, value]) => value !== undefined) ?? []
  if (name !== undefined) throw new UsageError(`${name} has no effect ${reason}`)
}

/** `--plugin`, as every command has it that looks for plugins. */
export function pluginOption(): Option {
  return new Option('--plugin <module>', 'package or file with plugins; may be repeated')
    .argParser(collectModule)
    .default([])
}

/** What `loadJob` needs, from the flags. */
export function loadOptionsOf(flags: ConnectionFlags & Partial<JobFlags>): LoadJobOptions {
  return {
    ...(flags.datasources === undefined ? {} : { dataSourcesFile: flags.datasources }),
    parameters: flags.set ?? {},
    ...(flags.scheduledAt === undefined ? {} : { scheduledAt: flags.scheduledAt }),
    ...(flags.name === undefined ? {} : { name: flags.name }),
    ...(flags.concurrent === undefined ? {} : { concurrency: flags.concurrent }),
    plugins: flags.plugin,
    usePlugins: flags.plugins,
    searchFrom: [cliFolder],
    environment: process.env,
  }
}

/** The command line's own folder, the last place where plugins are looked for. */
export const cliFolder = fileURLToPath(new URL('..', import.meta.url))

/** A flag or argument whose value is wrong; the message names both. */
export class UsageError extends Error {}

function collectSetting(text: string, previous: Record<string, string>): Record<string, string> {
  const equals = text.indexOf('=')
  if (equals < 1) throw new UsageError(`--set expects name=value, found "${text}"`)
  return { ...previous, [text.slice(0, equals)]: text.slice(equals + 1) }
}

function collectModule(text: string, previous: readonly string[]): readonly string[] {
  const isPath = text.startsWith('.') || isAbsolute(text)
  return [...previous, isPath ? resolve(text) : text]
}

/** A flag that may be repeated. */
export function collectName(text: string, previous: readonly string[]): readonly string[] {
  return [...previous, text]
}

function parseTime(text: string): Date {
  const time = new Date(text)
  if (Number.isNaN(time.getTime())) {
    throw new UsageError(
      `--scheduled-at expects an ISO time such as 2026-02-01T00:00:00Z, found "${text}"`,
    )
  }
  return time
}

/** An integer of at least 1. */
export function parseCount(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text))
    throw new UsageError(`expected an integer of at least 1, found "${text}"`)
  return Number(text)
}

/** A number from 0 to 100. */
export function parsePercent(text: string): number {
  const percent = Number(text)
  if (!/^\d+(\.\d+)?$/.test(text) || percent > 100)
    throw new UsageError(`expected a percentage from 0 to 100, found "${text}"`)
  return percent
}
