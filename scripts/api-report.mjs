// Writes what the entry points for authors of plugins export, as text, into packages/core/api: a change of the public surface is
// then seen in a diff. `--check` compares instead and fails when a file is not what is exported. Needs a build.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { publicSurfaces } from './api-report/public-surface.mjs'
import { root } from './workspace/prepare.mjs'

const entryPoints = ['plugin', 'record', 'sql', 'dialect']
const core = join(root, 'packages/core')
const reports = join(core, 'api')

const surfaces = publicSurfaces(
  entryPoints.map((name) => ({
    name: `@millrace/core/${name}`,
    file: join(core, 'dist', name, 'index.d.ts'),
  })),
  join(core, 'dist'),
)
const isCheck = process.argv.includes('--check')
mkdirSync(reports, { recursive: true })
/** @type {string[]} */
const stale = []
for (const [name, text] of surfaces) {
  const file = join(reports, `${name.split('/').at(-1)}.txt`)
  if (!isCheck) writeFileSync(file, text)
  else if (readCurrent(file) !== text) stale.push(name)
}
if (stale.length > 0) {
  console.error(
    `${stale.join(', ')} exports something else than packages/core/api says. Run npm run api-report, and look at the diff: what a plugin could use before has to stay (docs/plugin-api.md).`,
  )
  process.exitCode = 1
}

/** @param {string} file */
function readCurrent(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
