// The few tasks a user has: encrypt a record, search, rotate, a provider of one's own, a key file.

import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { FilePin, FileStore, Keyring, LocalKeyProvider, Schema } from 'fieldward'

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'clinic-'))
const keyFile = path.join(folder, 'root.key')
const options = (provider) => ({
  id: 'clinic', providers: { primary: provider }, store: new FileStore(path.join(folder, 'keys')), pin: new FilePin(path.join(folder, 'pins'))
})

// A key file, and a keyring in a directory.
const made = await Keyring.create(options(LocalKeyProvider.createFile(keyFile)))
made.close()
const keyring = await Keyring.open(options(LocalKeyProvider.fromFile(keyFile)))

// Encrypt a record.
const patients = keyring.records(Schema.patient())
const table = ['999-41-1234', '999-41-5678'].map((ssn, at) => patients.encrypt({ patient_id: `p-${at}`, ssn, ward: 3 }))
console.log('stored', table[0].ssn.length, 'bytes; read', patients.decrypt(table[0]))

// Search.
const query = patients.query('ssn', 'exact', '999 41 5678')
console.log('found', table.filter((row) => query.tokens.some((token) => token.equals(row[query.column]))).map((row) => row.patient_id))

// Rotate, and move what is there.
await keyring.rotate({ activateImmediately: true })
const moved = table.map((row) => patients.needsRotation(row) ? patients.reencrypt(row) : row)
console.log('moved', moved.filter((row) => !patients.needsRotation(row)).length)

// A provider of one's own.
const key = randomBytes(32)
await keyring.addProvider('own', {
  kind: 'own',
  keyName: 'key-1',
  wrap (secret, { data }) {
    const nonce = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(data)
    return Buffer.concat([nonce, cipher.update(secret), cipher.final(), cipher.getAuthTag()])
  },
  unwrap (wrapped, { data }) {
    const cipher = createDecipheriv('aes-256-gcm', key, wrapped.subarray(0, 12)).setAAD(data).setAuthTag(wrapped.subarray(-16))
    return Buffer.concat([cipher.update(wrapped.subarray(12, -16)), cipher.final()])
  }
})
console.log('providers', (await keyring.status()).providers.map(({ name }) => name))

keyring.close()
fs.rmSync(folder, { recursive: true })
