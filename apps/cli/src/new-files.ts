import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { UsageError } from './job-options.ts'

/**
 * Writes all files or none: what is there is somebody's work.
 *
 * @param files text by path in the folder
 * @throws UsageError when one of them is there already
 */
export function writeNewFiles(folder: string, files: Readonly<Record<string, string>>): void {
  const paths = Object.entries(files).map(([name, text]) => ({ path: join(folder, name), text }))
  const taken = paths.find(({ path }) => existsSync(path))
  if (taken !== undefined)
    throw new UsageError(`${taken.path} is there already: name a new folder with --dir`)
  for (const { path, text } of paths) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
}
