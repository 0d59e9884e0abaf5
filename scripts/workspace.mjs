// What `npm run <command>` calls. It needs nothing but Node and npm: it installs and builds what is missing first.
import { join } from 'node:path'
import { prepareBuild, prepareInstall, PrepareError, root } from './workspace/prepare.mjs'
import { runNode } from './workspace/run-command.mjs'
import { testAll, testFaults, testNightly } from './workspace/test-commands.mjs'

const print = (/** @type {string} */ line) => console.log(line)
const [command = '', ...args] = process.argv.slice(2)

/** @type {Readonly<Record<string, () => Promise<number>>>} */
const commands = {
  build: async () => {
    await prepareBuild(print)
    print(`built: node ${join(root, 'apps/cli/bin/millrace.js')} --help`)
    return 0
  },
  test: () => testAll(args, print),
  'test:faults': () => testFaults(args, print),
  'test:nightly': () => testNightly(args, print),
  'test:matrix': () => runScript('scripts/matrix.mjs'),
  rehearsal: async () => {
    await prepareInstall(print)
    return runScript('scripts/rehearsal.mjs')
  },
  demo: () => runScript('scripts/demo.mjs'),
}

/** @param {string} script */
async function runScript(script) {
  const { code } = await runNode(join(root, script), args, { cwd: process.cwd(), show: true })
  return code
}

const run = Object.hasOwn(commands, command) ? commands[command] : undefined
if (run === undefined) {
  console.error(`unknown command "${command}"; known are ${Object.keys(commands).join(', ')}`)
  process.exit(2)
}
try {
  process.exitCode = await run()
} catch (error) {
  if (!(error instanceof PrepareError)) throw error
  console.error(error.message)
  // Whoever counts tests must not take a run that never began for a good one.
  if (command.startsWith('test') && !process.env['MILLRACE_TEST_COUNTS'])
    print('0 passed, 1 failed')
  process.exitCode = 1
}
