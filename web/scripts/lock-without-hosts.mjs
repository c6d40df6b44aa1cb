// Finishes package-lock.json so that `npm ci` takes it on any machine and from any mirror:
// the registry's addresses go (integrity still fixes every byte of what was seen here), and the optional binaries of
// platforms this mirror does not carry are named again, since npm leaves out what it could not see and then
// `npm ci` refuses the lock. Those entries carry version and platform, no integrity.
import { readFileSync, writeFileSync } from 'node:fs'

const OS = /(android|darwin|freebsd|linux|openbsd|openharmony|win32)/
const CPU = /(arm64|arm|ia32|loong64|ppc64|riscv64|s390x|x64)/

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'))

for (const entry of Object.values(lock.packages)) {
  delete entry.resolved
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const os = OS.exec(name)?.[1]
    const cpu = CPU.exec(name)?.[1]
    if (!os || !cpu || !/^\d+\.\d+\.\d+/.test(version)) continue
    lock.packages[`node_modules/${name}`] ??= {
      version,
      os: [os],
      cpu: [cpu],
      ...(name.includes('musl') && { libc: ['musl'] }),
      ...(entry.dev && { dev: true }),
      optional: true,
    }
  }
}

lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)))
writeFileSync('package-lock.json', `${JSON.stringify(lock, null, 2)}\n`)
