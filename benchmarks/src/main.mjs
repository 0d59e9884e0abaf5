// `npm run bench`: Millrace against what a user would run instead, on private servers. See benchmarks/README.md.
import { prepareBuild, PrepareError } from '../../scripts/workspace/prepare.mjs'
import { OptionError, parseOptions, usage } from './bench-options.mjs'

const print = (/** @type {string} */ line) => console.log(line)

try {
  const options = parseOptions(process.argv.slice(2))
  if (options === undefined) print(usage)
  else {
    if (options.build) await prepareBuild(print)
    // The drivers are there only after the packages have been installed.
    const { runBench } = await import('./run-bench.mjs')
    process.exitCode = (await runBench(options, print)) ? 0 : 1
  }
} catch (error) {
  const expected = error instanceof OptionError || error instanceof PrepareError
  const { message, cause } = /** @type {Error} */ (error)
  console.error(
    expected ? message : cause instanceof Error ? `${message}: ${cause.message}` : error,
  )
  process.exitCode = expected ? 2 : 1
}
