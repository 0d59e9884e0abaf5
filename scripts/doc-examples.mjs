// Compiles the code in the doc comments of the plugin contract and in the pages for authors of plugins: an example that does not
// fit the contract any more is worse than none. Needs a build.
import { collectExamples } from './doc-examples/collect-examples.mjs'
import { compileExamples } from './doc-examples/compile-examples.mjs'
import { root } from './workspace/prepare.mjs'

const places = [
  'packages/core/src/plugin',
  'packages/core/src/record',
  'packages/core/src/sql',
  'packages/core/README.md',
  'packages/testkit/src',
  'docs',
]
const modules = {
  '@millrace/core/plugin': 'packages/core/src/plugin/index.ts',
  '@millrace/core/record': 'packages/core/src/record/index.ts',
  '@millrace/core/sql': 'packages/core/src/sql/index.ts',
  '@millrace/testkit': 'packages/testkit/src/index.ts',
}

const examples = collectExamples(root, places)
const mistakes = compileExamples(root, examples, modules)
for (const mistake of mistakes) console.error(mistake)
if (examples.length === 0) console.error(`there is no example in ${places.join(', ')}`)
console.log(`${examples.length} examples compiled, ${mistakes.length} mistakes`)
process.exitCode = mistakes.length === 0 && examples.length > 0 ? 0 : 1
