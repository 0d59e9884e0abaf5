import { Worker } from 'node:worker_threads'

/** Ends this process when a case blocks it: no timer of the test itself would fire then. */
export interface Watchdog extends Disposable {
  /** To be called at the start of every case, with the file that it is about. */
  feed(file: string): void
}

const limitMs = 60_000

const program = `
  const { writeSync } = require('node:fs')
  const { parentPort, workerData } = require('node:worker_threads')
  const files = []
  let isFed = true
  parentPort.on('message', (file) => {
    isFed = true
    files.push(file)
    files.splice(0, files.length - 5)
  })
  setInterval(() => {
    if (!isFed) {
      writeSync(2, 'one of the last cases has blocked the process: ' + files.join(', ') + '\\n')
      process.kill(process.pid, 'SIGKILL')
    }
    isFed = false
  }, workerData)
`

export function startWatchdog(): Watchdog {
  const worker = new Worker(program, { eval: true, workerData: limitMs })
  worker.unref()
  return {
    feed: (file) => worker.postMessage(file),
    [Symbol.dispose]: () => void worker.terminate(),
  }
}
