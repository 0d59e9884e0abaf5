import { Option, type Command } from 'commander'
import { UsageError } from './job-options.ts'

const commands: readonly [usage: string, description: string][] = [
  ['init', 'writes an RDI folder from a live schema'],
  ['resync <folder>', 'backfills a table of a running pipeline'],
  ['create <kind> <name>', 'writes a plugin package to start from'],
]

const runFlags = ['--metrics <port>', '--snapshot-only', '--until-current']

/** Commands and flags that are part of the stable command line but not built yet: each answers so, with exit 2. */
export function addUnavailable(program: Command): void {
  for (const [usage, description] of commands) {
    const name = usage.split(' ')[0] ?? usage
    program
      .command(usage.replaceAll('<', '[').replaceAll('>', ']'), { hidden: true })
      .description(description)
      .allowUnknownOption()
      .allowExcessArguments()
      .action(() => {
        throw new UsageError(`millrace ${name} is not available yet (${description})`)
      })
  }
  const run = program.commands.find((command) => command.name() === 'run')
  for (const flag of runFlags) {
    const name = flag.split(' ')[0] ?? flag
    run?.addOption(
      new Option(flag, 'not available yet').hideHelp().argParser(() => {
        throw new UsageError(`${name} is not available yet`)
      }),
    )
    run?.on(`option:${name.slice(2)}`, () => {
      throw new UsageError(`${name} is not available yet`)
    })
  }
}
