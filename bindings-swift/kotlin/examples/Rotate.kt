// Rotate the keys: what was encrypted before is read as ever, and moves to the new version at leisure.

package fieldward.examples

import fieldward.KeyringConfig
import fieldward.Provider
import fieldward.Schema
import fieldward.Store
import kotlinx.coroutines.runBlocking

fun main(): Unit = runBlocking {
    val config = KeyringConfig("device-7", mapOf("primary" to Provider.generated()), Store.memory(), noPin = "an example in memory")
    val keyring = config.create()
    val patients = keyring.records(Schema.patient())
    fun patient(at: Int, ssn: String) = patients.encrypt(mapOf("patient_id" to "p-$at", "ssn" to ssn))
    val table = mutableListOf(patient(0, "999-41-1234"), patient(1, "999-41-5678"))
    val before = keyring.status().currentVersion

    keyring.rotateImmediately() // `rotate()` takes over after a day, when other processes know the key
    for ((at, row) in table.withIndex()) {
        if (patients.needsRotation(row)) table[at] = patients.reencrypt(row).record
    }

    println("version $before, then ${keyring.status().currentVersion}")
    println("to move ${table.count(patients::needsRotation)} of ${table.size}")
    println("read ${patients.decrypt(table[1])["ssn"]}")
    keyring.close()
}
