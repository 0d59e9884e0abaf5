// Runs beside a process that has started servers, in a session of its own, and outlives it by a moment: when the
// process ends in whatever way (kill -9 and Ctrl-C included), its end of this stdin closes, and the guardian stops
// what is still running and removes the folders. Lines on stdin: {"add": {pid, signal}}, {"gone": pid}, {"folder": path}.
import { rm } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { stopProcess } from './stop-process.mjs'

for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
  process.on(signal, () => {})

/** @type {Map<number, import('./stop-process.mjs').Stoppable>} */
const running = new Map()
/** @type {string[]} */
const folders = []

for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line)
  if (message.add) running.set(message.add.pid, message.add)
  if (message.gone) running.delete(message.gone)
  if (message.folder) folders.push(message.folder)
}

await Promise.all([...running.values()].map(stopProcess))
for (const folder of folders) {
  await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
}
