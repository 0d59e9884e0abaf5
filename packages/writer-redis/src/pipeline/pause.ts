/** Waits; rejects with the reason of the signal when that is aborted. */
export async function pause(pauseMs: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  await new Promise<void>((resolve, reject) => {
    const finish = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', finish)
      if (signal.aborted) reject(signal.reason as Error)
      else resolve()
    }
    const timer = setTimeout(finish, pauseMs)
    signal.addEventListener('abort', finish, { once: true })
  })
}
