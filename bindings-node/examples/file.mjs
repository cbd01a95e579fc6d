// A file, of up to 16 MiB: a value like any other, bound to its record.

import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { Keyring, LocalKeyProvider, MemoryStore, Schema } from 'fieldward'

const keyring = await Keyring.create({
  id: 'clinic', providers: { primary: LocalKeyProvider.generate() }, store: new MemoryStore(), noPin: 'an example in memory'
})
const schema = Schema.fromJson(JSON.stringify({
  format: 'fieldward-schema', version: 1, table: 'letters', record_id: [{ path: 'id', type: 'text' }],
  fields: [{ id: 'scan', type: 'bytes', mode: 'randomized' }]
}))
const scan = keyring.field(schema, 'scan')

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'clinic-'))
const [plain, sealed] = ['letter.pdf', 'letter.sealed'].map((name) => path.join(folder, name))
fs.writeFileSync(plain, Buffer.alloc(1_000_000, '%PDF-1.7 '))

fs.writeFileSync(sealed, scan.encrypt(fs.readFileSync(plain), 'letter-1'))
console.log(fs.statSync(plain).size, 'bytes; encrypted', fs.statSync(sealed).size)
console.log('read', scan.decrypt(fs.readFileSync(sealed), 'letter-1').equals(fs.readFileSync(plain)) ? 'the same' : 'another')
try {
  scan.decrypt(fs.readFileSync(sealed), 'letter-2')
} catch (error) {
  console.log('as another letter:', error.code)
}

keyring.close()
fs.rmSync(folder, { recursive: true })
