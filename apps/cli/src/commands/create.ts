import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, relative, sep } from 'node:path'
import { knownStepTypes } from '@millrace/core'
import { cliFolder, UsageError } from '../job-options.ts'
import { writeNewFiles } from '../new-files.ts'
import {
  fillTemplate,
  majorRange,
  nameMistake,
  packageNameOf,
  type PluginKind,
  type PluginLanguage,
  type PluginPackage,
} from '../plugin-package.ts'

export interface CreateFlags {
  readonly dir?: string
  readonly language: PluginLanguage
}

const templateEnding = '.template'
const templates = join(cliFolder, 'templates')

/**
 * `millrace create`: writes a package with a reader or writer of a sample, which passes the conformance suite. Returns the
 * exit code.
 */
export function createCommand(kind: PluginKind, name: string, flags: CreateFlags): number {
  const mistake = nameMistake(kind, name)
  if (mistake !== undefined) throw new UsageError(mistake)
  if (knownStepTypes(kind).includes(name))
    throw new UsageError(
      `"${name}" is a ${kind} of Millrace's own: a job could not tell the two apart`,
    )
  const folder = flags.dir ?? packageNameOf(kind, name)
  if (existsSync(folder) && readdirSync(folder).length > 0)
    throw new UsageError(`${folder} is not empty: name a new folder with --dir`)
  const files = filesOf(packageOf(kind, name, flags.language))
  writeNewFiles(folder, files)
  process.stdout.write(nextSteps(kind, folder, Object.keys(files)))
  return 0
}

function packageOf(kind: PluginKind, name: string, language: PluginLanguage): PluginPackage {
  const require = createRequire(import.meta.url)
  const own = JSON.parse(readFileSync(join(cliFolder, 'package.json'), 'utf8')) as Manifest
  const core = require('@millrace/core/package.json') as Manifest
  return {
    kind,
    name,
    language,
    coreRange: majorRange(core.version),
    cliRange: majorRange(own.version),
    node: own.engines.node,
  }
}

interface Manifest {
  readonly version: string
  readonly engines: { readonly node: string }
}

/** Text by path in the package. */
function filesOf(plugin: PluginPackage): Readonly<Record<string, string>> {
  const { kind, language } = plugin
  const folders = ['common', `${kind}/common`, `${kind}/${language}`]
  const files = folders.flatMap((folder) => templatesIn(join(templates, folder)))
  return Object.fromEntries(
    files
      .map(({ path, text }) => [path, fillTemplate(text, plugin)] as const)
      .sort(([left], [right]) => (left < right ? -1 : 1)),
  )
}

function templatesIn(folder: string): { path: string; text: string }[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(templateEnding))
    .map((entry) => {
      const file = join(entry.parentPath, entry.name)
      const path = relative(folder, file).split(sep).join('/').slice(0, -templateEnding.length)
      // npm leaves a file named .gitignore out of packages.
      return { path: path === 'gitignore' ? '.gitignore' : path, text: readFileSync(file, 'utf8') }
    })
}

function nextSteps(kind: PluginKind, folder: string, names: readonly string[]): string {
  const files = names.map((name) => `  ${join(folder, name)}`).join('\n')
  return `${files}\nNext:
  cd ${folder}
  npm install
  npm test                            the conformance suite
  npx millrace run sample/job.json    a job with it
Then put your own ${kind === 'reader' ? 'source' : 'target'} in the place of the sample. The guide:
  https://github.com/millrace/millrace/blob/main/docs/plugins/README.md
`
}
