// Search encrypted fields: equality, and the last four characters, whose rows are confirmed.

package fieldward.examples

import fieldward.KeyringConfig
import fieldward.Provider
import fieldward.Schema
import fieldward.Store
import fieldward.Value
import kotlinx.coroutines.runBlocking

fun main(): Unit = runBlocking {
    val config = KeyringConfig("device-7", mapOf("primary" to Provider.generated()), Store.memory(), noPin = "an example in memory")
    val keyring = config.create()
    val patients = keyring.records(Schema.patient())
    val people = listOf("123-45-6789", "999-41-1234", "999-42-6789").mapIndexed { at, ssn -> mapOf("patient_id" to "p-$at", "ssn" to ssn) }
    val table = patients.encryptMany(people)

    val query = patients.query("ssn", "exact", Value.Text("999 41 1234"))
    // SELECT ... WHERE ssn_exact = token: found with or without dashes
    val token = query.tokens.single().column as ByteArray

    val found = table.filter { (it[query.column] as ByteArray).contentEquals(token) }
    println("exact ${found.joinToString(" ") { it["patient_id"] as String }}")

    val lastFour = Value.Text("6789")
    val short = patients.query("ssn", "last4", lastFour)
    val candidates = table.filter { (it[short.column] as ByteArray).contentEquals(short.tokens.single().column as ByteArray) }
    val confirmed = candidates.filter { patients.matches("ssn", "last4", lastFour, it) }
    println("last four ${confirmed.joinToString(" ") { it["patient_id"] as String }}")
    keyring.close()
}
