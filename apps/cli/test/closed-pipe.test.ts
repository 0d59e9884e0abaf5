import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const bin = fileURLToPath(new URL('../bin/millrace.js', import.meta.url))

test.each(['--help', 'plugins list'])(
  'a reader of %s that leaves early causes no stack trace',
  async (command) => {
    const line = `"${process.execPath}" "${bin}" ${command} | true`
    const { stderr } = await promisify(execFile)('sh', ['-c', line])
    expect(stderr).toBe('')
  },
)
