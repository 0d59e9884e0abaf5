import { SqliteEngine } from './sqlite-engine.ts'
import type { SqliteExports } from './sqlite-exports.ts'

let loading: Promise<SqliteEngine> | undefined

/**
 * The SQLite of this process, loaded at the first call. It is always the one in WebAssembly, which calculates the same on every
 * Node and can reach neither files nor the network.
 */
export async function loadSqlite(): Promise<SqliteEngine> {
  loading ??= startSqlite()
  return await loading
}

async function startSqlite(): Promise<SqliteEngine> {
  const { default: initialize } = await import('@sqlite.org/sqlite-wasm')
  const { wasm } = await initialize()
  return new SqliteEngine({
    exports: wasm.exports as unknown as SqliteExports,
    memory: () => wasm.heap8u(),
    install: (handler) => wasm.installFunction('i(p)', handler),
  })
}
