/**
 * The last document on disk, so that an application starts with flags when no relay is there. A file is replaced whole
 * or not at all, whatever happens to the process or the machine meanwhile. Needs `node:fs`, hence a subpath of its own.
 */
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { SnapshotStore } from './snapshot-store.ts'

/** Keeps the document in `file`, whose folder is made if need be. One file per environment and key. */
export function diskStore(file: string): SnapshotStore {
  if (typeof file !== 'string' || file === '') throw new TypeError('file: must be a path')
  return {
    async load() {
      try {
        return await readFile(file)
      } catch (error) {
        if (isMissing(error)) return undefined
        throw error
      }
    },
    async save(document) {
      await mkdir(dirname(file), { recursive: true })
      const temporary = `${file}.${process.pid}-${Math.random().toString(36).slice(2)}.tmp`
      try {
        await write(temporary, document)
        await rename(temporary, file)
      } catch (error) {
        await rm(temporary, { force: true })
        throw error
      }
      await syncFolder(dirname(file))
    },
  }
}

/** For `bootstrap`: reads a document from a file, for example one that `curl …/v1/document` made at build time. */
export function fromFile(file: string): () => Promise<Uint8Array> {
  return () => readFile(file)
}

/** Readable by the owner alone: documents name customers in their targeting. */
async function write(file: string, content: Uint8Array): Promise<void> {
  const handle = await open(file, 'wx', 0o600)
  try {
    await handle.writeFile(content)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Only then is the new name on disk, too. Where folders cannot be opened, the system does that by itself. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined)
  try {
    await handle?.sync().catch(() => undefined)
  } finally {
    await handle?.close()
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
