#!/usr/bin/env node
import { existsSync, readFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'

// Batches are dropped as they come: a young generation that grew would only hold more of them, 30 MB in a long run, and an
// old one that may grow to a multiple of what lives in it fills with them, 12 MB more for ten times the rows.
setFlagsFromString('--semi-space-growth-factor=1')
setFlagsFromString('--heap-growing-percent=40')

const main = new URL('../dist/main.js', import.meta.url)

if (process.argv[2] === '--version' || process.argv[2] === '-V') {
  // Answered before anything is loaded: other tools call this often.
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  process.stdout.write(`${version}\n`)
} else if (existsSync(main)) {
  // Node 22 and later keep compiled code between runs, in the folder for temporary files.
  const { enableCompileCache } = await import('node:module')
  enableCompileCache?.()
  const { main: run } = await import(main.href)
  process.exitCode = await run(process.argv)
} else {
  process.stderr.write('millrace: this checkout is not built yet. Run: npm run build\n')
  process.exitCode = 2
}
