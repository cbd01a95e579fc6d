// Rotate: a new key encrypts from now on, everything is read and found as before, and rows move when there is time.

import { Keyring, LocalKeyProvider, MemoryStore, Schema } from 'fieldward'

const keyring = await Keyring.create({
  id: 'clinic', providers: { primary: LocalKeyProvider.generate() }, store: new MemoryStore(), noPin: 'an example in memory'
})
const patients = keyring.records(Schema.patient())
let table = ['999-41-1234', '999-41-5678'].map((ssn, at) => patients.encrypt({ patient_id: `p-${at}`, ssn }))
const before = table[1].ssn_exact

// without `activateImmediately` it takes over after a day, when every process knows it
console.log('version', await keyring.rotate({ activateImmediately: true }))
table.push(patients.encrypt({ patient_id: 'p-2', ssn: '123-45-6789' }))
console.log('to move', table.filter((row) => patients.needsRotation(row)).length, 'of', table.length)

table = table.map((row) => patients.needsRotation(row) ? patients.reencrypt(row) : row)
console.log('to move', table.filter((row) => patients.needsRotation(row)).length, 'of', table.length)
console.log(`read ${patients.decrypt(table[1]).ssn}; index value ${before.equals(table[1].ssn_exact) ? 'the same' : 'another'}`)

keyring.close()
