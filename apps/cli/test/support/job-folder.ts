import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { stringify } from 'yaml'
import type { JobReport } from '@millrace/core'

const bin = fileURLToPath(new URL('../../bin/millrace.js', import.meta.url))
const compiled = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

/** What a finished `millrace` left behind. */
export interface CommandResult {
  /** Null when a signal ended it that it did not handle. */
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

/** {@link CommandResult} of `millrace run`, with the object that `--report` wrote. */
export interface RunResult extends CommandResult {
  /** Undefined when the command ended before it looked at the job: it then writes none. */
  readonly report: JobReport | undefined
}

/** A `millrace` that is still going. */
export interface RunningCommand {
  readonly child: ChildProcessByStdio<null, Readable, Readable>
  readonly ended: Promise<CommandResult>
}

/** How a command is started. */
export interface CommandOptions {
  /** Flags after the job file. */
  readonly flags?: readonly string[]
  /** Added to the environment; undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>
}

/** What `run` starts with, besides {@link CommandOptions}. */
export interface RunOptions extends CommandOptions {
  /** File name of the job, in the folder. Default `job.json`. */
  readonly file?: string
}

/** A temporary folder with a job file and its data sources, in which commands run. */
export class JobFolder {
  readonly path: string
  readonly #children = new Set<RunningCommand['child']>()

  constructor(path: string) {
    this.path = path
  }

  /** Absolute path of a file in the folder. */
  pathOf(name: string): string {
    return join(this.path, name)
  }

  /** Writes a file; anything but text is written as JSON. */
  write(name: string, content: unknown): string {
    const text = typeof content === 'string' ? content : JSON.stringify(content, null, 2)
    writeFileSync(this.pathOf(name), text)
    return this.pathOf(name)
  }

  exists(name: string): boolean {
    return existsSync(this.pathOf(name))
  }

  read(name: string): string {
    return readFileSync(this.pathOf(name), 'utf8')
  }

  /** The lines of a JSON lines file, parsed. */
  readLines(name: string): Record<string, unknown>[] {
    return this.read(name)
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  }

  /** Writes the job and runs it with `--report`. */
  async run(job: unknown, options: RunOptions = {}): Promise<RunResult> {
    const running = this.startRun(job, options)
    return { ...(await running.ended), report: this.report() }
  }

  /** As `run`, without waiting for the end; read the report with `report` then. */
  startRun(job: unknown, options: RunOptions = {}): RunningCommand {
    const { file = 'job.json', flags = [], ...rest } = options
    const path = this.write(file, job)
    rmSync(this.pathOf('report.json'), { force: true })
    return this.start(
      ['run', path, '--report', this.pathOf('report.json'), '--progress', 'none', ...flags],
      rest,
    )
  }

  /** What the last run wrote to `--report`. */
  report(): JobReport | undefined {
    if (!this.exists('report.json')) return undefined
    return JSON.parse(this.read('report.json')) as JobReport
  }

  /** Writes the job and checks it. */
  async check(job: unknown, options: RunOptions = {}): Promise<CommandResult> {
    const path = this.write(options.file ?? 'job.json', job)
    return await this.millrace(['check', path, ...(options.flags ?? [])], options)
  }

  /** Writes the job and previews it. */
  async preview(job: unknown, options: RunOptions = {}): Promise<CommandResult> {
    const path = this.write(options.file ?? 'job.json', job)
    return await this.millrace(['preview', path, ...(options.flags ?? [])], options)
  }

  /** Runs `millrace` with these arguments to its end. */
  async millrace(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    return await this.start(args, options).ended
  }

  /** Starts `millrace` in the folder. */
  start(args: readonly string[], options: CommandOptions = {}): RunningCommand {
    if (!existsSync(compiled)) {
      throw new Error(
        `${compiled} is missing: these tests run the built command. Run: npm run build`,
      )
    }
    const env = { ...process.env, NO_COLOR: '1', ...options.env }
    const child = spawn(process.execPath, [bin, ...args], {
      cwd: this.path,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#children.add(child)
    child.on('close', () => this.#children.delete(child))
    const output = { stdout: '', stderr: '' }
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text))
    const ended = new Promise<CommandResult>((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (exitCode) => resolve({ exitCode, ...output }))
    })
    return { child, ended }
  }

  /** Kills what is still going, and removes the folder. */
  remove(): void {
    for (const child of this.#children) child.kill('SIGKILL')
    rmSync(this.path, { recursive: true, force: true })
  }
}

/** Makes a folder with these data sources; the caller removes it with `remove`. */
export function makeJobFolder(dataSources: Readonly<Record<string, unknown>>): JobFolder {
  const path = mkdtempSync(join(tmpdir(), 'millrace-cli-'))
  const folder = new JobFolder(path)
  folder.write('datasources.yaml', stringify({ datasources: dataSources }))
  return folder
}
