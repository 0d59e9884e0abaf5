import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { cliFolder } from '../job-options.ts'

/** `millrace demo`: the main job on data it makes itself. Works in a checkout; says so elsewhere. */
export async function demoCommand(): Promise<number> {
  const script = join(cliFolder, '../../scripts/demo.mjs')
  if (!existsSync(script)) {
    process.stderr.write(
      'millrace: the demo starts private servers with scripts that only a checkout of the repository has.\n' +
        '  Clone it and run: npm run demo\n',
    )
    return 2
  }
  const child = spawn(process.execPath, [script], { stdio: 'inherit' })
  return await new Promise((resolve) => {
    child.on('error', () => resolve(1))
    child.on('exit', (code) => resolve(code ?? 1))
  })
}
