import { readFileSync } from 'node:fs'
import { Argument, Command, CommanderError, Option } from 'commander'
import { pluginKinds, pluginLanguages, type PluginKind } from './plugin-package.ts'
import type { PluginsFlags } from './commands/plugins.ts'
import {
  addConnectionFlags,
  addJobFlags,
  collectName,
  parseCount,
  parsePercent,
  pluginOption,
  UsageError,
} from './job-options.ts'
import { progressStyles } from './render/progress.ts'

const examples = `
Start here:
  millrace demo                           the whole way on data it makes itself
  millrace check job.json                 every mistake in a job file, with line and column
  millrace preview job.json               the Redis commands of the first rows; writes nothing
  millrace run job.json                   runs it
  millrace run folder                     an RDI pipeline (config.yaml, jobs/*.yaml): its tables, then every change

A job names its connections ("datasource": "shop"). Write them in datasources.yaml beside the job:
  datasources:
    shop:  { type: mysql, host: 127.0.0.1, user: app, password: "\${env:SHOP_PASSWORD}", database: shop }
    cache: { type: redis, url: "redis://127.0.0.1:6379/0" }

Exit codes: 0 complete, 1 failed or too many dirty records, 2 mistake in files or flags,
            3 a server not reached, refused or unfit, 4 position lost, 130/143 stopped by a signal.
`

const runExamples = `
Examples:
  millrace run job.json --report report.json    rows once, with a report
  millrace run job.json --resume                goes on where a run that was cut off stopped
  millrace run folder --metrics 9464            a pipeline until it is stopped; /metrics and /healthz on port 9464
  millrace run folder --until-current           applies what was committed before, and ends
  millrace run folder --snapshot-only           reads its tables once
`

const commands = () => import('./commands/all-commands.ts')

/** The command line. Resolves with the exit code; never rejects for what a user can cause. */
export async function main(argv: readonly string[]): Promise<number> {
  surviveClosedPipes()
  let exitCode = 0
  const program = createProgram((code) => {
    exitCode = code
  })
  try {
    await program.parseAsync([...argv])
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    if (error instanceof UsageError) {
      process.stderr.write(`error: ${error.message}\n`)
      return 2
    }
    const { createLogger, failWith } = await commands()
    return failWith(
      error,
      createLogger('info', (text) => process.stderr.write(text)),
    )
  }
}

/** Whoever reads our output may stop early (`| head`): that ends the output, not the job. */
function surviveClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
    })
  }
}

function createProgram(finish: (exitCode: number) => void): Command {
  const program = new Command('millrace')
    .description(
      'Moves rows and changes from MySQL, MariaDB, PostgreSQL and MongoDB into Redis, from DataWorks and DataX job files and RDI pipelines.',
    )
    .version(version(), '-V, --version')
    .addHelpText('after', examples)
    .showSuggestionAfterError()
    .exitOverride()
  addRun(program, finish)
  addReplay(program, finish)
  addStatus(program, finish)
  addResync(program, finish)
  addCheck(program, finish)
  addPreview(program, finish)
  addInit(program, finish)
  addPlugins(program, finish)
  program
    .command('demo')
    .description('runs the main job on data it makes itself (in a checkout)')
    .action(async () => finish(await (await commands()).demoCommand()))
  addCreate(program, finish)
  return program
}

function addRun(program: Command, finish: (exitCode: number) => void): void {
  const command = program
    .command('run <job>')
    .description(
      'runs a job file (.json, .jsonc or .yaml; DataWorks or DataX) to its end, or the folder of an RDI pipeline until it is stopped',
    )
    .option('--snapshot-only', 'of a pipeline: reads its tables once and ends')
    .option(
      '--until-current',
      'of a pipeline: ends once everything committed before the start of the run is applied',
    )
    .addOption(
      new Option('--resume', 'goes on where an unfinished run of this job stopped').conflicts(
        'restart',
      ),
    )
    .option('--restart', 'begins anew, whatever an unfinished run has left')
    .option(
      '--allow-duplicates',
      'reads parts without a unique key again, also into lists: with --resume, and when the source fails',
    )
    .option(
      '--max-dirty-percent <percent>',
      'ends the job when more of the records are dirty (from 1,000 records on)',
      parsePercent,
    )
    .option(
      '--metrics <port>',
      'serves /metrics for Prometheus and /healthz on a port, or on host:port, while it runs',
    )
    .addHelpText('after', runExamples)
  addWatchFlags(command)
  addJobFlags(command).action(async (file: string) =>
    finish(await (await commands()).runCommand(file, command.opts())),
  )
}

function addWatchFlags(command: Command): void {
  command
    .option('--report <file>', 'writes the outcome as JSON')
    .option(
      '--dirty-file <file>',
      'where dirty records go (default: <job>.dirty.jsonl beside the job); of a pipeline with several jobs, <job>.<file>',
    )
    .addOption(
      new Option('--progress <style>', 'how to show progress')
        .choices(progressStyles)
        .default('auto'),
    )
}

function addReplay(program: Command, finish: (exitCode: number) => void): void {
  const command = program
    .command('replay <dirty-file>')
    .description('sends the rows of a dirty file again; lines that are done are not sent twice')
    .requiredOption('--job <file>', 'the job file that the rows come from')
    .option('--restart', 'sends every line again, also those that are done')
    .option(
      '--allow-duplicates',
      'goes on also where rows that were under way may be written twice, as into the lists of a cluster',
    )
  addWatchFlags(command)
  addJobFlags(command).action(async (file: string) =>
    finish(await (await commands()).replayCommand(file, command.opts())),
  )
}

function addStatus(program: Command, finish: (exitCode: number) => void): void {
  const command = program
    .command('status <job>')
    .description(
      'what the checkpoint of a job holds: splits done, records settled, who runs it, how its changes stand',
    )
    .option('--json', 'as JSON')
  addJobFlags(command).action(async (file: string) =>
    finish(await (await commands()).statusCommand(file, command.opts())),
  )
}

function addResync(program: Command, finish: (exitCode: number) => void): void {
  const command = program
    .command('resync <folder>')
    .description('has a table of a running pipeline read again, while its changes go on')
    .requiredOption(
      '--table <name>',
      'the table, with its schema where the name alone is not clear',
    )
  addJobFlags(command).action(async (file: string) =>
    finish(await (await commands()).resyncCommand(file, command.opts())),
  )
}

function addCheck(program: Command, finish: (exitCode: number) => void): void {
  const command = program
    .command('check <job>')
    .description(
      'reports every mistake in a job file or pipeline at once, as file:line:column; uses no network',
    )
    .option('--connect', 'also opens the connections and checks tables, columns and rights')
    .option('--strict', 'treats warnings as errors')
    .option('--snapshot-only', 'of a pipeline, with --connect: not what following changes takes')
  addJobFlags(command).action(async (file: string) =>
    finish(await (await commands()).checkCommand(file, command.opts())),
  )
}

function addPreview(program: Command, finish: (exitCode: number) => void): void {
  const command = program
    .command('preview [job]')
    .description(
      'prints the exact Redis commands for the first rows, as redis-cli reads them; writes nothing',
    )
    .option('--limit <rows>', 'rows to read (default: 5)', parseCount)
    .option('--job-file <file>', 'one job of an RDI pipeline alone, with --input')
    .option('--input <file>', 'JSON list of rows, or of change records, to try the job on')
    .addOption(
      new Option('--format <format>', 'one command a line, or arrays')
        .choices(['redis', 'json'])
        .default('redis'),
    )
  addJobFlags(command).action(async (file: string | undefined) =>
    finish(await (await commands()).previewCommand(file, command.opts())),
  )
}

function addInit(program: Command, finish: (exitCode: number) => void): void {
  const command = program
    .command('init <url>')
    .description('writes the folder of an RDI pipeline for the tables of a live database')
    .requiredOption('--db <kind>', 'kind of database: postgresql, mysql or mariadb')
    .option('--dir <folder>', 'where to write it', 'pipeline')
    .option(
      '--schema <name>',
      'schema (PostgreSQL) or database (MySQL); may be repeated',
      collectName,
      [],
    )
  addConnectionFlags(command).action(async (url: string) =>
    finish(await (await commands()).initCommand(url, command.opts())),
  )
}

function addPlugins(program: Command, finish: (exitCode: number) => void): void {
  const plugins = program.command('plugins').description('what is installed, and its parameters')
  plugins
    .command('list', { isDefault: true })
    .description('the installed plugins')
    .addOption(pluginOption())
    .action(async (flags: PluginsFlags) =>
      finish(await (await commands()).listPluginsCommand(flags)),
    )
  plugins
    .command('info <stepType>')
    .description('parameters of a plugin')
    .addOption(pluginOption())
    .action(async (stepType: string, flags: PluginsFlags) =>
      finish(await (await commands()).pluginInfoCommand(stepType, flags)),
    )
  plugins
    .command('schema <stepType>')
    .description('JSON Schema of the parameters')
    .addOption(pluginOption())
    .action(async (stepType: string, flags: PluginsFlags) =>
      finish(await (await commands()).pluginSchemaCommand(stepType, flags)),
    )
}

function addCreate(program: Command, finish: (exitCode: number) => void): void {
  const command = program
    .command('create')
    .description('writes a plugin package to start from: a reader or writer that passes the suite')
    .addArgument(new Argument('<kind>', 'what the package holds').choices(pluginKinds))
    .argument('<name>', 'its stepType, such as acme; the package is millrace-<kind>-<name>')
    .option('--dir <folder>', 'where to write it (default: the name of the package)')
    .addOption(
      new Option('--language <language>', 'language of the sources')
        .choices(pluginLanguages)
        .default('typescript'),
    )
  command.action(async (kind: PluginKind, name: string) =>
    finish((await commands()).createCommand(kind, name, command.opts())),
  )
}

function version(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  const { version: found } = JSON.parse(text) as { version: string }
  return found
}
