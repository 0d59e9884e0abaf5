import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { customerChunks, customerColumns } from '../customers.mjs'

const rowsPerWrite = 10_000

/**
 * A file with the commands of the main job as the Redis protocol has them: what is left of the work when there is no
 * database and nothing to encode.
 *
 * @param {number} rows
 * @returns {{path: string, remove: () => void}}
 */
export function makeReadyFile(rows) {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-resp-'))
  const path = join(folder, 'commands.resp')
  const file = openSync(path, 'w')
  try {
    for (const chunk of customerChunks(rows, rowsPerWrite))
      writeSync(file, chunk.map(commandOf).join(''))
  } finally {
    closeSync(file)
  }
  return { path, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

/** @param {import('../customers.mjs').Customer} customer */
function commandOf([id, ...values]) {
  const fields = values.flatMap((value, index) => [customerColumns[index + 1] ?? '', value])
  const parts = ['HSET', `customer:${id}`, ...fields]
  return `*${parts.length}\r\n${parts.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`).join('')}`
}
