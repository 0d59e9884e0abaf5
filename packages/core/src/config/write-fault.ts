import { accessSync, constants, statSync } from 'node:fs'
import { dirname } from 'node:path'

/** Why a file could not be written, made or appended to; `undefined` when it could. Nothing is written. */
export function writeFaultOf(file: string): string | undefined {
  try {
    const found = statSync(file, { throwIfNoEntry: false })
    if (found?.isDirectory() === true) return `${file} is a folder`
    if (found === undefined) accessSync(dirname(file), constants.W_OK | constants.X_OK)
    else accessSync(file, constants.W_OK)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
