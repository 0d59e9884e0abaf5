// Checks what no compiler looks at: that all packages are complete, alike and within their bounds. Prints every mistake.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkChangesets } from './packages/changeset-rules.mjs'
import { checkPackages } from './packages/package-rules.mjs'
import { readPackages } from './packages/workspace-packages.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const packages = readPackages(root)
const built = existsSync(join(root, 'packages/core/dist'))
const problems = [...checkPackages({ root, packages, built }), ...checkChangesets(root, packages)]

for (const problem of problems) console.error(problem)
console.log(
  problems.length === 0
    ? `${packages.length} packages checked`
    : `${packages.length} packages checked, ${problems.length} mistakes`,
)
process.exitCode = problems.length === 0 ? 0 : 1
