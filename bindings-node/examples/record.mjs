// Encrypt a record: sensitive fields become bytes for the database, with index columns beside them, and come back as they were.

import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { FilePin, FileStore, Keyring, LocalKeyProvider, Schema } from 'fieldward'

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'clinic-'))
const keyring = await Keyring.create({ // once; Keyring.open and LocalKeyProvider.fromFile from then on
  id: 'clinic',
  providers: { primary: LocalKeyProvider.createFile(path.join(folder, 'root.key')) },
  store: new FileStore(path.join(folder, 'keys')),
  pin: new FilePin(path.join(folder, 'pins'))
})

const patients = keyring.records(Schema.patient())
const row = patients.encrypt({ patient_id: 'p-7', ssn: '999-41-1234', email: 'a@example.org', ward: 3 })
console.log('columns', Object.keys(row).join(' '))
console.log('ssn', row.ssn.length, 'bytes; ward', row.ward)
console.log('read', JSON.stringify(patients.decrypt(row)))

keyring.close()
fs.rmSync(folder, { recursive: true })
